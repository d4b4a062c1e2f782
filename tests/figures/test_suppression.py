import numpy as np
import pytest

from abstain import InputError
from abstain.figures import Suppression, suppression_figure
from abstain.report.pictures import figure_bytes


def test_marks_are_measured_and_lines_predicted():
    ls = Suppression([0.5, 0.1], [0.11, 0.2], [0.09, 0.18], [0.13, 0.22], [0.1, 0.18])
    figure = suppression_figure({"LS 0.2": ls})
    (axes,) = figure.axes
    predicted = next(line for line in axes.get_lines() if line.get_label() == "LS 0.2, predicted")
    assert predicted.get_xdata().tolist() == [10, 50] and predicted.get_ydata().tolist() == [0.18, 0.1]
    marks, _, (bars,) = axes.containers[0]
    assert marks.get_ydata().tolist() == [0.11, 0.2] and marks.get_xdata().tolist() == [50, 10]
    assert np.allclose([bar[:, 1] for bar in bars.get_segments()], [[0.09, 0.13], [0.18, 0.22]])
    assert figure_bytes(figure) and ls.to_dict()["low"] == [0.09, 0.18]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ([[0.1], [0.1, 0.2], [0.1], [0.1], [0.1]], "unequal shapes"),
        ([[0.1], [np.nan], [0.1], [0.1], [0.1]], "measured holds NaN"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays, message):
    with pytest.raises(InputError, match=message):
        Suppression(*arrays)


def test_there_has_to_be_something_to_draw():
    with pytest.raises(InputError, match="nothing to draw"):
        suppression_figure({})
