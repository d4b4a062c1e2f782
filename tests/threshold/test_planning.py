import math
import re
import time

import numpy as np
import pytest
import threshold_oracle

from abstain import InputError, NoThresholdError, samples_needed, select_threshold
from abstain.threshold.bounds import MAX_RANKS
from abstain.threshold.planning import ENOUGH_AT_MOST, advice, expected_risk, samples_enough

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
    # The advice of draws too small differs, as the drawn errors do; their median finds a threshold in half of new
    # draws of that size or more, and an eighth of it in few.
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
    assert 0.5 <= share_found(int(advised)) <= 1
    assert share_found(int(advised) // 8) <= 0.15


def test_errors_only_are_not_mended_by_more_samples():
    assert advice_of(np.arange(100), np.ones(100), 0.1).endswith("more samples like these do not help")


def test_more_samples_help_where_any_rank_is_below_the_target():
    # Of the first 500, 3 are wrong (0.6 %), and of all 1,000 there are 11 (1.1 %), eight of them just after the 500th.
    # The bound is lowest for all of them, which can never meet 1 %; with more samples the first half would.
    error = np.isin(np.arange(1000), [100, 200, 300, *range(500, 508)])
    for method in ("union", "split_fixed_sequence"):
        assert "samples like these would be enough" in advice_of(np.arange(1000)[::-1], error, 0.01, method=method)


def test_a_risk_next_to_the_target_is_said_in_place_of_millions_of_samples():
    # 20 of 100 accepted, one wrong: 0.05 against 0.0501 would need millions.
    assert samples_enough(np.array([1]), np.array([20]), 100, 0.0501, DELTA) > 10**6
    words, enough = advice(np.array([1]), np.array([20]), 100, 0.0501, level=DELTA)
    assert words == "the risk of 0.05 at a coverage of 0.2 is too near the target: ask for a higher one" and not enough


def test_a_few_right_answers_tell_only_the_least_number():
    # Of 10 samples 2 are accepted and right: 0.95^59 <= 0.05 < 0.95^58 of a fifth, with two digits; half of all tune.
    words, enough = advice(np.array([0]), np.array([2]), 10, 0.05, level=DELTA, in_all=2)
    assert (
        words == "these are too few to tell how many would be enough, which at a coverage of 0.2 is 590 at least"
        and not enough
    )


def test_the_number_that_is_said_has_two_digits_and_is_that_of_the_error():
    errors, accepted = np.array([0]), np.array([50])
    exact = samples_enough(errors, accepted, 50, 0.05, DELTA / MAX_RANKS)
    words, enough = advice(errors, accepted, 50, 0.05, level=DELTA / MAX_RANKS)
    assert 0 <= enough - exact < 10 ** (len(str(exact)) - 2)
    assert words == f"about {enough:,} samples like these would be enough"
    with pytest.raises(NoThresholdError) as raised:
        select_threshold(np.arange(50), np.zeros(50), 0.05, DELTA, method="union")
    assert raised.value.n_enough == enough and words in str(raised.value)


def test_those_that_tune_are_among_the_samples_in_all():
    # a fifth tunes: 1.25 times those that are tested; of 60 beside 40 it is 2.5 times
    of_test = samples_enough(np.array([0]), np.array([50]), 50, 0.02, DELTA, deviations=0.84)
    with pytest.raises(NoThresholdError, match="samples like these would be enough in all") as raised:
        select_threshold(np.arange(50), np.zeros(50), 0.02, DELTA)
    assert raised.value.n_enough == pytest.approx(1.25 * of_test, rel=0.1)
    of_test = samples_enough(np.array([0]), np.array([100]), 100, 0.02, DELTA, deviations=0.84)
    with pytest.raises(NoThresholdError, match=r"on 40 samples is sure .* the first that 60 others propose") as raised:
        select_threshold(np.arange(40), np.zeros(40), 0.02, DELTA, tuning=(np.arange(60), np.zeros(60)))
    assert raised.value.n_enough == pytest.approx(2.5 * of_test, rel=0.1)


@pytest.mark.parametrize("method", ["split_fixed_sequence", "union", "sgr"])
def test_a_stricter_target_never_takes_fewer_samples(method):
    rng = np.random.default_rng(1)

    def enough(confidence, error, target):
        try:
            select_threshold(confidence, error, target, DELTA, method=method)
        except NoThresholdError as raised:
            return raised.n_enough or np.inf
        return None  # one is found, by luck perhaps also where none is for an easier target

    several = 0
    for _ in range(60):
        n = int(rng.integers(5, 400))
        u = rng.random(n).round(int(rng.integers(1, 4)))
        error = rng.random(n) < rng.random() * (1 - u) ** rng.uniform(0, 3)
        found = (enough(u, error, target) for target in (0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01))
        numbers = [number for number in found if number is not None]
        assert numbers == sorted(numbers)
        several += len({number for number in numbers if number < np.inf}) > 1
    assert several > 20


def test_what_is_enough_for_one_percent_is_enough_for_two():
    # The first threshold that the tuning part proposes had 2 of 100 wrong, the best rank none of 60: by the first alone
    # 2 % would take more than 1 %, for which that first one does not count.
    error = np.isin(np.arange(200), [70, 80, *range(100, 140)])
    numbers = []
    for target in (0.02, 0.01):
        with pytest.raises(NoThresholdError) as raised:
            select_threshold(np.arange(200)[::-1], error, target, DELTA)
        numbers.append(raised.value.n_enough)
    assert numbers[0] <= numbers[1]


@pytest.mark.parametrize(("errors", "accepted", "target"), [(1, 100, 0.05), (4, 100, 0.1), (10, 1000, 0.02)])
def test_the_number_is_the_first_at_which_the_bound_meets_the_target(errors, accepted, target):
    enough = samples_enough(np.array([errors]), np.array([accepted]), accepted, target, DELTA)
    risk = (errors + 1) / (accepted + 1 / target)  # one error more, at the target's rate
    more, fewer = round(1.05 * enough), round(0.95 * enough)
    assert threshold_oracle.clopper_pearson_upper(math.floor(more * risk), more, DELTA) <= target
    assert threshold_oracle.clopper_pearson_upper(math.ceil(fewer * risk), fewer, DELTA) > target


def test_at_half_of_the_coverage_twice_as_many_are_needed():
    whole, half = (samples_enough(np.zeros(1), np.array([50]), n, 0.05, DELTA) for n in (50, 100))
    assert half == pytest.approx(2 * whole, rel=1e-3, abs=3)


def test_the_risk_to_plan_with_is_below_the_target_where_the_one_seen_is():
    # (0 + 1) / (50 + 100), (1 + 1) / (300 + 100)
    assert expected_risk(np.array([0, 1]), np.array([50, 300]), 0.01) == pytest.approx([1 / 150, 1 / 200])
    assert expected_risk(np.array([3]), np.array([300]), 0.01) == pytest.approx([0.01])


def test_of_several_ranks_the_one_that_needs_fewest_counts():
    both = samples_enough(np.array([0, 9]), np.array([50, 100]), 100, 0.1, DELTA)
    assert both == samples_enough(np.array([0]), np.array([50]), 100, 0.1, DELTA)


def test_of_a_million_ranks_some_tell_as_much():
    rng = np.random.default_rng(0)
    accepted = np.arange(1, 10**6 + 1)
    errors = np.cumsum(rng.random(10**6) < 0.0095)
    everything = min(
        samples_enough(errors[start : start + 1000], accepted[start : start + 1000], 10**6, 0.01, 1e-9)
        for start in range(900_000, 10**6, 1000)
    )
    before = time.perf_counter()
    found = samples_enough(errors, accepted, 10**6, 0.01, 1e-9)
    assert time.perf_counter() - before < 2
    assert found == pytest.approx(everything, rel=0.02)


@pytest.mark.parametrize("errors", [np.array([100]), np.array([10]), np.array([])])
def test_no_number_is_enough_for_a_risk_at_or_above_the_target(errors):
    assert samples_enough(errors, np.full(len(errors), 100), 100, 0.1, DELTA) is None
    assert ENOUGH_AT_MOST == 10**9


# --- before anything is labelled ------------------------------------------------------------------------------------


def power_of(accepted, target_risk, level, expected_risk):
    """P(the test is passed) of so many accepted samples."""
    passing = [k for k in range(accepted) if threshold_oracle.binomial_cdf(k, accepted, target_risk) <= level]
    return threshold_oracle.binomial_cdf(passing[-1], accepted, expected_risk) if passing else 0.0


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
