import math
from fractions import Fraction

import numpy as np
import pytest

import abstain
from abstain._threads import SLICE_LENGTH
from abstain.curve.error_blocks import ErrorBlocks, effective_number

# --- one error: a sum of 1/i ----------------------------------------------------------------------------------


def one_error(place, n_samples):
    """Σ R(i) of a single error at this place from the top: 1/place + ... + 1/N, a difference of harmonic numbers."""
    one = np.ones(1)
    return ErrorBlocks(np.array([place - 1]), np.array([place]), one, one).sum_of_risks(n_samples)


def test_sums_to_300_are_exact_to_the_last_digits():
    total = Fraction(0)
    for n in range(2, 301):
        total += Fraction(1, n)
        assert abs(Fraction(one_error(2, n)) / total - 1) <= Fraction(1, 10**15)


@pytest.mark.parametrize("n", [1_000, 99_999, 100_000])
def test_longer_sums_agree_with_one_rounded_once(n):
    assert one_error(1, n) == pytest.approx(math.fsum(1 / i for i in range(1, n + 1)), rel=3e-16, abs=0)


def test_sums_from_a_table_and_from_a_series_meet_without_a_step():
    found = [one_error(1, n) for n in range(200, 400)]  # the table ends at 255
    np.testing.assert_allclose(np.diff(found), 1 / np.arange(201, 400), rtol=0, atol=3e-15)


@pytest.mark.parametrize("n", [10**7, 10**12, 2**53])
def test_sums_of_huge_counts_grow_as_the_logarithm(n):
    # H(2n) - H(n) = log 2 - 1/4n + O(1/n²).
    assert one_error(1, 2 * n) - one_error(1, n) == pytest.approx(math.log(2) - 1 / (4 * n), abs=2e-14)


@pytest.mark.parametrize(("place", "n"), [(1, 300), (4, 10**5), (256, 257), (257, 257), (10**7, 10**7)])
def test_sums_from_small_to_large_numbers_are_exact_and_quiet(place, n):
    exact = math.fsum(1.0 / i for i in range(place, n + 1))
    assert one_error(place, n) == pytest.approx(exact, rel=1e-13, abs=0)


# --- the blocks -----------------------------------------------------------------------------------------------


def two_blocks():
    """Errors in confidence order: 0, then 1 and 0 tied, then 0, then 1 and 1 tied, then 0."""
    count = np.array([1.0, 2.0])
    return ErrorBlocks(np.array([1, 4]), np.array([3, 6]), count, count)


def test_sums_over_two_blocks_as_worked_by_hand():
    # R(1), ..., R(7) = 0, (1/2)/2, 1/3, 1/4, 2/5, 3/6, 3/7.
    blocks = two_blocks()
    assert blocks.total == 3
    assert blocks.error_after.tolist() == [1, 3]
    assert blocks.sum_of_risks(7) == pytest.approx(0 + 1 / 4 + 1 / 3 + 1 / 4 + 2 / 5 + 3 / 6 + 3 / 7, abs=1e-14)
    # Errors last: 0, 0, 0, 0, 1/5, 2/6, 3/7.
    assert blocks.optimal_sum_of_risks(7) == pytest.approx(1 / 5 + 2 / 6 + 3 / 7, abs=1e-14)
    assert blocks.sum_among(np.array([1, 3, 4, 6, 7])).tolist() == [0, 1, 1, 3, 3]


def test_pairs_of_two_blocks_as_worked_by_hand():
    # The first error has itself and its partner counting 1/2 each, and four samples below it: 5. The others have
    # themselves and each other: 1, and one below: 2. In all 5 + 2·2 = 9.
    # Correct above: for the first error 1 + 1/2; for each other 1 + 1 + 1 = 3. In all 1.5 + 6.
    blocks = two_blocks()
    assert blocks.sum_of_errors_times_below(7) == 9
    assert blocks.sum_of_correct_above(7) == 7.5


def test_the_most_accepted_at_a_risk_as_worked_by_hand():
    # Reachable: 1, 3, 4, 6 and 7 samples with risk 0, 1/3, 1/4, 3/6 and 3/7.
    blocks = two_blocks()
    assert [blocks.most_accepted(r, 7) for r in (0.0, 0.24, 0.25, 0.4, 3 / 7, 1.0)] == [1, 1, 4, 4, 7, 7]


def test_nothing_is_accepted_where_the_first_block_has_too_many_errors():
    blocks = ErrorBlocks(np.array([0]), np.array([2]), np.array([2.0]), np.array([2.0]))
    assert (blocks.most_accepted(0.6, 3), blocks.most_accepted(0.7, 3)) == (0, 3)  # 2/2, then 2/3


def test_real_losses_are_ordered_by_size_in_the_best_order():
    # Ascending 0, 1, 3: R = 0, 1/2, 4/3.
    blocks = ErrorBlocks(np.array([0]), np.array([3]), np.array([4.0]), np.array([2.0]), np.array([3.0, 1.0]))
    assert blocks.optimal_sum_of_risks(3) == pytest.approx(1 / 2 + 4 / 3, abs=1e-15)
    assert not blocks.all_equal(3)


def test_without_errors_every_sum_is_zero():
    none = np.empty(0)
    blocks = ErrorBlocks(none.astype(np.int64), none.astype(np.int64), none, none)
    sums = [blocks.total, blocks.sum_of_risks(5), blocks.optimal_sum_of_risks(5), blocks.sum_of_errors_times_below(5)]
    assert [*sums, blocks.sum_of_correct_above(5)] == [0, 0, 0, 0, 0]
    assert blocks.most_accepted(0.0, 5) == 5
    assert blocks.all_equal(5)


def test_the_effective_number_of_errors_as_worked_by_hand():
    assert two_blocks().effective_number == 3
    # (1 + 3)² / (1 + 9), whatever the unit
    for unit in (1.0, 1e-200, 1e75):
        losses = unit * np.array([1.0, 3.0])
        blocks = ErrorBlocks(np.array([0]), np.array([3]), losses.sum(keepdims=True), np.array([2.0]), losses)
        assert blocks.effective_number == pytest.approx(1.6)
    assert effective_number(np.zeros(3)) == effective_number(np.empty(0)) == 0


@pytest.mark.parametrize("levels", [None, 1000])
@pytest.mark.parametrize("where", ["anywhere", "last", "one last"])
def test_areas_of_many_samples_keep_their_digits(where, levels):
    # Differences of harmonic numbers must not cancel: a peer that adds R(i) one by one keeps 15 digits.
    n = 100_000
    rng = np.random.default_rng(0)
    error = {"anywhere": rng.random(n) < 0.1, "last": np.arange(n) >= 0.99 * n, "one last": np.arange(n) == n - 1}[
        where
    ]
    confidence = np.arange(n)[::-1] if levels is None else np.arange(n)[::-1] // (n // levels)
    size = 1 if levels is None else n // levels
    mean = error.reshape(-1, size).mean(axis=1)  # in each block
    before = np.repeat(np.cumsum(mean * size) - mean * size, size)
    within = np.tile(np.arange(1, size + 1), n // size) * np.repeat(mean, size)
    expected = math.fsum((before + within) / np.arange(1, n + 1)) / n
    assert abstain.aurc(confidence, error) == pytest.approx(expected, rel=1e-12, abs=0)
    best = math.fsum(np.cumsum(np.sort(error)) / np.arange(1, n + 1)) / n
    assert abstain.risk_coverage_curve(confidence, error).optimal_aurc() == pytest.approx(best, rel=1e-12, abs=0)


@pytest.mark.parametrize("target", [0.0, 0.01, 0.1, 0.2, 0.249, 0.26])
def test_the_most_accepted_of_many_blocks_is_that_of_a_walk_through_all_of_them(target):
    rng = np.random.default_rng(1)
    error = np.concatenate([rng.random(30_000) < 0.1, rng.random(10_000) < 0.6, rng.random(30_000) < 0.2])
    risk = np.cumsum(error) / np.arange(1, len(error) + 1)
    reached = np.flatnonzero(risk <= target)
    expected = (reached[-1] + 1 if len(reached) else 0) / len(error)
    assert abstain.coverage_at_risk(np.arange(len(error))[::-1], error, target_risk=target) == expected


def test_sums_of_errors_go_on_from_one_slice_to_the_next():
    n_blocks = 2 * SLICE_LENGTH + 3
    start = np.arange(n_blocks)
    error = np.arange(n_blocks) % 7 + 1.0
    blocks = ErrorBlocks(start, start + 1, error, np.ones(n_blocks), error)
    np.testing.assert_array_equal(blocks.error_after, np.cumsum(error))
    exact = math.fsum(np.cumsum(error) / (start + 1))
    assert blocks.sum_of_risks(n_blocks) == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("n_samples", [10**4, 10**5, 10**7])
def test_an_error_tied_with_one_correct_sample_at_the_very_end_keeps_its_digits(n_samples):
    # R(i) is 0 before the block, and in expectation (1/2)/(N - 1) and 1/N in it
    confidence = np.arange(n_samples, dtype=np.float64)[::-1].copy()
    confidence[-1] = confidence[-2]
    error = np.arange(n_samples) == n_samples - 1
    expected = (0.5 / (n_samples - 1) + 1 / n_samples) / n_samples
    assert abstain.aurc(confidence, error) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("n_samples", range(1, 60))
def test_a_perfect_order_has_no_excess_to_the_last_digit(n_samples):
    for n_wrong in range(n_samples + 1):
        curve = abstain.risk_coverage_curve(-np.arange(n_samples), np.arange(n_samples) >= n_samples - n_wrong)
        assert curve.excess_aurc() == 0.0 and curve.optimal_aurc() == curve.aurc()
    equal = abstain.risk_coverage_curve(np.arange(n_samples), np.full(n_samples, 0.1))
    assert equal.aurc() == equal.optimal_aurc() == pytest.approx(0.1, rel=1e-15) and equal.excess_aurc() == 0.0
