import numpy as np
import pytest


@pytest.fixture(scope="module")
def figure(program):
    return program("mechanism_figure")


def recipes(names):
    bins = {
        "error_probability": [0.05, 0.5],
        "measured": [2.0, 1.0],
        "low": [1.5, 0.5],
        "high": [2.5, 1.5],
        "predicted": [0.2, 0.1],
    }
    by_seed = {"gradient": [0.2, 0.2], "at equal MSP": [0.1, 0.3], "failure AUROC": [0.02, 0.04]}
    return {name: {"bins": bins, "by seed": by_seed} for name in names}


def test_the_shape_is_drawn_as_near_to_the_marks_as_a_factor_of_at_least_0_brings_it(figure):
    assert figure.nearest_factor(np.array([0.2, 0.1]), np.array([2.0, 1.0])) == pytest.approx(10)
    assert figure.nearest_factor(np.array([0.2, 0.1]), np.array([-2.0, -1.0])) == 0
    assert figure.nearest_factor(np.zeros(2), np.ones(2)) == 0


def test_every_recipe_has_a_panel_with_its_marks_and_the_predicted_shape(figure):
    drawn = figure.suppression_figure(recipes(["LS 0.1", "LS 0.2", "MaxSup 0.2", "SAM 0.1", "EMA 0.99"]))
    panels = [axes for axes in drawn.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == ["LS 0.1", "LS 0.2", "MaxSup 0.2", "SAM 0.1", "EMA 0.99"]
    lines = {line.get_label(): line for line in panels[0].lines}
    assert lines["gradient of the loss, scaled"].get_ydata() == pytest.approx([2, 1])
    assert [text.get_text() for text in drawn.legends[0].get_texts()][-1] == "measured"


def test_each_recipe_is_a_mark_at_its_means_in_both_panels(figure):
    drawn = figure.ranks_figure(recipes(["LS 0.1", "MaxSup 0.2"]))
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["LS 0.1", "MaxSup 0.2"]
    for axes, x in zip(drawn.axes, (0.2, 0.2), strict=True):
        place = axes.containers[0][0].get_xydata()[0]
        assert place == pytest.approx([x, 3.0])
