import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from abstain.curve.intervals import (
    log_interval,
    logit_interval,
    normal_quantile,
    skewed_interval,
    skewed_p_value,
    t_quantile,
)
from abstain.curve.moments import Moments


def test_the_interval_on_the_log_scale_as_worked_by_hand():
    # exp(1.959964·0.01 / 0.1) = 1.21652: from 0.1 / 1.21652 to 0.1·1.21652.
    assert log_interval(0.1, 0.01, 1.959964) == pytest.approx((0.0822018, 0.121652), rel=1e-5)
    assert log_interval(0.1, 0.0, 2.0) is log_interval(0.0, 0.0, 2.0) is None
    assert log_interval(1e-9, 1.0, 2.0) == (0.0, np.inf)


def test_the_interval_on_the_scale_of_log_odds_as_worked_by_hand():
    # Odds 4 and a half width of 1.644854·0.016 / (0.8·0.2) = 0.1644854 in their logarithm: odds 3.39333 and 4.71514.
    assert logit_interval(0.8, 0.016, 1.644854) == pytest.approx((3.39333 / 4.39333, 4.71514 / 5.71514), rel=1e-5)
    assert logit_interval(0.0, 0.1, 2.0) is logit_interval(1.0, 0.1, 2.0) is logit_interval(0.5, 0.0, 2.0) is None


def moments(values):
    return Moments.of_values(np.asarray(values, float) - np.mean(values), len(values), 1.0)


def test_the_quantiles_are_those_of_the_normal_and_of_student_s_law():
    assert normal_quantile(0.95) == pytest.approx(1.959964)
    found = moments([0.0, 1.0] * 5)  # of equal size: as many degrees of freedom as there are
    assert found.effective_number == pytest.approx(10)
    assert t_quantile(0.9, found) == pytest.approx(stats.t(10).ppf(0.95))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sign", [1, -1])
def test_hall_s_interval_holds_what_his_transformation_does_not_reject(seed, sign):
    found = moments(sign * np.random.default_rng(seed).exponential(size=60))
    c, error, law = found.skewness, found.standard_error, stats.t(found.effective_number)
    assert sign * c > 0.05

    def transformed(value):
        t = (0.3 - value) / error
        return t + c * t**2 / 3 + c**2 * t**3 / 27 + c / 6

    for level in (0.5, 0.95, 0.99):
        low, high = skewed_interval(0.3, found, level)
        quantile = law.ppf((1 + level) / 2)
        assert low == pytest.approx(brentq(lambda v, q=quantile: transformed(v) - q, -50, 50))
        assert high == pytest.approx(brentq(lambda v, q=quantile: transformed(v) + q, -50, 50))
        assert sign * (high + low - 0.6) > 0, "longer on the side of the long tail"
    assert skewed_p_value(0.3, found) == pytest.approx(2 * law.cdf(-abs(transformed(0.0))))


def test_without_skewness_it_is_student_s_interval():
    found = moments([-1.0, 1.0] * 20)
    half = t_quantile(0.95, found) * found.standard_error
    assert skewed_interval(0.5, found, 0.95) == pytest.approx((0.5 - half, 0.5 + half))
    t = 0.5 / found.standard_error
    assert skewed_p_value(0.5, found) == pytest.approx(2 * stats.t(40).sf(t))


def test_a_small_skewness_meets_the_series_without_a_step():
    values = np.tile([-1.0, 1.0], 500)
    ends = []
    for last in (1.0, 1.0 + 1e-6, 1.001):
        found = moments(np.append(values, [last, -1.0]))
        ends.append(skewed_interval(0.0, found, 0.95))
    assert ends[0] == pytest.approx(ends[1], abs=1e-6) and ends[1] == pytest.approx(ends[2], abs=1e-3)


def test_where_nothing_varies_there_is_none():
    nothing = Moments.of_values(np.zeros(50), 50, 1.0)
    assert skewed_interval(0.1, nothing, 0.95) is skewed_p_value(0.1, nothing) is None
