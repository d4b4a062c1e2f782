import numpy as np
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import abstain
from abstain.curve.influence import (
    TieBlocks,
    augrc_influence,
    aurc_influence,
    failure_auroc_influence,
    log_interval,
    logit_interval,
    risk_influence,
    standard_error,
)

repeatable = settings(deadline=None, derandomize=True, max_examples=60)

levels_of_confidence = st.sampled_from([-1.0, 0.0, 0.5, 2.0]) | st.integers(0, 30).map(float)
zero_one = st.sampled_from([0.0, 1.0])
losses = st.integers(0, 40).map(lambda tenths: tenths / 10)


def samples(error, max_size=16):
    return st.lists(st.tuples(levels_of_confidence, error), min_size=1, max_size=max_size)


any_samples = samples(zero_one) | samples(losses)
of_both_kinds = samples(zero_one).filter(lambda rows: {error for _, error in rows} == {0.0, 1.0})


def tie_blocks(rows):
    """Counted block by block, most confident first."""
    counts = []
    for level in sorted({confidence for confidence, _ in rows}, reverse=True):
        errors = [error for confidence, error in rows if confidence == level]
        n_above = sum(1 for confidence, _ in rows if confidence > level)
        counts.append((n_above, len(errors), sum(errors), sum(error**2 for error in errors)))
    start, size, sum_error, sum_squared_error = zip(*counts, strict=True)
    return TieBlocks(np.array(start), np.array(size), np.array(sum_error), np.array(sum_squared_error))


def influence_of_samples(rows, of):
    slope, offset = of(tie_blocks(rows))
    descending = sorted({confidence for confidence, _ in rows}, reverse=True)
    return [error * slope[descending.index(value)] + offset[descending.index(value)] for value, error in rows]


# --- each sample's influence ----------------------------------------------------------------------------------


def test_four_samples_as_worked_by_hand():
    # Sorted errors 0 | 0 and 1 tied | 1: N = 4, two are wrong, AUROC = 7/8.
    # AUGRC is the mean over ordered pairs (k, k') of e_k·[k' below k, ties and itself 1/2]: (2 + 1/2) / 16 = 5/32.
    # A sample moves it by its share as k, e_k·below, and as k', the errors above it, less 2·AUGRC.
    # Shares below: 7/8, 2/4, 1/8. Shares of errors above: 0, (1/2)/4, (1 + 1/2)/4.
    rows = [(3.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0)]
    augrc = influence_of_samples(rows, augrc_influence)
    assert augrc == pytest.approx([-5 / 16, 1 / 8 - 5 / 16, 2 / 4 + 1 / 8 - 5 / 16, 1 / 8 + 3 / 8 - 5 / 16], abs=1e-15)
    # AUROC: a wrong sample has 3/4 and 1 of the correct above it, a correct one 1 and 3/4 of the wrong below; less 7/8,
    # and times 2, as each kind is half of the samples.
    auroc = influence_of_samples(rows, failure_auroc_influence)
    assert auroc == pytest.approx([1 / 4, -1 / 4, -1 / 4, 1 / 4], abs=1e-15)
    assert influence_of_samples(rows, risk_influence) == pytest.approx([-1 / 2, -1 / 2, 1 / 2, 1 / 2], abs=1e-15)


@repeatable
@given(any_samples)
def test_influence_on_the_risk_is_its_derivative_by_each_weight(rows):
    confidence, error = zip(*rows, strict=True)
    expected = oracle.influence_by_reweighting(oracle.weighted_risk, confidence, error)
    np.testing.assert_allclose(influence_of_samples(rows, risk_influence), expected, atol=1e-9)


@repeatable
@given(any_samples)
def test_influence_on_augrc_is_its_derivative_by_each_weight(rows):
    confidence, error = zip(*rows, strict=True)
    expected = oracle.influence_by_reweighting(oracle.weighted_augrc, confidence, error)
    np.testing.assert_allclose(influence_of_samples(rows, augrc_influence), expected, atol=1e-9)


@repeatable
@given(of_both_kinds)
def test_influence_on_the_failure_auroc_is_its_derivative_by_each_weight(rows):
    confidence, error = zip(*rows, strict=True)
    expected = oracle.influence_by_reweighting(oracle.weighted_failure_auroc, confidence, error)
    np.testing.assert_allclose(influence_of_samples(rows, failure_auroc_influence), expected, atol=1e-6)


@repeatable
@given(any_samples)
def test_influence_on_aurc_is_the_oracle_s(rows):
    expected = oracle.aurc_influence(*zip(*rows, strict=True))
    np.testing.assert_allclose(influence_of_samples(rows, aurc_influence), expected, atol=1e-12)


@pytest.mark.parametrize("levels", [1, 3, 20])
def test_influence_on_aurc_tends_to_the_derivative_of_its_integral(levels):
    # AURC is a sum over positions, ∫ R(c) dc its limit, whose derivative by each weight is taken here without any of
    # the formulas above; sum and integral differ by something like 1/N.
    rng = np.random.default_rng(0)
    u = rng.random(300)
    error, confidence = (rng.random(300) < 0.6 * (1 - u)).astype(float), np.floor(levels * u)
    found = influence_of_samples(list(zip(confidence, error, strict=True)), aurc_influence)
    expected = oracle.influence_by_reweighting(oracle.weighted_aurc, confidence, error)
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert oracle.standard_error(found) == pytest.approx(oracle.standard_error(expected), rel=0.01)


@repeatable
@given(of_both_kinds)
def test_influences_add_up_to_zero(rows):
    for of in (risk_influence, aurc_influence, augrc_influence, failure_auroc_influence):
        assert sum(influence_of_samples(rows, of)) == pytest.approx(0, abs=1e-12)


# --- standard errors ------------------------------------------------------------------------------------------


@repeatable
@given(of_both_kinds)
def test_standard_errors_are_those_of_the_numerical_influence(rows):
    blocks, case = tie_blocks(rows), tuple(zip(*rows, strict=True))
    for of, functional in (
        (risk_influence, oracle.weighted_risk),
        (augrc_influence, oracle.weighted_augrc),
        (failure_auroc_influence, oracle.weighted_failure_auroc),
    ):
        expected = oracle.standard_error(oracle.influence_by_reweighting(functional, *case))
        assert standard_error(blocks, of(blocks)) == pytest.approx(expected, abs=1e-6)


@repeatable
@given(any_samples)
def test_standard_errors_are_those_of_the_influence_sample_by_sample(rows):
    blocks = tie_blocks(rows)
    for of in (risk_influence, aurc_influence, augrc_influence):
        expected = oracle.standard_error(influence_of_samples(rows, of))
        assert standard_error(blocks, of(blocks)) == pytest.approx(expected, rel=1e-9, abs=1e-7)


def test_the_standard_error_of_the_risk_is_that_of_a_proportion():
    # sqrt(0.2·0.8 / 10), whatever the confidence.
    blocks = tie_blocks([(level, error) for level, error in zip(range(10), [1.0, 1.0] + [0.0] * 8, strict=True)])
    assert standard_error(blocks, risk_influence(blocks)) == pytest.approx(np.sqrt(0.016), abs=1e-15)


# --- intervals ------------------------------------------------------------------------------------------------


def test_the_interval_on_the_log_scale_as_worked_by_hand():
    # exp(1.959964·0.01 / 0.1) = 1.21652: from 0.1 / 1.21652 to 0.1·1.21652.
    assert log_interval(0.1, 0.01, 0.95) == pytest.approx((0.0822018, 0.121652), rel=1e-5)
    assert log_interval(0.1, 0.0, 0.95) == (0.1, 0.1)
    assert log_interval(0.0, 0.0, 0.95) is None


def test_the_interval_on_the_scale_of_log_odds_as_worked_by_hand():
    # Odds 4 and a half width of 1.644854·0.016 / (0.8·0.2) = 0.1644854 in their logarithm: odds 3.39333 and 4.71514.
    assert logit_interval(0.8, 0.016, 0.9) == pytest.approx((3.39333 / 4.39333, 4.71514 / 5.71514), rel=1e-5)
    assert logit_interval(0.0, 0.0, 0.95) is None
    assert logit_interval(1.0, 0.0, 0.95) is None


def test_the_intervals_of_a_curve_are_made_of_these():
    rng = np.random.default_rng(0)
    confidence, error = np.floor(20 * rng.random(400)), rng.random(400) < 0.2
    curve = abstain.risk_coverage_curve(confidence, error)
    blocks = tie_blocks(list(zip(confidence.tolist(), error.astype(float).tolist(), strict=True)))
    for estimate, of, interval in (
        (curve.aurc(), aurc_influence, curve.aurc_interval(0.9)),
        (curve.augrc(), augrc_influence, curve.augrc_interval(0.9)),
        (curve.risk[-1], risk_influence, curve.risk_interval(0.9)),
    ):
        assert interval == pytest.approx(log_interval(estimate, standard_error(blocks, of(blocks)), 0.9))
    auroc = curve.failure_auroc(), standard_error(blocks, failure_auroc_influence(blocks)), 0.9
    assert curve.failure_auroc_interval(0.9) == pytest.approx(logit_interval(*auroc))


@pytest.mark.parametrize("levels", [3, 20, None])
def test_95_percent_intervals_cover_the_truth(levels):
    # The confidence u is uniform and the risk 0.3·(1 - u), so about 90 of 600 samples are wrong, never below 50.
    # 2,000 draws know the coverage to a standard deviation of sqrt(0.95·0.05 / 2000) = 0.5 points, so 93 to 97 % is
    # four of them. A sample 5,000 times as large stands for the truth; its own error is 1.4 % of one draw's.
    rng = np.random.default_rng(2)
    truth = summaries_and_intervals(curve_of_falling_risk(rng, 3_000_000, levels))
    covered = {name: 0 for name in truth}
    for _ in range(2000):
        curve = curve_of_falling_risk(rng, 600, levels)
        assert curve.risk[-1] * 600 >= 50, "the regime for which the intervals are stated"
        for name, (_, (low, high)) in summaries_and_intervals(curve).items():
            covered[name] += low <= truth[name][0] <= high
    assert all(0.93 <= count / 2000 <= 0.97 for count in covered.values()), covered


def curve_of_falling_risk(rng, n, levels):
    u = rng.random(n)
    error = rng.random(n) < 0.3 * (1 - u)
    return abstain.risk_coverage_curve(u if levels is None else np.floor(levels * u), error)


def summaries_and_intervals(curve):
    return {
        "AURC": (curve.aurc(), curve.aurc_interval()),
        "AUGRC": (curve.augrc(), curve.augrc_interval()),
        "risk": (curve.risk_at_coverage(1.0), curve.risk_interval()),
        "failure AUROC": (curve.failure_auroc(), curve.failure_auroc_interval()),
    }


@pytest.mark.parametrize("levels", [3, 20, None])
def test_closed_form_standard_errors_agree_with_the_spread_of_many_draws(levels):
    # 400 draws know their own spread to 1/sqrt(800) = 3.5 %; averaging a block's errors too would be off by far more.
    rng = np.random.default_rng(20250)
    curves = [curve_of_falling_risk(rng, 400, levels) for _ in range(400)]
    spread = np.std([curve.aurc() for curve in curves])
    assert np.mean([curve.aurc_standard_error() for curve in curves]) == pytest.approx(spread, rel=0.12)
