import math
import time

import numpy as np
import pytest
from scipy import stats

from abstain import InputError, risk_coverage_curve
from abstain._threads import SLICE_LENGTH

Z = 1.959964


def mid_p(n_wrong, n, risk):
    law = stats.binom(n, risk)
    return law.sf(n_wrong) + law.pmf(n_wrong) / 2


def by_a_walk(error, target_risk):
    """The interval from a test at every number accepted, one by one; `error` is most confident first."""
    n, wrong = len(error), np.cumsum(error)
    p = np.array([mid_p(wrong[i], i + 1, target_risk) for i in range(n)])
    below = max([0, *(np.flatnonzero(1 - p <= 0.025) + 1)])
    not_above = max([0, *(np.flatnonzero(p > 0.025) + 1)])
    found = max([0, *(np.flatnonzero(wrong <= target_risk * np.arange(1, n + 1)) + 1)])
    below, not_above, found = below / n, not_above / n, found / n
    low = found - math.hypot(found - below, Z * math.sqrt(below * (1 - below) / n)) if below else 0.0
    return max(low, 0.0), min(
        found + math.hypot(not_above - found, Z * math.sqrt(not_above * (1 - not_above) / n)), 1.0
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_samples", [30, 3000])
@pytest.mark.parametrize("target_risk", [0.01, 0.05, 0.2])
def test_it_is_that_of_a_test_at_every_number_accepted(n_samples, seed, target_risk):
    rng = np.random.default_rng(seed)
    confidence = np.arange(n_samples)[::-1]
    error = rng.random(n_samples) < 0.6 * (1 - confidence / n_samples) ** 2
    curve = risk_coverage_curve(confidence, error)
    found = curve.coverage_at_risk_interval(target_risk)
    assert found == pytest.approx(by_a_walk(error, target_risk), abs=1e-6)
    assert found[0] <= curve.coverage_at_risk(target_risk) <= found[1]


def test_four_samples_as_worked_by_hand():
    # Right, right, right, wrong, at a risk of 1/2 and a level of 50 %. p = P(more wrong) + P(as many)/2: of 3 accepted
    # 7/8 + 1/16 = 15/16, of 4 accepted 11/16 + 2/16 = 13/16. Clearly below are those with p >= 3/4: 4 of 4, which are
    # not clearly above either. So the interval is that of everything, whose number does not vary.
    curve = risk_coverage_curve([4, 3, 2, 1], [0, 0, 0, 1])
    assert curve.coverage_at_risk_interval(0.5, 0.5) == (1.0, 1.0)
    # At 1/4: of 3 accepted 37/64 + 27/128 = 0.789, which is clear; of 4 accepted 0.262 + 0.211 = 0.473, which is not.
    low, high = curve.coverage_at_risk_interval(0.25, 0.5)
    assert low == pytest.approx(1 - math.hypot(0.25, 0.6744898 * math.sqrt(0.75 * 0.25 / 4))) and high == 1.0


@pytest.mark.parametrize("levels", [5, 20])
def test_thresholds_inside_a_tie_cannot_be_the_answer(levels):
    rng = np.random.default_rng(0)
    confidence = np.floor(levels * rng.random(2000)) / levels
    curve = risk_coverage_curve(confidence, rng.random(2000) < 0.4 * (1 - confidence))
    low, high = curve.coverage_at_risk_interval(0.1)
    assert low < curve.coverage_at_risk(0.1) < high


def test_intervals_of_a_few_levels_cover_the_truth():
    # Ten levels with e(u) = 0.1·(u of the level's middle)·2: R(0.5) = 0.05 exactly, and R(0.6) = 0.06.
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(1000):
        level = rng.integers(0, 10, 2000)
        error = rng.random(2000) < 0.2 * (level + 0.5) / 10
        low, high = risk_coverage_curve(-level, error).coverage_at_risk_interval(0.052)
        covered += low <= 0.5 <= high
    assert covered >= 929


def test_a_higher_level_is_a_wider_interval():
    rng = np.random.default_rng(0)
    curve = risk_coverage_curve(rng.random(200), rng.random(200) < 0.2)
    (low, high), (lower, higher) = curve.coverage_at_risk_interval(0.2, 0.5), curve.coverage_at_risk_interval(0.2, 0.99)
    assert 0 <= lower <= low <= high <= higher <= 1


def test_what_a_few_samples_cannot_tell_is_left_open():
    assert risk_coverage_curve([1, 2, 2], [0, 0, 0]).coverage_at_risk_interval(0.01) == (0.0, 1.0)
    assert risk_coverage_curve([1, 2, 2], [1, 1, 1]).coverage_at_risk_interval(0.01) == (0.0, 0.0)
    assert risk_coverage_curve([1, 2, 2], [1, 1, 1]).coverage_at_risk_interval(1.0) == (1.0, 1.0)
    many = risk_coverage_curve(np.arange(1000), np.zeros(1000))
    assert many.coverage_at_risk_interval(0.01) == (1.0, 1.0)
    assert many.coverage_at_risk_interval(0.0) == (0.0, 1.0), "no number without an error shows that there is none"


@pytest.mark.parametrize(("rate", "target_risk"), [(0.1, 0.01), (0.1, 0.05), (0.4, 0.05)])
def test_95_percent_intervals_cover_the_truth_where_a_percentile_bootstrap_did_in_5_to_90_percent(rate, target_risk):
    # e(u) = 2·rate·u at the place u of the confidence: R(c) = rate·c, so the coverage at risk r is r / rate. 1000 draws
    # know 95 % to 0.7 points: 92.9 % is three of them.
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(1000):
        u = rng.random(200)
        low, high = risk_coverage_curve(1 - u, rng.random(200) < 2 * rate * u).coverage_at_risk_interval(target_risk)
        covered += low <= target_risk / rate <= high
    assert covered >= 929


def test_many_errors_take_a_moment_each_not_minutes():
    n_samples = 8 * SLICE_LENGTH
    rng = np.random.default_rng(0)
    u = rng.random(n_samples)
    curve = risk_coverage_curve(1 - u, rng.random(n_samples) < 0.4 * u)
    start = time.process_time()
    low, high = curve.coverage_at_risk_interval(0.05)
    assert time.process_time() - start < 2
    assert low < 0.25 < high and high - low < 0.01


def test_bad_arguments_are_refused():
    with pytest.raises(InputError, match="needs 0/1 errors"):
        risk_coverage_curve([1, 2], [0.5, 2.0]).coverage_at_risk_interval(0.1)
    with pytest.raises(InputError, match="target_risk is 2"):
        risk_coverage_curve([1, 2], [0, 1]).coverage_at_risk_interval(2)
