import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from abstain.report.curve_legend import draw_legend, make_room_for_legends
from abstain.report.pictures import new_figure


def drawn(labels, **intervals):
    figure = new_figure(5.4, 4.8)
    axes = figure.subplots()
    for label in labels:
        axes.plot([0, 100], [0, 10], label=label)
    axes.set(xlabel="coverage (%)")
    draw_legend(axes, **intervals)
    make_room_for_legends(figure)
    figure.draw_without_rendering()
    return figure, axes, axes.get_legend()


@pytest.mark.parametrize("n", range(1, 7))
@pytest.mark.parametrize(
    "name", ["CE", "resnet20_cifar10_a0.1_s0, p-norm, p = 2", "an organisation/" + 9 * "long_name_"]
)
def test_the_legend_is_whole_and_the_axes_keep_their_size(n, name):
    figure, axes, legend = drawn([f"{name} {i}" for i in range(n)], bands=["black"])
    box, panel = legend.get_window_extent(), axes.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.width and box.y0 >= 0 and box.y1 < panel.y0
    assert panel.width > 0.8 * figure.bbox.width and panel.height / figure.dpi > 3.2
    words = " ".join(text.get_text() for text in legend.get_texts())
    assert all(f"{name} {i}".replace(" ", "") in "".join(words.split()) for i in range(n)), "nothing is left out"


def test_short_names_stand_in_two_columns_and_long_ones_in_one():
    assert drawn(["CE, MSP", "LS, MSP"])[2]._ncols == 2
    assert drawn(["a model of a long name, MSP", "another model of a long name, MSP"])[2]._ncols == 1
    assert drawn(["MSP"], bands=["black"])[2]._ncols == 1


def test_intervals_have_the_colours_and_the_kind_that_are_drawn():
    _, _, legend = drawn(["a", "b"], bands=["black", "red"], level=0.9)
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b", "MSP: 90 % interval, pointwise"]
    assert [to_rgb(patch.get_facecolor()) for patch in legend.findobj(Rectangle)] == [to_rgb("black"), to_rgb("red")]
    _, _, legend = drawn(["a"], bars=["black"])
    assert not legend.get_patches() and legend.get_lines()[-1].get_marker() == "|", "no band where none is drawn"
    _, _, legend = drawn(["a", "b"], bands=["black"], bars=["red"])
    assert [text.get_text() for text in legend.get_texts()][2:] == [
        "MSP: 95 % interval, pointwise",
        "MSP: 95 % interval, pointwise (bars)",
    ]
    assert len(drawn(["a"])[2].get_texts()) == 1


def test_a_figure_without_a_legend_keeps_its_height():
    figure = new_figure(5, 4)
    figure.subplots()
    make_room_for_legends(figure)
    assert np.isclose(figure.get_figheight(), 4)
