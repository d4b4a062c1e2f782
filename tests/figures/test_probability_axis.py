import numpy as np
import pytest
from scipy.special import expit

from abstain.figures.probability_axis import APART, show_probabilities
from abstain.report.pictures import new_figure


@pytest.mark.parametrize(
    ("low", "high"), [(-2, 2), (-7, 3), (0.5, 45), (2.2, 2.4), (-1.5, 12), (-5.5, -4.7), (4.7, 4.9)]
)
def test_ticks_stand_where_the_probability_is_that_and_apart(low, high):
    axes = new_figure(3, 2).subplots()
    axes.plot([low, high], [0, 0])
    show_probabilities(axes)
    places, texts = axes.get_xticks(), [label.get_text() for label in axes.get_xticklabels()]
    span = np.ptp(axes.get_xlim())
    assert (np.diff(places) >= APART * span - 1e-9).all()
    for place, text in zip(places, texts, strict=True):
        if text.endswith("%"):
            assert expit(place) == pytest.approx(float(text.removesuffix(" %")) / 100, rel=1e-9)
        else:
            exponent = int(text.removeprefix("1 − 10").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
            assert expit(-place) == pytest.approx(10.0**exponent, rel=1e-6)
    assert axes.get_xlabel() == "MSP" and len(places) >= 2


def test_nines_are_written_out():
    axes = new_figure(3, 2).subplots()
    axes.plot([0, 9], [0, 0])
    show_probabilities(axes)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["50 %", "90 %", "99 %", "99.9 %", "99.99 %"]
