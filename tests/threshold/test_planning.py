import math
import re

import numpy as np
import oracle
import pytest

from abstain import InputError, NoThresholdError, samples_needed, select_threshold
from abstain.threshold.bounds import MAX_RANKS
from abstain.threshold.planning import ENOUGH_AT_MOST, advice, samples_enough

DELTA = 0.05


def advice_of(confidence, error, target_risk, **how):
    with pytest.raises(NoThresholdError) as raised:
        select_threshold(confidence, error, target_risk, DELTA, **how)
    return str(raised.value)


def number_advised(message):
    match = re.search(r"about ([\d,]+) samples", message)
    return int(match[1].replace(",", "")) if match else np.inf


@pytest.mark.parametrize(("method", "n_now"), [("union", 200), ("split_fixed_sequence", 500)])
def test_the_number_of_samples_that_is_advised_is_about_enough(method, n_now):
    # The advice of draws too small differs, as the drawn errors do; their median finds a threshold in about half of
    # new draws of that size, and a quarter of it in few.
    rng = np.random.default_rng(0)

    def found_or_advised(n):
        u = rng.random(n)
        try:
            select_threshold(u, rng.random(n) < 0.2 * (1 - u), 0.05, DELTA, method=method)
        except NoThresholdError as error:
            return number_advised(str(error))
        return None

    def share_found(n):
        return np.mean([found_or_advised(n) is None for _ in range(50)])

    advised = np.median([n for n in (found_or_advised(n_now) for _ in range(50)) if n is not None])
    assert 0.3 <= share_found(int(advised)) <= 0.9
    assert share_found(int(advised) // 4) <= 0.15


def test_errors_only_are_not_mended_by_more_samples():
    assert advice_of(np.arange(100), np.ones(100), 0.1).endswith("more samples like these do not help")


def test_more_samples_help_where_any_rank_is_below_the_target():
    # Of the first 500, 3 are wrong (0.6 %), and of all 1,000 there are 11 (1.1 %), eight of them just after the 500th.
    # The bound is lowest for all of them, which can never meet 1 %; with more samples the first half would.
    error = np.isin(np.arange(1000), [100, 200, 300, *range(500, 508)])
    assert "samples like these would be enough" in advice_of(np.arange(1000)[::-1], error, 0.01, method="union")
    assert "samples like these would be enough" in advice_of(np.arange(1000)[::-1], error, 0.01)


def test_a_risk_next_to_the_target_is_said_in_place_of_millions_of_samples():
    # 20 of 100 accepted, one wrong: 0.05 against 0.0501 would need millions.
    assert samples_enough(np.array([1]), np.array([20]), 100, 0.0501, DELTA) > 10**6
    words, enough = advice(np.array([1]), np.array([20]), 100, 0.0501, level=DELTA)
    assert words == "the risk of 0.05 at a coverage of 0.2 is too near the target: ask for a higher one" and not enough


def test_the_number_that_is_said_has_two_digits_and_is_that_of_the_error():
    words, enough = advice(np.array([0]), np.array([50]), 50, 0.01, level=DELTA / MAX_RANKS)
    assert enough == 680 and words == "about 680 samples like these would be enough"  # ln(0.05/46) / ln(0.99) = 679
    with pytest.raises(NoThresholdError) as raised:
        select_threshold(np.arange(50), np.zeros(50), 0.01, DELTA, method="union")
    assert raised.value.n_enough == 680 and words in str(raised.value)


def test_those_that_tune_are_among_the_samples_in_all():
    # ln(0.05) / ln(0.99) = 298.1 are tested; 1.25 times that with a fifth to tune, 1 + 60/40 times it with 60 of 100.
    with pytest.raises(NoThresholdError, match="about 380 samples like these would be enough in all") as raised:
        select_threshold(np.arange(50), np.zeros(50), 0.01, DELTA)
    assert raised.value.n_enough == 380
    with pytest.raises(NoThresholdError, match=r"on 40 samples is sure .* the first that 60 others propose") as raised:
        select_threshold(np.arange(40), np.zeros(40), 0.01, DELTA, tuning=(np.arange(60), np.zeros(60)))
    assert raised.value.n_enough == 750


def test_enough_without_an_error_as_worked_by_hand():
    # All accepted, none wrong: (1 - r)^N <= level.
    exact = np.log(DELTA) / np.log(1 - 0.01)
    found = samples_enough(np.zeros(1), np.array([50]), 50, 0.01, DELTA)
    assert found == pytest.approx(exact, rel=1e-3, abs=2)
    # At half of the coverage twice as many samples are needed for as many accepted.
    assert samples_enough(np.zeros(1), np.array([25]), 50, 0.01, DELTA) == pytest.approx(2 * exact, rel=1e-3, abs=3)


@pytest.mark.parametrize(("errors", "accepted", "target"), [(1, 100, 0.05), (4, 100, 0.05), (10, 1000, 0.02)])
def test_the_number_is_the_first_at_which_the_bound_meets_the_target(errors, accepted, target):
    enough = samples_enough(np.array([errors]), np.array([accepted]), accepted, target, DELTA)
    more, fewer = round(1.02 * enough), round(0.98 * enough)
    at_most, at_least = math.floor(more * errors / accepted), math.ceil(fewer * errors / accepted)
    assert oracle.clopper_pearson_upper(at_most, more, DELTA) <= target
    assert oracle.clopper_pearson_upper(at_least, fewer, DELTA) > target


def test_of_several_ranks_the_one_that_needs_fewest_counts():
    both = samples_enough(np.array([0, 9]), np.array([50, 100]), 100, 0.1, DELTA)
    assert both == samples_enough(np.array([0]), np.array([50]), 100, 0.1, DELTA)


@pytest.mark.parametrize("errors", [np.array([100]), np.array([10]), np.array([])])
def test_no_number_is_enough_for_a_risk_at_or_above_the_target(errors):
    assert samples_enough(errors, np.full(len(errors), 100), 100, 0.1, DELTA) is None
    assert ENOUGH_AT_MOST == 10**9


# --- before anything is labelled ------------------------------------------------------------------------------------


def power_of(accepted, target_risk, level, expected_risk):
    """P(the test is passed) of so many accepted samples."""
    passing = [k for k in range(accepted) if oracle.binomial_cdf(k, accepted, target_risk) <= level]
    return oracle.binomial_cdf(passing[-1], accepted, expected_risk) if passing else 0.0


def test_the_samples_needed_without_an_error_as_worked_by_hand():
    # 0.95^59 = 0.0485 <= 0.05 < 0.95^58. All tested: 59; with a fifth to tune 74, since of 73 only 58 are tested.
    assert samples_needed(0.05, 0.05, coverage=1, expected_risk=0, tuning_share=0) == 59
    assert samples_needed(0.05, 0.05, coverage=1, expected_risk=0) == 74
    assert samples_needed(0.05, 0.05, coverage=1, expected_risk=0, tuning_share=0.5) == 118
    # at half of the coverage 118 are tested; of the union δ is shared by 46, and nothing tunes
    assert samples_needed(0.05, 0.05, coverage=0.5, expected_risk=0, tuning_share=0) == 118
    assert samples_needed(0.05, 0.05, coverage=1, expected_risk=0, method="union") == 134  # log(0.05/46, 0.95) = 133.04


@pytest.mark.parametrize(("target", "expected"), [(0.1, 0.05), (0.05, 0.01), (0.3, 0.2)])
@pytest.mark.parametrize("power", [0.5, 0.8])
def test_the_samples_needed_are_the_first_with_that_power(target, expected, power):
    n = samples_needed(target, 0.1, coverage=1, expected_risk=expected, power=power, tuning_share=0)
    assert power_of(n, target, 0.1, expected) >= power
    assert all(power_of(fewer, target, 0.1, expected) < power for fewer in range(1, n))


def test_a_threshold_of_about_that_coverage_is_found_with_about_that_power():
    # a risk of 0.2 (1 - u) at each u has the selective risk 0.1 c at coverage c
    n = samples_needed(0.08, 0.1, coverage=0.5, expected_risk=0.05)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(200):
        u = rng.random(n)
        try:
            found.append(select_threshold(u, rng.random(n) < 0.2 * (1 - u), 0.08, 0.1).coverage)
        except NoThresholdError:
            found.append(0.0)
    assert np.mean(np.array(found) > 0) >= 0.8 and np.mean(np.array(found) >= 0.45) >= 0.6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"expected_risk": 0.05}, "expected_risk is 0.05 and target_risk 0.05, but more samples do not help"),
        ({"expected_risk": 0.0499999}, "more than 1,000,000,000 samples would be needed: expected_risk is too near"),
        ({"coverage": 0}, "coverage is 0, but must be"),
        ({"power": 1}, "power is 1, but must be"),
        ({"tuning_share": 1}, "tuning_share is 1, but must be"),
        ({"method": "sgr"}, "unknown method 'sgr'"),
    ],
)
def test_what_cannot_be_planned_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        samples_needed(0.05, 0.05, **{"coverage": 0.8, "expected_risk": 0.02} | change)
