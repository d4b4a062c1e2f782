"""What holds of every risk-coverage curve."""

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ranked_samples import LEVELS, any_samples, binary_samples, losses, repeatable, samples
from whole_curve import everything_read_from

import abstain


@repeatable
@given(any_samples, st.randoms(use_true_random=False))
def test_permuting_the_samples_changes_nothing_at_all(case, random):
    confidence, error = case
    order = list(range(len(confidence)))
    random.shuffle(order)
    before = abstain.risk_coverage_curve(confidence, error)
    after = abstain.risk_coverage_curve(confidence[order], error[order])
    assert everything_read_from(after) == everything_read_from(before)
    assert after.threshold.tolist() == before.threshold.tolist()


@repeatable
@given(any_samples)
def test_a_strictly_increasing_map_changes_only_the_thresholds(case):
    confidence, error = case
    ranks = np.unique(confidence, return_inverse=True)[1]
    before, after = abstain.risk_coverage_curve(confidence, error), abstain.risk_coverage_curve(ranks**3 - 7, error)
    assert everything_read_from(after) == everything_read_from(before)


@repeatable
@given(any_samples)
def test_no_order_is_better_than_errors_last_nor_worse_than_errors_first(case):
    confidence, error = case
    best, worst = abstain.aurc(-error, error), abstain.aurc(error, error)
    assert best == pytest.approx(oracle.optimal_aurc(error), abs=1e-12)
    assert best - 1e-12 <= abstain.aurc(confidence, error) <= worst + 1e-12


@repeatable
@given(any_samples)
def test_the_optimal_aurc_is_a_lower_limit_and_normalized_aurc_0_there(case):
    confidence, error = case
    curve = abstain.risk_coverage_curve(confidence, error)
    assert curve.optimal_aurc() <= curve.aurc() + 1e-12
    assert curve.excess_aurc() >= 0
    perfect = abstain.risk_coverage_curve(-error + 0.0, error)
    assert perfect.excess_aurc() == pytest.approx(0, abs=1e-12)
    if perfect.normalized_aurc() is not None:
        assert perfect.normalized_aurc() == pytest.approx(0, abs=1e-9)


@repeatable
@given(binary_samples)
def test_augrc_follows_from_the_failure_auroc_and_the_risk(case):
    # Traub et al. 2024: AUGRC = (1 - AUROC)·r(1 - r) + r²/2; with one class only, r(1 - r) is 0.
    curve = abstain.risk_coverage_curve(*case)
    r, auroc = curve.risk[-1], curve.failure_auroc()
    assert curve.augrc() == pytest.approx((1 - (auroc or 0)) * r * (1 - r) + r**2 / 2, abs=1e-14)


@repeatable
@given(binary_samples)
def test_turning_the_confidence_round_turns_the_failure_auroc_round(case):
    confidence, error = case
    forward = abstain.risk_coverage_curve(confidence, error).failure_auroc()
    backward = abstain.risk_coverage_curve(-confidence, error).failure_auroc()
    assert backward == (forward if forward is None else pytest.approx(1 - forward, abs=1e-15))


@repeatable
@given(any_samples)
def test_one_level_of_confidence_is_as_good_as_chance(case):
    curve = abstain.risk_coverage_curve(np.zeros(len(case[1])), case[1])
    assert curve.aurc() == pytest.approx(curve.risk[0], abs=1e-12)
    assert curve.augrc() == pytest.approx(curve.risk[0] / 2, abs=1e-12)
    assert curve.normalized_aurc() in (None, pytest.approx(1, abs=1e-9))
    assert not curve.is_binary or curve.failure_auroc() in (None, 0.5)


@repeatable
@given(samples(st.sampled_from(LEVELS), losses))
def test_scaling_the_losses_scales_areas_and_standard_error(case):
    confidence, loss = case
    once, eightfold = (abstain.risk_coverage_curve(confidence, factor * loss) for factor in (1, 8))
    assert eightfold.aurc() == 8 * once.aurc()
    assert eightfold.aurc_standard_error() == 8 * once.aurc_standard_error()
    assert eightfold.risk.tolist() == (8 * once.risk).tolist()
    assert eightfold.augrc() == 8 * once.augrc()
    assert eightfold.excess_aurc() == 8 * once.excess_aurc()
    assert eightfold.normalized_aurc() == once.normalized_aurc()


def test_without_errors_every_area_is_zero_and_everything_is_accepted():
    curve = abstain.risk_coverage_curve([3, 2, 2, 1], [0, 0, 0, 0])
    assert curve.aurc() == curve.aurc("trapezoid") == curve.aurc_standard_error() == 0.0
    assert curve.coverage_at_risk(0.0) == 1.0
    assert curve.risk.tolist() == [0.0, 0.0, 0.0]
    assert curve.optimal_aurc() == curve.excess_aurc() == curve.augrc() == 0.0
    assert curve.normalized_aurc() is None
    assert curve.failure_auroc() is None
    intervals = (curve.aurc_interval, curve.augrc_interval, curve.risk_interval, curve.failure_auroc_interval)
    assert [interval() for interval in intervals] == [None] * 4


@pytest.mark.parametrize("confidence", [np.arange(n) for n in (1, 7, 11, 60)] + [np.zeros(21), np.arange(21) // 4])
def test_with_errors_only_the_aurc_is_one_and_nothing_tells_how_certain(confidence):
    curve = abstain.risk_coverage_curve(confidence, np.ones(len(confidence)))
    assert curve.aurc() == 1.0
    assert curve.coverage_at_risk(0.99) == 0.0
    assert curve.risk_at_coverage(0.01) == 1.0
    assert curve.aurc_standard_error() == pytest.approx(0.0, abs=1e-7)
    assert curve.optimal_aurc() == 1.0
    assert curve.excess_aurc() == 0.0
    assert curve.normalized_aurc() is None
    assert curve.augrc() == 0.5
    assert curve.aurc_interval() is curve.augrc_interval() is curve.risk_interval() is None
    assert curve.failure_auroc() is curve.failure_auroc_interval() is None


@pytest.mark.parametrize("loss", [0.1, 0.7, 5.0])
def test_equal_losses_leave_no_uncertainty(loss):
    curve = abstain.risk_coverage_curve(np.arange(23) // 2, np.full(23, loss))
    assert curve.aurc() == pytest.approx(loss)
    assert curve.optimal_aurc() == pytest.approx(loss)
    assert curve.normalized_aurc() is None
    assert curve.aurc_standard_error() == pytest.approx(0.0, abs=1e-6)
    assert curve.aurc_interval() is curve.augrc_interval() is curve.risk_interval() is None


@pytest.mark.parametrize("error", [0, 1])
def test_a_single_sample_is_its_own_curve(error):
    curve = abstain.risk_coverage_curve([0.3], [error])
    assert (curve.threshold.tolist(), curve.coverage.tolist(), curve.risk.tolist()) == ([0.3], [1.0], [error])
    assert curve.aurc() == error
    assert curve.aurc("trapezoid") == error / 2
    assert (curve.optimal_aurc(), curve.excess_aurc(), curve.augrc()) == (error, 0.0, error / 2)
    assert curve.normalized_aurc() is curve.failure_auroc() is curve.failure_auroc_interval() is None
    assert curve.coverage_at_risk(0.5) == 1.0 - error
    assert curve.risk_at_coverage(0.5) == error
    assert curve.aurc_interval() is curve.risk_interval() is None


def test_the_two_zeros_are_one_tie_block():
    curve = abstain.risk_coverage_curve([0.0, -0.0, 0.0, -0.0], [1, 0, 0, 1])
    assert curve.accepted.tolist() == [4]
    assert curve.aurc() == 0.5
    assert not np.signbit(curve.threshold[0])
    assert not np.signbit(abstain.risk_coverage_curve([-0.0], [0]).threshold[0])


def test_infinities_are_ranks_like_any_other_confidence():
    infinite = abstain.risk_coverage_curve([-np.inf, 0.5, np.inf, np.inf], [1, 0, 0, 1])
    finite = abstain.risk_coverage_curve([1, 2, 3, 3], [1, 0, 0, 1])
    assert everything_read_from(infinite) == everything_read_from(finite)
    assert infinite.threshold.tolist() == [np.inf, 0.5, -np.inf]


def test_only_zero_and_one_count_as_binary_errors():
    assert abstain.risk_coverage_curve([2, 1], [True, False]).is_binary
    assert not abstain.risk_coverage_curve([2, 1], [0.0, 0.5]).is_binary


@pytest.mark.parametrize("name", ["failure_auroc", "failure_auroc_interval"])
def test_real_losses_have_no_failure_auroc(name):
    with pytest.raises(abstain.InputError, match="failure AUROC needs 0/1 errors, but these are real losses"):
        getattr(abstain.risk_coverage_curve([2, 1], [0.5, 0.0]), name)()
