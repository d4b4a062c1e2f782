import numpy as np
import oracle
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import abstain
from abstain.curve.difference import Difference

repeatable = settings(deadline=None, derandomize=True, max_examples=60)

LEVELS = [-np.inf, -1.0, -0.0, 0.0, 0.25, 1.0, np.inf]  # -0.0 and 0.0 are one level
errors_and_losses = st.sampled_from([0.0, 1.0]) | st.integers(0, 40).map(lambda tenths: tenths / 10)
confidences = st.sampled_from(LEVELS) | st.floats(allow_nan=False)

any_samples = st.lists(st.tuples(confidences, errors_and_losses), min_size=1, max_size=24).map(
    lambda rows: tuple(np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
)


def test_two_samples_in_both_orders_as_worked_by_hand():
    # e = 0, 1 with a in order and b the other way round. AURC_a = (0 + 1/2) / 2 = 1/4, AURC_b = (1 + 1/2) / 2 = 3/4.
    # Influence on a: -1/2 on the correct sample, 1/2 on the wrong (see test_curve). On b the wrong one comes first:
    # 1 + [(1 - 1)/1 + (1 - 1/2)/2] - 3/4 = 1/2, and the correct one 1/2 + (0 - 1/2)/2 - 3/4 = -1/2.
    # All cancels, so the estimate is -1/2 with no standard error, of which nothing follows.
    found = abstain.aurc_difference([2, 1], [0, 1], [1, 2], [0, 1])
    assert (found.estimate, found.standard_error) == (-0.5, 0.0)
    assert found.low is found.high is found.p_value is found.interval is None


@repeatable
@given(any_samples, st.randoms(use_true_random=False))
def test_the_paired_standard_error_is_that_of_the_oracle(case, random):
    confidence, error = case
    other_confidence = np.array([random.choice(LEVELS) for _ in confidence])
    other_error = np.array([random.choice([0.0, 1.0]) for _ in confidence])
    found = abstain.aurc_difference(confidence, error, other_confidence, other_error)
    expected = oracle.aurc_difference_standard_error(confidence, error, other_confidence, other_error)
    assert found.standard_error == pytest.approx(expected, rel=1e-9, abs=1e-12)
    difference = oracle.aurc_mean(confidence, error) - oracle.aurc_mean(other_confidence, other_error)
    assert found.estimate == pytest.approx(difference, abs=1e-12)


@repeatable
@given(any_samples)
def test_a_score_does_not_differ_from_itself(case):
    confidence, error = case
    found = abstain.aurc_difference(confidence, error, confidence, error)
    assert found == Difference(0.0, 0.0, None, None, None)
    many = (np.tile(column, 50) for column in (confidence, error, confidence, error))
    assert abstain.aurc_difference(*many) == Difference(0.0, 0.0, None, None, None)


@repeatable
@given(any_samples)
def test_against_a_model_without_errors_the_difference_is_the_aurc_itself(case):
    confidence, error = case
    found = abstain.aurc_difference(confidence, error, confidence, np.zeros(len(error)))
    assert found.estimate == abstain.aurc(confidence, error)
    expected = oracle.aurc_standard_error(confidence, error)
    assert found.standard_error == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_exchanging_the_two_scores_turns_the_sign_and_nothing_else():
    rng = np.random.default_rng(1)
    good, bad, error = rng.normal(size=300), rng.normal(size=300), rng.random(300) < 0.2
    good = good - 2 * error
    forward = abstain.aurc_difference(good, error, bad, error)
    backward = abstain.aurc_difference(bad, error, good, error)
    assert forward.estimate < 0  # a is better
    assert backward.estimate == -forward.estimate
    turned = (-backward.high, -backward.low, backward.standard_error, backward.p_value)
    expected = (forward.low, forward.high, forward.standard_error, forward.p_value)
    assert turned == pytest.approx(expected, rel=1e-12)  # their sums are added up in another order
    assert forward.high < 0
    assert forward.p_value < 0.001


def test_the_p_value_is_that_level_at_which_the_interval_ends_at_zero():
    rng = np.random.default_rng(2)
    error = rng.random(200) < 0.3
    scores = rng.normal(size=200) - 0.4 * error, rng.normal(size=200)
    found = abstain.aurc_difference(scores[0], error, scores[1], error)
    assert 0.001 < found.p_value < 0.5
    at = abstain.aurc_difference(scores[0], error, scores[1], error, level=1 - found.p_value)
    assert min(abs(at.low), abs(at.high)) == pytest.approx(0, abs=1e-9 * (at.high - at.low))


@pytest.mark.parametrize(("n_wrong", "given"), [(19, False), (20, True), (180, True), (181, False)])
@pytest.mark.parametrize("dtype", [bool, np.int8, np.float64])
def test_too_few_errors_or_correct_samples_have_no_interval(n_wrong, given, dtype):
    rng = np.random.default_rng(0)
    error = (rng.permutation(200) < n_wrong).astype(dtype)
    found = abstain.aurc_difference(rng.random(200), error, rng.random(200), error)
    assert found.standard_error > 0
    assert all((value is not None) == given for value in (found.low, found.high, found.p_value, found.interval))


@pytest.mark.parametrize("first", [0, 1])
def test_beside_losses_0_1_errors_are_losses(first):
    # 19 correct samples of the one model are too few of 0/1 errors, but no sample need be correct among losses.
    rng = np.random.default_rng(0)
    errors = [rng.permutation(200) < 181, rng.random(200)]
    a, b = errors[first], errors[1 - first]
    found = abstain.aurc_difference(rng.random(200), a, rng.random(200), b)
    assert found.low is not None and found.high is not None


def test_errors_of_two_models_count_together():
    # 12 of the one model alone, 12 of the other alone: 24 samples with one error each
    rng = np.random.default_rng(0)
    order = rng.permutation(300)
    found = abstain.aurc_difference(rng.random(300), order < 12, rng.random(300), order >= 288)
    assert found.low is not None
    # the same 12: as good as 12
    assert abstain.aurc_difference(rng.random(300), order < 12, rng.random(300), order < 12).low is None


def test_samples_that_come_twice_as_clusters_have_the_standard_error_of_one_of_each():
    rng = np.random.default_rng(0)
    a, b, error = rng.random(400), rng.random(400), rng.random(400) < 0.3
    twice = [np.repeat(column, 2) for column in (a, error, b, error)]
    clustered = abstain.aurc_difference(*twice, clusters=np.repeat(np.arange(400), 2))
    once = abstain.aurc_difference(a, error, b, error)
    assert clustered.standard_error == pytest.approx(once.standard_error * np.sqrt(400 / 399), rel=0.01)
    assert abstain.aurc_difference(*twice).standard_error == pytest.approx(once.standard_error / np.sqrt(2), rel=0.01)


def test_the_paired_standard_error_agrees_with_the_spread_of_many_draws():
    # The second score is the first with noise: what they share must cancel, and unpaired it would not.
    rng = np.random.default_rng(3)
    u = rng.random((400, 400))
    error = rng.random(u.shape) < 0.6 * (1 - u)
    noisy = u + 0.2 * rng.normal(size=u.shape)
    found = [abstain.aurc_difference(a, e, b, e) for a, b, e in zip(u, noisy, error, strict=True)]
    spread = np.std([difference.estimate for difference in found])
    assert np.mean([difference.standard_error for difference in found]) == pytest.approx(spread, rel=0.15)
    unpaired = np.sqrt(2) * np.std([abstain.aurc(*draw) for draw in zip(u, error, strict=True)])
    assert spread < 0.7 * unpaired


@pytest.mark.parametrize("levels", [3, 20, None])
def test_95_percent_intervals_of_a_difference_cover_the_truth(levels):
    # Two scores of one model: the second is the first with noise. 600 samples, about 120 errors a draw. 2,000 draws
    # know the coverage to a standard deviation of sqrt(0.95·0.05 / 2000) = 0.5 points, so 93 to 97 % is four of them.
    # A sample 5,000 times as large stands for the truth; its own error is 1.4 % of one draw's.
    rng = np.random.default_rng(20)
    truth = difference_of_noisy_scores(rng, 3_000_000, levels).estimate
    found = [difference_of_noisy_scores(rng, 600, levels) for _ in range(2000)]
    covered = np.mean([difference.low <= truth <= difference.high for difference in found])
    assert 0.93 <= covered <= 0.97


def difference_of_noisy_scores(rng, n, levels):
    u = rng.random(n)
    error = rng.random(n) < 0.4 * (1 - u)
    scores = u, u + 0.3 * rng.normal(size=n)
    if levels is not None:
        scores = [np.floor(levels * score) for score in scores]
    return abstain.aurc_difference(scores[0], error, scores[1], error)


def test_scores_of_different_types_keep_their_own_ranks():
    # The first ties all in float32, the second none in float64: AURC is 1/2 and (0 + 0 + 1/3 + 2/4) / 4 = 5/24.
    fine, error = 1 - 1e-12 * np.arange(4), torch.tensor([0, 0, 1, 1])
    found = abstain.aurc_difference(fine.astype(np.float32), error, torch.from_numpy(fine), error)
    assert found.estimate == pytest.approx(1 / 2 - 5 / 24, abs=1e-15)


@pytest.mark.parametrize("level", [0, 1, 95, np.nan])
def test_levels_outside_the_open_unit_interval_are_refused(level):
    with pytest.raises(abstain.InputError, match=r"level is .*, but must be a fraction in \(0, 1\)"):
        abstain.aurc_difference([2, 1], [0, 1], [1, 2], [0, 1], level=level)


@pytest.mark.parametrize(
    ("confidence", "error", "message"),
    [
        ([], [], "the set of samples is empty"),
        ([1, 2, 3], [0, 1], "confidence has 3 samples and error has 2: they must be equal"),
        (1.0, 0, r"confidence has shape \(\), but must be one-dimensional"),
        ([np.nan], [0], "confidence holds 1 NaN"),
        ([1], [-1], "error holds a negative, NaN or infinite value"),
    ],
)
def test_bad_samples_are_refused_on_either_side(confidence, error, message):
    with pytest.raises(abstain.InputError, match=message):
        abstain.aurc_difference([1.0], [0], confidence, error)
    with pytest.raises(abstain.InputError, match=message):
        abstain.aurc_difference(confidence, error, [1.0], [0])


def test_inputs_are_not_changed():
    confidence, error = np.array([-0.0, 3.0, 1.0]), np.array([0.5, 0.0, 2.0])
    abstain.aurc_difference(confidence, error, confidence, error)
    assert (confidence.tolist(), error.tolist()) == ([0.0, 3.0, 1.0], [0.5, 0.0, 2.0])
    assert np.signbit(confidence[0])


def test_a_paired_difference_needs_the_same_samples():
    with pytest.raises(abstain.InputError, match="a has 2 samples and b has 3: a paired difference needs the same"):
        abstain.aurc_difference([2, 1], [0, 1], [3, 2, 1], [0, 1, 0])
