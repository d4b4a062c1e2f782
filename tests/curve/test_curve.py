import numpy as np
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ranked_samples import any_samples, binary_samples, losses, repeatable, samples, zero_one
from scipy import stats
from whole_curve import everything_read_from

import abstain
from abstain.curve.sample_influence import area_and_influence

# --- worked by hand -------------------------------------------------------------------------------------------


def test_one_error_at_the_top_of_five_as_worked_by_hand():
    # R = 1, 1/2, 1/3, 1/4, 1/5, whose sum is 137/60 = 2.28333; a fifth of it is 0.456667.
    # The trapezoid from (0, 0) takes half of the last risk less: (2.28333 - 0.1) / 5 = 0.436667.
    curve = abstain.risk_coverage_curve([5, 4, 3, 2, 1], [1, 0, 0, 0, 0])
    assert curve.aurc() == pytest.approx(137 / 300, abs=1e-15)
    assert curve.aurc("trapezoid") == pytest.approx(0.436667, abs=5e-7)
    assert curve.threshold.tolist() == [5, 4, 3, 2, 1]
    assert curve.coverage.tolist() == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert curve.risk.tolist() == [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]


def test_a_tie_block_as_worked_by_hand():
    # Sorted errors: 0 | 0 and 1 tied | 1. R(1) = 0, R(2) = (0 + 1/2) / 2 = 1/4, R(3) = 1/3, R(4) = 2/4.
    # Their mean is (3 + 4 + 6) / 12 / 4 = 13/48; the trapezoid takes (2/4) / 8 = 3/48 less.
    curve = abstain.risk_coverage_curve([0.8, 0.6, 0.9, 0.8], [1, 1, 0, 0])
    assert curve.aurc() == pytest.approx(13 / 48, abs=1e-15)
    assert curve.aurc("trapezoid") == pytest.approx(10 / 48, abs=1e-15)
    assert curve.threshold.tolist() == [0.9, 0.8, 0.6]
    assert curve.coverage.tolist() == [0.25, 0.75, 1.0]
    assert curve.risk.tolist() == [0, 1 / 3, 1 / 2]
    assert curve.accepted.tolist() == [1, 3, 4] and curve.errors.tolist() == [0, 1, 2]
    assert curve.n_samples == 4
    accepted, errors = curve.counts_at([1.0, 0.9, 0.85, 0.8, -np.inf])
    assert accepted.tolist() == [0, 1, 1, 3, 4] and errors.tolist() == [0, 0, 0, 1, 2]


def test_the_standard_error_of_two_samples_as_worked_by_hand():
    # e = 0, 1 in sorted order: R = 0, 1/2 and A = 1/4.
    # IF_1 = 0 + [(0 - 0)/1 + (0 - 1/2)/2] - 1/4 = -1/2; IF_2 = 1/2 + (1 - 1/2)/2 - 1/4 = 1/2.
    # The root of their squares' sum is sqrt(1/2), and half of it sqrt(1/8).
    assert abstain.risk_coverage_curve([2, 1], [0, 1]).aurc_standard_error() == pytest.approx(np.sqrt(1 / 8))


def test_with_one_level_the_standard_error_is_that_of_a_proportion():
    # One block: AURC is the error rate r, IF_k = e_k - r, so se = sqrt(r (1 - r) / N) = sqrt(0.2 * 0.8 / 10).
    curve = abstain.risk_coverage_curve(np.zeros(10), [1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    assert curve.aurc_standard_error() == pytest.approx(np.sqrt(0.016))


def test_every_summary_of_a_tie_block_as_worked_by_hand():
    # Sorted errors: 0 | 0 and 1 tied | 1, with AURC = 13/48 and risk 1/2 as above.
    # AURC* of 0, 0, 1, 1: R = 0, 0, 1/3, 2/4, whose mean is 5/24.
    # E-AURC = 13/48 - 10/48 = 1/16; NAURC = (3/48) / (24/48 - 10/48).
    # Errors accepted: 0, 0, 1/2, 1, 2 of 4 at coverage 0, 1/4, ..., 1; the trapezoid is (1/2 + 1 + 2/2) / 16 = 5/32.
    # Of the four pairs (correct, wrong) three are in order and one is tied: AUROC = 7/8.
    curve = abstain.risk_coverage_curve([0.8, 0.6, 0.9, 0.8], [1, 1, 0, 0])
    assert curve.optimal_aurc() == pytest.approx(5 / 24, abs=1e-15)
    assert curve.excess_aurc() == pytest.approx(1 / 16, abs=1e-15)
    assert curve.normalized_aurc() == pytest.approx(3 / 14, abs=1e-15)
    assert curve.augrc() == pytest.approx(5 / 32, abs=1e-15)
    assert curve.failure_auroc() == 7 / 8


def test_the_augrc_of_real_losses_as_worked_by_hand():
    # Sorted losses 3, 1: sums 3 and 4 of N = 2, so (0, 0), (1/2, 3/2), (1, 2): (3/2)/4 + (3/2 + 2)/4 = 5/4.
    assert abstain.risk_coverage_curve([2, 1], [3.0, 1.0]).augrc() == 1.25


# --- against the oracle ---------------------------------------------------------------------------------------


@repeatable
@given(any_samples)
def test_points_are_those_of_the_oracle(case):
    curve = abstain.risk_coverage_curve(*case)
    threshold, coverage, risk = zip(*oracle.curve_points(*case), strict=True)
    assert curve.threshold.tolist() == list(threshold)
    assert curve.coverage.tolist() == list(coverage)
    assert curve.accepted.tolist() == [round(c * curve.n_samples) for c in coverage]
    assert curve.n_samples == len(case[0])
    np.testing.assert_allclose(curve.risk, risk, rtol=1e-13, atol=0)


@repeatable
@given(any_samples)
def test_areas_are_those_of_the_oracle(case):
    curve = abstain.risk_coverage_curve(*case)
    assert curve.aurc() == pytest.approx(oracle.aurc_mean(*case), abs=1e-12)
    assert curve.aurc("trapezoid") == pytest.approx(oracle.aurc_trapezoid(*case), abs=1e-12)
    assert abstain.aurc(*case) == curve.aurc()
    assert abstain.aurc(*case, convention="trapezoid") == curve.aurc("trapezoid")


@repeatable
@given(any_samples)
def test_areas_beside_aurc_are_those_of_the_oracle(case):
    curve = abstain.risk_coverage_curve(*case)
    assert curve.optimal_aurc() == pytest.approx(oracle.optimal_aurc(case[1]), abs=1e-12)
    assert curve.excess_aurc() == pytest.approx(oracle.excess_aurc(*case), abs=1e-12)
    assert curve.augrc() == pytest.approx(oracle.augrc(*case), abs=1e-12)
    expected = oracle.normalized_aurc(*case)
    assert curve.normalized_aurc() == (expected if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-9))


@repeatable
@given(binary_samples)
def test_the_failure_auroc_is_that_of_all_pairs(case):
    found, expected = abstain.risk_coverage_curve(*case).failure_auroc(), oracle.failure_auroc(*case)
    assert found == (expected if expected is None else pytest.approx(expected, abs=1e-15))


@settings(repeatable, max_examples=30)
@given(samples(st.sampled_from([0.0, 1.0, 2.0]), zero_one | losses, max_size=5))
def test_aurc_is_the_mean_over_every_order_of_tied_samples(case):
    assert abstain.aurc(*case) == pytest.approx(oracle.aurc_over_all_orders(*case), abs=1e-12)


@repeatable
@given(any_samples, st.floats(0.001, 1))
def test_operating_points_are_those_of_the_oracle(case, between):
    curve = abstain.risk_coverage_curve(*case)
    exact = curve.is_binary  # sums of real losses round, each order in its own way
    for target in (between, 0.0, *(curve.risk if exact else [])):  # met exactly, and not
        assert curve.coverage_at_risk(target) == oracle.coverage_at_risk(*case, target)
        assert abstain.coverage_at_risk(*case, target_risk=target) == curve.coverage_at_risk(target)
    for target in (between, *curve.coverage):
        expected = oracle.risk_at_coverage(*case, target)
        assert curve.risk_at_coverage(target) == (expected if exact else pytest.approx(expected, rel=1e-13))
        assert abstain.risk_at_coverage(*case, target_coverage=target) == curve.risk_at_coverage(target)


@repeatable
@given(any_samples)
def test_the_standard_error_is_that_of_the_oracle(case):
    expected = oracle.aurc_standard_error(*case)
    assert abstain.risk_coverage_curve(*case).aurc_standard_error() == pytest.approx(expected, rel=1e-9, abs=1e-7)


# --- the type of the confidence -------------------------------------------------------------------------------


@repeatable
@given(st.lists(st.tuples(st.floats(width=32, allow_nan=False), zero_one | losses), min_size=1, max_size=24))
def test_float32_confidence_agrees_with_the_same_numbers_in_float64(rows):
    confidence, error = (np.array(column) for column in zip(*rows, strict=True))
    narrow = abstain.risk_coverage_curve(confidence.astype(np.float32), error)
    wide = abstain.risk_coverage_curve(confidence, error)
    assert everything_read_from(narrow) == everything_read_from(wide)
    assert narrow.threshold.tolist() == wide.threshold.tolist()
    assert narrow.threshold.dtype == narrow.coverage.dtype == narrow.risk.dtype == np.float64


def test_float64_confidence_keeps_ranks_that_float32_would_tie():
    confidence = 1 + 1e-12 * np.arange(4)
    assert abstain.risk_coverage_curve(confidence, [0, 1, 0, 1]).accepted.tolist() == [1, 2, 3, 4]
    assert abstain.risk_coverage_curve(confidence.astype(np.float32), [0, 1, 0, 1]).accepted.tolist() == [4]


def test_neighbouring_float32_numbers_are_two_ranks():
    confidence = np.array([1, np.nextafter(np.float32(1), np.float32(2))], dtype=np.float32)
    assert abstain.risk_coverage_curve(confidence, [1, 0]).coverage.tolist() == [0.5, 1.0]


# --- traps seen in peers --------------------------------------------------------------------------------------


def test_equal_scores_at_80_percent_accuracy_give_one_fifth_under_every_permutation():
    error = np.array([1] * 20 + [0] * 80)
    orders = [np.arange(100), np.arange(100)[::-1], np.random.default_rng(0).permutation(100)]
    assert [abstain.aurc(np.ones(100), error[order]) for order in orders] == pytest.approx([0.2] * 3, abs=1e-15)


def test_coverage_at_risk_sees_past_a_wrong_top_sample():
    # 99 of 100 right and the most confident one wrong: risk starts at 1 and falls to 0.01 at full coverage.
    curve = abstain.risk_coverage_curve(np.arange(100)[::-1], [1] + [0] * 99)
    assert curve.coverage_at_risk(0.05) == 1.0
    assert curve.coverage_at_risk(0.001) == 0.0


def test_targets_met_exactly_count_as_met():
    # 20 samples, the 17th wrong: no error up to coverage 16/20, and risk 1/20 at coverage 1.
    curve = abstain.risk_coverage_curve(np.arange(20)[::-1], [0] * 16 + [1] + [0] * 3)
    assert curve.coverage_at_risk(0.05) == 1.0
    assert curve.risk_at_coverage(0.8) == 0.0


def test_summary_holds_the_customary_keys():
    # Errors in sorted order 0, 0, 1, 0: risk 0 up to coverage 0.5, then 1/3 and 1/4.
    curve = abstain.risk_coverage_curve([4, 3, 2, 1], [0, 0, 1, 0])
    summary = curve.summary((0.05, 0.3, 0.005))
    assert summary == {"risk": 0.25, "aurc": curve.aurc(), "cov@5": 0.5, "cov@30": 1.0, "cov@0.5": 0.5}
    assert list(curve.summary()) == ["risk", "aurc", "cov@5", "cov@1"]


# --- intervals ------------------------------------------------------------------------------------------------


@repeatable
@given(binary_samples.map(lambda case: tuple(np.tile(column, 12) for column in case)))
def test_intervals_hold_the_estimate_and_stay_in_the_unit_interval(case):
    curve = abstain.risk_coverage_curve(*case)
    fewest = min(case[1].sum(), (1 - case[1]).sum())
    for estimate, interval, wanted in (
        (curve.aurc(), curve.aurc_interval(), 20),
        (curve.augrc(), curve.augrc_interval(), 5),
        (curve.risk[-1], curve.risk_interval(), 1),
        (curve.failure_auroc(), curve.failure_auroc_interval(), 20),
    ):
        if fewest < wanted:
            assert interval is None
        elif interval is None:
            assert estimate in (0.0, 1.0)  # a failure AUROC that says nothing of its error
        else:
            assert 0.0 <= interval[0] <= estimate <= interval[1] <= 1.0


def test_the_interval_is_symmetric_on_the_log_scale_and_widens_with_its_level():
    rng = np.random.default_rng(0)
    curve = abstain.risk_coverage_curve(rng.normal(size=500), rng.random(500) < 0.1)
    (low, high), (lower, higher) = curve.aurc_interval(0.95), curve.aurc_interval(0.99)
    assert low * high == pytest.approx(curve.aurc() ** 2)
    quantile = stats.t(curve.moments("aurc").effective_number).ppf(0.975)
    assert np.log(high / curve.aurc()) == pytest.approx(quantile * curve.aurc_standard_error() / curve.aurc())
    assert lower < low < high < higher
    (low, high), error = curve.risk_interval(), np.sqrt((1 - curve.risk[-1]) / curve.risk[-1] / 500)
    assert np.log(high / curve.risk[-1]) == pytest.approx(1.959964 * error)


def test_the_interval_of_a_high_aurc_is_cut_at_one_for_errors_but_not_for_losses():
    confidence, error = np.arange(60), np.arange(60) >= 20  # the worst order
    assert abstain.risk_coverage_curve(confidence, error).aurc_interval(0.9999)[1] == 1.0
    low, high = abstain.risk_coverage_curve(confidence, 3 * error).aurc_interval(0.9999)
    assert low < abstain.aurc(confidence, 3 * error) < high
    assert high > 3.0


@pytest.mark.parametrize("unit", [1e-90, 1e73])
def test_intervals_of_losses_do_not_depend_on_their_unit(unit):
    rng = np.random.default_rng(0)
    confidence, losses = rng.random(300), rng.exponential(size=300)
    once = abstain.risk_coverage_curve(confidence, losses).aurc_interval()
    scaled = abstain.risk_coverage_curve(confidence, unit * losses).aurc_interval()
    assert np.array(scaled) / unit == pytest.approx(once)


def test_tied_losses_have_the_interval_of_their_influences_one_by_one():
    rng = np.random.default_rng(0)
    confidence, losses = rng.integers(0, 5, 200), rng.integers(0, 4, 200) / 2
    curve = abstain.risk_coverage_curve(confidence, losses)
    for area in ("risk", "aurc", "augrc"):
        _, influence = area_and_influence(confidence, losses, area)
        moments = curve.moments(area)
        for power, found in ((2, moments.second), (3, moments.third), (4, moments.fourth)):
            assert found * moments.unit**power == pytest.approx(np.sum(influence**power), rel=1e-9, abs=1e-9)
