import numpy as np
import pytest
import yaml
from kept_recipes import keep
from matplotlib.colors import to_hex


@pytest.fixture
def drawn(program, tmp_path):
    for data_set in ("a", "b"):
        keep(tmp_path, data_set, 0)
        keep(tmp_path, data_set, 1)
        keep(tmp_path, data_set, 0, label_smoothing_factor=0.2)
    keep(tmp_path, "b", 0, sam_rho=0.1)
    data_sets = program("recipe_runs").read_recipes(tmp_path)
    return data_sets, program("recipe_figure").recipe_figure(data_sets)


def marks_of(axes):
    """(shape, colour, filled) -> where it stands."""
    lines = [line for line in axes.lines if line.get_marker() in "osv^D"]
    look = [(line.get_marker(), to_hex(line.get_color()), line.get_markerfacecolor() != "white") for line in lines]
    return {one: np.array(line.get_xydata()[0]) for one, line in zip(look, lines, strict=True)}


def test_each_recipe_has_a_shape_of_its_own_and_cross_entropy_is_black(drawn):
    data_sets, figure = drawn
    panels = {axes.get_title(): marks_of(axes) for axes in figure.axes}
    assert {title: len(marks) for title, marks in panels.items()} == {"a": 4, "b": 6}, "filled and empty ones"
    plain = data_sets["a"][0]
    place = panels["a"]["o", "#000000", True]
    assert place == pytest.approx([100 * plain.values("risk").mean(), 100 * plain.values("aurc").mean()])
    assert panels["a"]["o", "#000000", False] == pytest.approx([place[0], place[1] / 2])
    assert {shape for shape, _, _ in panels["b"]} == {"o", "s", "^"}
    assert {look for look in panels["a"] if look[0] == "s"} <= set(panels["b"]), "the same recipe looks the same"


def test_arrows_lead_to_the_repaired_value_and_the_legend_names_all_recipes(drawn):
    data_sets, figure = drawn
    for axes in figure.axes:
        arrows = [text for text in axes.texts if text.arrow_patch is not None]
        assert len(arrows) == len(data_sets[axes.get_title()])
        for arrow in arrows:
            assert arrow.xy[1] == pytest.approx(arrow.xyann[1] / 2)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["CE", "LS 0.2", "SAM 0.1"]


def test_a_recipe_far_out_is_named_beside_the_marks(program, tmp_path):
    keep(tmp_path, "a", 0)
    keep(tmp_path, "a", 0, label_smoothing_factor=0.2)
    keep(tmp_path, "a", 0, damage=50.0, sam_rho=0.1)
    figure, data_sets = program("recipe_figure"), program("recipe_runs").read_recipes(tmp_path)
    (far,) = figure.far_out(data_sets["a"])
    axes = figure.recipe_figure(data_sets).axes[0]
    assert far.name == "SAM 0.1" and len(marks_of(axes)) == 4
    said = f"outside: SAM 0.1, error {100 * far.values('risk').mean():.1f} %, AURC"
    assert any(text.get_text().startswith(said) for text in axes.texts)
    assert figure.far_out(data_sets["a"][1:]) == [], "without cross-entropy there is nothing to be far from"


def test_the_recipes_of_all_grids_have_shapes_of_their_own(program, root):
    figure, recipe = program("recipe_figure"), program("recipe_runs").Recipe
    grids = [yaml.safe_load(path.read_text()) for path in (root / "training_scripts" / "grids").glob("*.yaml")]
    styles = figure.styles_of({"a": [recipe(name, {}) for grid in grids for name in grid["recipes"]]})
    assert len(styles) > 15 and len({str(style["marker"]) for style in styles.values()}) == len(styles)


def test_a_panel_without_data_is_not_drawn(program, tmp_path):
    for data_set in ("a", "b", "c"):
        keep(tmp_path, data_set, 0)
    figure = program("recipe_figure").recipe_figure(program("recipe_runs").read_recipes(tmp_path))
    assert [axes.get_title() for axes in figure.axes if axes.axison] == ["a", "b", "c"]


def test_more_recipes_than_shapes_still_differ(program):
    figure = program("recipe_figure")
    recipe = program("recipe_runs").Recipe
    styles = figure.styles_of({"a": [recipe(f"r{number}", {}) for number in range(30)]})
    assert len({(style["marker"], style["color"]) for style in styles.values()}) == 30
