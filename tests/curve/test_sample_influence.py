import numpy as np
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import abstain
from abstain.curve.curve import AREAS
from abstain.curve.sample_influence import area_and_influence, paired_standard_error

repeatable = settings(deadline=None, derandomize=True, max_examples=60)
levels = st.sampled_from([-np.inf, -1.0, -0.0, 0.0, 0.25, np.inf])  # -0.0 and 0.0 are one level
zero_one = st.sampled_from([0.0, 1.0])
losses = st.integers(0, 40).map(lambda tenths: tenths / 10)


def samples(error):
    pairs = st.lists(st.tuples(levels | st.floats(-10, 10), error), min_size=1, max_size=20)
    return pairs.map(lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True)))


of_both_kinds = samples(zero_one).filter(lambda case: len(set(case[1].tolist())) == 2)


READ = {
    "risk": lambda curve: curve.risk_at_coverage(1.0),
    "aurc": lambda curve: curve.aurc(),
    "augrc": lambda curve: curve.augrc(),
    "failure_auroc": lambda curve: curve.failure_auroc(),
}


def test_three_samples_as_worked_by_hand_in_their_own_order():
    # In order of confidence 3, 2, 1 the errors are 0, 1, 0: R = 0, 1/2, 1/3 and AURC 5/18. With e at position i the
    # influence is R_i + sum over i' >= i of (e - R_i')/i' - AURC:
    #   first,  e = 0: 0   - (0 + 1/4 + 1/9)            - 5/18 = -23/36
    #   second, e = 1: 1/2 + (1/2)/2 + (2/3)/3          - 5/18 =  25/36
    #   third,  e = 0: 1/3 - (1/3)/3                    - 5/18 =  -2/36
    area, influence = area_and_influence([1, 3, 2], [0, 0, 1])
    assert area == pytest.approx(5 / 18, abs=1e-15)
    np.testing.assert_allclose(influence, [-2 / 36, -23 / 36, 25 / 36], atol=1e-15)


@repeatable
@given(samples(zero_one) | samples(losses))
def test_the_influence_on_aurc_is_the_oracle_s_sample_by_sample(case):
    area, influence = area_and_influence(*case)
    assert area == abstain.aurc(*case)
    np.testing.assert_allclose(influence, oracle.aurc_influence(*case), atol=1e-11)


@repeatable
@given(of_both_kinds)
def test_every_area_is_read_with_influences_of_mean_zero_and_its_standard_error(case):
    curve = abstain.risk_coverage_curve(*case)
    assert set(AREAS) == set(READ)
    for name, read in READ.items():
        area, influence = area_and_influence(*case, name)
        assert area == read(curve)
        assert influence.mean() == pytest.approx(0, abs=1e-12)
    assert oracle.standard_error(area_and_influence(*case)[1]) == pytest.approx(curve.aurc_standard_error(), abs=1e-12)


@repeatable
@given(of_both_kinds)
def test_other_areas_have_the_derivative_by_each_weight(case):
    for name, functional, within in (
        ("risk", oracle.weighted_risk, 1e-9),
        ("augrc", oracle.weighted_augrc, 1e-9),
        ("failure_auroc", oracle.weighted_failure_auroc, 1e-6),
    ):
        expected = oracle.influence_by_reweighting(functional, *case)
        np.testing.assert_allclose(area_and_influence(*case, name)[1], expected, atol=within)


def test_a_permutation_of_the_samples_permutes_their_influence():
    rng = np.random.default_rng(0)
    confidence, error = rng.integers(0, 30, 200) / 7, (rng.random(200) < 0.3).astype(float)
    order = rng.permutation(200)
    for name in AREAS:
        area, influence = area_and_influence(confidence, error, name)
        moved_area, moved = area_and_influence(confidence[order], error[order], name)
        assert moved_area == area
        np.testing.assert_array_equal(moved, influence[order])


def test_the_paired_standard_error_as_worked_by_hand():
    # sqrt(1 + 4 + 4) / 3.
    assert paired_standard_error(np.array([1.0, 2.0, 0.0]), np.array([0.0, 0.0, 2.0])) == 1.0


def test_what_is_undefined_or_unknown_is_refused():
    with pytest.raises(abstain.InputError, match="failure_auroc is undefined: all 2 samples are correct, or all are"):
        area_and_influence([2, 1], [0, 0], "failure_auroc")
    with pytest.raises(abstain.InputError, match="failure AUROC needs 0/1 errors, but these are real losses"):
        area_and_influence([2, 1], [0, 0.5], "failure_auroc")
    with pytest.raises(abstain.InputError, match="unknown area 'arc': did you mean"):
        area_and_influence([2, 1], [0, 1], "arc")
    with pytest.raises(abstain.InputError, match="confidence has 2 samples and error has 1"):
        area_and_influence([2, 1], [0])
