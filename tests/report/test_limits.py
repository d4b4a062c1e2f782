import numpy as np
import pytest

from abstain import risk_coverage_curve
from abstain.report.limits import INSET, risk_limit, zoom_region


def curve_of(error):
    """The curve of samples in this order, the most confident first."""
    return risk_coverage_curve(-np.arange(len(error)), error)


def rising(n_samples=2000, *, tail=300):
    """One in a hundred of the confident samples is wrong, and all of the last ones."""
    error = np.arange(n_samples) % 100 == 99
    error[-tail:] = True
    return curve_of(error)


def test_the_axis_ends_above_the_curve_and_follows_it_closely():
    curve = rising()
    top, highest = risk_limit([curve], level=0.95), 100 * curve.risk[-1]
    assert highest < top < 1.25 * highest
    assert risk_limit([curve, rising(tail=600)], level=0.95) > 30


def test_the_first_few_samples_do_not_rule_the_axis():
    error = np.arange(2000) >= 1900
    spike = error.copy()
    spike[0] = True
    plain, with_spike = (risk_limit([curve_of(e)], level=0.95) for e in (error, spike))
    assert with_spike == pytest.approx(plain, rel=0.1)


def test_all_correct_shows_what_is_still_possible_and_all_wrong_the_whole():
    # None of 400 and of 800 is wrong: 1 - 0.025^(1/400) = 0.92 % at half coverage.
    assert risk_limit([curve_of(np.zeros(800))], level=0.95) == pytest.approx(1.08 * 0.918, rel=1e-2)
    assert 100 < risk_limit([curve_of(np.ones(800))], level=0.95) < 110


def test_the_inset_enlarges_the_low_risks():
    curve = rising()
    top = risk_limit([curve], level=0.95)
    left, right, risk = zoom_region([curve], top)
    assert (left, risk) == (0, top / 8)
    inside = curve.coverage <= right / 100
    assert 100 * curve.risk[inside].max() < risk, "it shows the whole curve of its coverages"
    assert right == 80 and curve.risk[curve.coverage >= 0.9].min() > risk / 100


def test_the_inset_begins_where_the_errors_do():
    error = np.zeros(2000)
    error[1260:1680:10] = 1  # 42 errors between 63 % and 84 % of the samples
    error[-300:] = 1
    left, right, _ = zoom_region([curve_of(error)], 20)
    assert (left, right) == (60, 80)


def few_errors():
    error = np.zeros(800)
    error[[500, 620, 700, 740, 760, 780, 790, 799]] = 1
    return curve_of(error)


def test_of_few_errors_that_come_late_the_inset_enlarges_all():
    curve = few_errors()  # of 501 samples 1 is wrong, of all 800 8: 1 %
    assert zoom_region([curve], risk_limit([curve], level=0.95)) == (60, 100, pytest.approx(1.08))
    # The last 10 of 50 are wrong: the line rises from 80 % on.
    assert zoom_region([curve_of(np.arange(50) >= 40)], 40) == (80, 100, pytest.approx(21.6))
    # In threes that tie, the first with an error ends at 80 %, and the line to it rises from 77 % on.
    assert zoom_region([risk_coverage_curve(-(np.arange(90) // 3), np.arange(90) >= 71)], 60)[0] == 70


NO_INSET = {
    "early errors, nine or fewer": curve_of(np.isin(np.arange(800), [100, 500, 700])),
    "all correct": curve_of(np.zeros(800)),
    "all wrong": curve_of(np.ones(800)),
    "a risk that does not depend on coverage": curve_of(np.arange(2000) % 5 == 0),
    "ties": risk_coverage_curve(-(np.arange(2000) // 400), np.arange(2000) >= 1700),
    "errors at the end alone": curve_of(np.arange(100_000) >= 99_800),
}


@pytest.mark.parametrize("curve", NO_INSET.values(), ids=NO_INSET)
def test_no_inset_where_it_would_be_empty_or_needless(curve):
    assert zoom_region([curve], risk_limit([curve], level=0.95)) is None


def test_no_inset_that_would_hide_a_curve():
    curve = rising()
    top = risk_limit([curve], level=0.95)
    flat = curve_of(np.arange(2000) % 10 == 0)  # at 10 % risk, behind where the inset of the other would be
    assert zoom_region([curve], top) and 10 > INSET[1] * top
    assert zoom_region([curve, flat], top) is None
