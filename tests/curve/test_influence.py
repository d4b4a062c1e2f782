from itertools import pairwise

import numpy as np
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import abstain
from abstain.curve.influence import (
    augrc_influence,
    aurc_influence,
    failure_auroc_influence,
    risk_influence,
)
from abstain.curve.tie_blocks import TieBlocks

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
    start, stop, before, sums, place, value = [], [], [], [], [], []
    for block, level in enumerate(sorted({confidence for confidence, _ in rows}, reverse=True)):
        errors = [error for confidence, error in rows if confidence == level]
        start.append(sum(1 for confidence, _ in rows if confidence > level))
        stop.append(start[-1] + len(errors))
        before.append(sum(error for confidence, error in rows if confidence > level))
        sums.append(sum(errors))
        value += [error for error in errors if error > 0]
        place += [block] * (len(value) - len(place))
    return TieBlocks(*(np.array(column) for column in (start, stop, before, sums, place, value)), None)


def of_area(name, rows):
    """The influence on an area that the oracle gives."""
    confidence, error = zip(*rows, strict=True)
    n_samples = len(rows)
    return {
        "risk": lambda: risk_influence(n_samples, sum(error)),
        "aurc": lambda: aurc_influence(n_samples, oracle.aurc_mean(confidence, error)),
        "augrc": lambda: augrc_influence(n_samples, oracle.augrc(confidence, error)),
        "failure_auroc": lambda: failure_auroc_influence(
            n_samples, sum(error), oracle.failure_auroc(confidence, error)
        ),
    }[name]()


def influence_of_samples(rows, name):
    [influences] = of_area(name, rows)([tie_blocks(rows)])
    confidence, error = map(np.array, zip(*rows, strict=True))
    order = np.argsort(-confidence, kind="stable")
    found = np.empty(len(rows))
    found[order] = influences.of_samples(error[order])
    return found.tolist()


# --- each sample's influence ----------------------------------------------------------------------------------


def test_four_samples_as_worked_by_hand():
    # Sorted errors 0 | 0 and 1 tied | 1: N = 4, two are wrong, AUROC = 7/8.
    # AUGRC is the mean over ordered pairs (k, k') of e_k·[k' below k, ties and itself 1/2]: (2 + 1/2) / 16 = 5/32.
    # A sample moves it by its share as k, e_k·below, and as k', the errors above it, less 2·AUGRC.
    # Shares below: 7/8, 2/4, 1/8. Shares of errors above: 0, (1/2)/4, (1 + 1/2)/4.
    rows = [(3.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0)]
    augrc = influence_of_samples(rows, "augrc")
    assert augrc == pytest.approx([-5 / 16, 1 / 8 - 5 / 16, 2 / 4 + 1 / 8 - 5 / 16, 1 / 8 + 3 / 8 - 5 / 16], abs=1e-15)
    # AUROC: a wrong sample has 3/4 and 1 of the correct above it, a correct one 1 and 3/4 of the wrong below; less 7/8,
    # and times 2, as each kind is half of the samples.
    auroc = influence_of_samples(rows, "failure_auroc")
    assert auroc == pytest.approx([1 / 4, -1 / 4, -1 / 4, 1 / 4], abs=1e-15)
    assert influence_of_samples(rows, "risk") == pytest.approx([-1 / 2, -1 / 2, 1 / 2, 1 / 2], abs=1e-15)


@repeatable
@given(any_samples)
def test_influence_on_the_risk_is_its_derivative_by_each_weight(rows):
    confidence, error = zip(*rows, strict=True)
    expected = oracle.influence_by_reweighting(oracle.weighted_risk, confidence, error)
    np.testing.assert_allclose(influence_of_samples(rows, "risk"), expected, atol=1e-9)


@repeatable
@given(any_samples)
def test_influence_on_augrc_is_its_derivative_by_each_weight(rows):
    confidence, error = zip(*rows, strict=True)
    expected = oracle.influence_by_reweighting(oracle.weighted_augrc, confidence, error)
    np.testing.assert_allclose(influence_of_samples(rows, "augrc"), expected, atol=1e-9)


@repeatable
@given(of_both_kinds)
def test_influence_on_the_failure_auroc_is_its_derivative_by_each_weight(rows):
    confidence, error = zip(*rows, strict=True)
    expected = oracle.influence_by_reweighting(oracle.weighted_failure_auroc, confidence, error)
    np.testing.assert_allclose(influence_of_samples(rows, "failure_auroc"), expected, atol=1e-6)


@repeatable
@given(any_samples)
def test_influence_on_aurc_is_the_oracle_s(rows):
    expected = oracle.aurc_influence(*zip(*rows, strict=True))
    np.testing.assert_allclose(influence_of_samples(rows, "aurc"), expected, atol=1e-12)


@pytest.mark.parametrize("levels", [1, 3, 20])
def test_influence_on_aurc_tends_to_the_derivative_of_its_integral(levels):
    # AURC is a sum over positions, ∫ R(c) dc its limit, whose derivative by each weight is taken here without any of
    # the formulas above; sum and integral differ by something like 1/N.
    rng = np.random.default_rng(0)
    u = rng.random(300)
    error, confidence = (rng.random(300) < 0.6 * (1 - u)).astype(float), np.floor(levels * u)
    found = influence_of_samples(list(zip(confidence, error, strict=True)), "aurc")
    expected = oracle.influence_by_reweighting(oracle.weighted_aurc, confidence, error)
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert oracle.standard_error(found) == pytest.approx(oracle.standard_error(expected), rel=0.01)


@repeatable
@given(of_both_kinds)
def test_influences_add_up_to_zero(rows):
    for name in ("risk", "aurc", "augrc", "failure_auroc"):
        assert sum(influence_of_samples(rows, name)) == pytest.approx(0, abs=1e-12)


@repeatable
@given(any_samples, st.sets(st.integers(1, 15)))
def test_slices_of_blocks_give_the_same_as_all_at_once(rows, cuts):
    whole = tie_blocks(rows)
    n_blocks = len(whole.start)
    ends = [0, *sorted(cut for cut in cuts if cut < n_blocks), n_blocks]
    slices = [part(whole, slice(*ends_of_slice)) for ends_of_slice in pairwise(ends)]
    for name in ("aurc", "augrc", "risk"):
        [expected] = of_area(name, rows)([whole])
        found = list(of_area(name, rows)(slices[::-1]))[::-1]
        assert [influences.blocks for influences in found] == slices
        in_slices = np.concatenate([one.slope_and_offset() for one in found], axis=1)
        np.testing.assert_allclose(in_slices, expected.slope_and_offset(), atol=1e-12)


def part(blocks, some):
    arrays = (getattr(blocks, name)[some] for name in ("start", "stop", "error_before", "sum_error"))
    return TieBlocks(*arrays, np.empty(0, np.int64), np.empty(0), None)


# --- against many draws ---------------------------------------------------------------------------------------


def curve_of_falling_risk(rng, n, levels):
    u = rng.random(n)
    error = rng.random(n) < 0.3 * (1 - u)
    return abstain.risk_coverage_curve(u if levels is None else np.floor(levels * u), error)


@pytest.mark.parametrize("levels", [3, 20, None])
def test_closed_form_standard_errors_agree_with_the_spread_of_many_draws(levels):
    # 400 draws know their own spread to 1/sqrt(800) = 3.5 %; averaging a block's errors too would be off by far more.
    rng = np.random.default_rng(20250)
    curves = [curve_of_falling_risk(rng, 400, levels) for _ in range(400)]
    spread = np.std([curve.aurc() for curve in curves])
    assert np.mean([curve.aurc_standard_error() for curve in curves]) == pytest.approx(spread, rel=0.12)
