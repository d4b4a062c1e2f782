def test_each_data_set_has_a_panel_and_each_run_a_mark(program):
    figure_of = program("diagnosis_figure").diagnosis_figure

    def run(data_set, truth, correlation, effect=0.3):
        told = {"data_set": data_set, "truth": truth, "classes": 10, "spread_correlation": correlation}
        return told | {"standardized_effect": effect}

    runs = [run("a", "plain", 0.5), run("a", "smoothed", -0.5), run("b", "plain", 0.4), run("b", "plain", None, None)]
    first, second, third = figure_of(runs).axes
    places = [[offset.tolist() for offset in marks.get_offsets()] for marks in first.collections]
    assert places == [[[0.5, 0.3]], [[-0.5, 0.3]], []]
    assert first.get_title() == "a, 10 classes" and len(second.collections[0].get_offsets()) == 1
    assert not third.axison
