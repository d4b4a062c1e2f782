import math
import re

import numpy as np
import oracle
import pytest

from abstain import NoThresholdError, select_threshold
from abstain.threshold.bounds import MAX_RANKS
from abstain.threshold.planning import ENOUGH_AT_MOST, advice, samples_enough

DELTA = 0.05


def advice_of(confidence, error, target_risk, delta=DELTA):
    with pytest.raises(NoThresholdError) as raised:
        select_threshold(confidence, error, target_risk, delta)
    return str(raised.value)


def number_advised(message):
    match = re.search(r"about ([\d,]+) samples", message)
    return int(match[1].replace(",", "")) if match else np.inf


def test_the_number_of_samples_that_is_advised_is_about_enough():
    # The advice of 40 draws too small differs, as the drawn errors do; their median finds a threshold in about half of
    # new draws of that size, and a quarter of it in almost none.
    rng = np.random.default_rng(0)

    def draw(n):
        u = rng.random(n)
        return u, rng.random(n) < 0.2 * (1 - u)

    def share_found(n):
        found = 0
        for _ in range(50):
            try:
                select_threshold(*draw(n), 0.05, DELTA)
                found += 1
            except NoThresholdError:
                pass
        return found / 50

    advised = np.median([number_advised(advice_of(*draw(200), 0.05)) for _ in range(40)])
    assert share_found(int(advised)) >= 0.3
    assert share_found(int(advised) // 4) <= 0.1


def test_errors_only_are_not_mended_by_more_samples():
    assert advice_of(np.arange(100), np.ones(100), 0.1).endswith("more samples like these do not help")


def test_more_samples_help_where_any_rank_is_below_the_target():
    # Of the first 500, 3 are wrong (0.6 %), and of all 1,000 there are 11 (1.1 %), eight of them just after the 500th.
    # The bound is lowest for all of them, which can never meet 1 %; with more samples the first half would.
    error = np.isin(np.arange(1000), [100, 200, 300, *range(500, 508)])
    assert "samples like these would be enough" in advice_of(np.arange(1000)[::-1], error, 0.01)


def test_a_risk_next_to_the_target_is_said_in_place_of_millions_of_samples():
    # 20 of 100 accepted, one wrong: 0.05 against 0.0501 would need millions.
    assert samples_enough(np.array([1]), np.array([20]), 100, 0.0501, DELTA) > 10**6
    words, enough = advice(np.array([1]), np.array([20]), 100, 0.0501, DELTA)
    assert words == "the risk of 0.05 at a coverage of 0.2 is too near the target: ask for a higher one" and not enough


def test_the_number_that_is_said_has_two_digits_and_is_that_of_the_error():
    words, enough = advice(np.array([0]), np.array([50]), 50, 0.01, DELTA)
    assert enough == 680 and words == "about 680 samples like these would be enough"  # ln(0.05/46) / ln(0.99) = 679
    with pytest.raises(NoThresholdError) as raised:
        select_threshold(np.arange(50), np.zeros(50), 0.01, DELTA)
    assert raised.value.n_enough == 680 and words in str(raised.value)


def test_enough_without_an_error_as_worked_by_hand():
    # All accepted, none wrong: (1 - r)^(N + 1) <= delta/J, the bound of the interpolated beta distribution less one.
    exact = np.log(DELTA / MAX_RANKS) / np.log(1 - 0.01)
    found = samples_enough(np.zeros(1), np.array([50]), 50, 0.01, DELTA)
    assert found == pytest.approx(exact, rel=1e-3, abs=2)
    # At half of the coverage twice as many samples are needed for as many accepted.
    assert samples_enough(np.zeros(1), np.array([25]), 50, 0.01, DELTA) == pytest.approx(2 * exact, rel=1e-3, abs=3)


@pytest.mark.parametrize(("errors", "accepted", "target"), [(1, 100, 0.05), (4, 100, 0.05), (10, 1000, 0.02)])
def test_the_number_is_the_first_at_which_the_bound_meets_the_target(errors, accepted, target):
    enough = samples_enough(np.array([errors]), np.array([accepted]), accepted, target, DELTA)
    more, fewer = round(1.02 * enough), round(0.98 * enough)
    at_most, at_least = math.floor(more * errors / accepted), math.ceil(fewer * errors / accepted)
    assert oracle.clopper_pearson_upper(at_most, more, DELTA / MAX_RANKS) <= target
    assert oracle.clopper_pearson_upper(at_least, fewer, DELTA / MAX_RANKS) > target


def test_of_several_ranks_the_one_that_needs_fewest_counts():
    both = samples_enough(np.array([0, 9]), np.array([50, 100]), 100, 0.1, DELTA)
    assert both == samples_enough(np.array([0]), np.array([50]), 100, 0.1, DELTA)


@pytest.mark.parametrize("errors", [np.array([100]), np.array([10]), np.array([])])
def test_no_number_is_enough_for_a_risk_at_or_above_the_target(errors):
    assert samples_enough(errors, np.full(len(errors), 100), 100, 0.1, DELTA) is None
    assert ENOUGH_AT_MOST == 10**9
