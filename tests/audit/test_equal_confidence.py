"""What goes with what at equal confidence, and the law of the paper behind logit normalisation (Result 1)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from ranked_samples import repeatable

import abstain
from abstain import LogitNorm, scores
from abstain.audit import normalization_at_equal_msp, partial_correlation
from abstain.scores import centered_max_logit


@repeatable
@given(
    arrays(np.float64, st.integers(3, 12), elements=st.floats(1, 5)).filter(lambda z: np.ptp(z) > 0.01),
    st.floats(0.1, 10),
    st.floats(1, 10),
)
def test_a_shift_upwards_lowers_the_normalised_max_logit_and_leaves_softmax(positive, shift, p):
    norm = LogitNorm(p=p, center=False)
    before, after = (float(norm.score(of[None])[0]) for of in (positive, positive + shift))
    assert after < before
    np.testing.assert_allclose(scores.msp((positive + shift)[None]), scores.msp(positive[None]), atol=1e-12)


def test_with_all_logits_equal_a_shift_changes_nothing():
    norm, equal = LogitNorm(p=3, center=False), np.full((1, 4), 2.0)
    for shift in (0, 1):
        assert norm.score(equal + shift)[0] == pytest.approx(4 ** (-1 / 3))


def test_samples_of_equal_softmax_are_ordered_by_their_shift_alone():
    random = np.random.default_rng(0)
    shape = random.normal(size=(2000, 5))
    shifted = shape - shape.min(axis=1, keepdims=True) + random.uniform(0.5, 4, size=(2000, 1))
    assert normalization_at_equal_msp(shifted, p=3, center=False).high < -0.7
    centred, again = (normalization_at_equal_msp(of, p=3) for of in (shape, shifted))
    assert centred.estimate == pytest.approx(again.estimate, abs=1e-6), "a centred norm sees no shift"


def test_the_correlation_is_that_of_the_residuals_of_lines_in_bins():
    random = np.random.default_rng(1)
    confidence = random.normal(size=60)  # two bins of 30
    first, second = random.normal(size=(2, 60)) + confidence**3
    upper = confidence >= np.quantile(confidence, 0.5)
    rest = []
    for values in (first, second):
        left = np.empty(60)
        for part in (upper, ~upper):
            left[part] = values[part] - np.polyval(np.polyfit(confidence[part], values[part], 1), confidence[part])
        rest.append(left)
    found = partial_correlation(first, second, confidence)
    assert found.estimate == pytest.approx(np.corrcoef(*rest)[0, 1])
    assert -1 < found.low < found.estimate < found.high < 1


def test_what_goes_with_the_confidence_alone_goes_with_nothing_at_equal_confidence():
    random = np.random.default_rng(2)
    confidence = random.normal(size=20_000)
    noise = random.normal(size=(3, 20_000))
    found = partial_correlation(confidence + 0.1 * noise[0], np.exp(confidence) + noise[1], confidence)
    assert found.low < 0 < found.high and found.high - found.low < 0.04
    common = partial_correlation(noise[2] + noise[0], noise[2] + noise[1], confidence)
    assert common.low < 0.5 < common.high, "half of the variance is common"


def test_the_interval_holds_the_correlation_as_often_as_it_says():
    random, held = np.random.default_rng(3), 0
    for _ in range(400):
        confidence, common, noise = random.normal(size=(3, 500)) * random.standard_exponential(500)
        found = partial_correlation(common + confidence, common + noise, confidence, level=0.9)
        held += found.low <= 0.5**0.5 <= found.high
    assert 0.86 < held / 400 < 0.94


def test_the_centred_max_logit_sees_no_shift():
    logits = np.array([[3.0, 0, 0], [5, 2, 2]])
    assert centered_max_logit(logits).tolist() == [2, 2]


def test_what_cannot_be_told_is_refused():
    random = np.random.default_rng(0)
    one, other = random.normal(size=(2, 100))
    for call, said in [
        (lambda: partial_correlation(one, other[:50], one), "100, 50, 100 samples"),
        (lambda: partial_correlation(one[:20], other[:20], one[:20]), "25 at least"),
        (lambda: partial_correlation(2 * one, other, one), "does not vary"),
        (lambda: partial_correlation(np.full(100, np.nan), other, one), "finite numbers"),
        (lambda: normalization_at_equal_msp(random.normal(size=(100, 2)), p=2), "nothing about two classes"),
        (lambda: normalization_at_equal_msp(random.normal(size=(100, 3)), p=0.5), "at least 1"),
    ]:
        with pytest.raises(abstain.InputError, match=said):
            call()
