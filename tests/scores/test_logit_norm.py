import json

import logit_oracle
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_logits import random_case

import abstain
from abstain import LogitNorm
from abstain.scores.softmax import msp

repeatable = settings(deadline=None, derandomize=True, max_examples=60)


EXPONENTS = [1, 2, 3, 10, 1.5, 2.7]


eighths = st.integers(-80, 80).map(lambda eighth: eighth / 8)  # sums of them are exact, so norm 0 is too


positive_eighths = st.integers(4, 80).map(lambda eighth: eighth / 8)


def logits_of(values, min_classes=3):
    rows = st.integers(min_classes, 6).flatmap(
        lambda k: st.lists(st.lists(values, min_size=k, max_size=k), min_size=1, max_size=8)
    )
    return rows.map(np.array)


def test_one_row_as_worked_by_hand():
    # Uncentred, p = 2: 3 / sqrt(9 + 1 + 1). Centred, the mean is 1 and [2, 0, -2] is left: p = 1 gives
    # 2 / (2 + 0 + 2), p = 2 gives 2 / sqrt(8).
    row = [[3.0, 1.0, -1.0]]
    assert LogitNorm(p=2, center=False).score(row) == pytest.approx([3 / np.sqrt(11)], abs=1e-15)
    assert LogitNorm(p=1, center=True).score(row) == pytest.approx([0.5], abs=1e-15)
    assert LogitNorm(p=2, center=True).score(row) == pytest.approx([2 / np.sqrt(8)], abs=1e-15)
    assert LogitNorm(p=2).center


@repeatable
@given(logits_of(eighths), st.sampled_from(EXPONENTS), st.booleans())
def test_scores_are_the_oracle_s_row_by_row(logits, p, center):
    expected = [logit_oracle.max_logit_pnorm(row, p, center) for row in logits]
    np.testing.assert_allclose(LogitNorm(p=p, center=center).score(logits), expected, rtol=1e-12, atol=1e-12)


@repeatable
@given(logits_of(eighths), st.sampled_from(EXPONENTS), st.booleans(), st.floats(1e-6, 1e6))
def test_the_scale_of_the_logits_does_not_matter(logits, p, center, scale):
    score = LogitNorm(p=p, center=center).score
    np.testing.assert_array_equal(score(logits * 2.0**20), score(logits))
    moving = logits[np.ptp(logits, axis=1) > 0]  # a constant row times a scale need not be constant to the last bit
    if len(moving):
        np.testing.assert_allclose(score(moving * scale), score(moving), rtol=1e-9, atol=1e-9)


@repeatable
@given(logits_of(eighths), st.sampled_from(EXPONENTS), st.integers(-64, 64))
def test_a_shift_of_the_logits_does_not_matter_when_centred(logits, p, shift):
    score = LogitNorm(p=p, center=True).score
    np.testing.assert_allclose(score(logits + shift), score(logits), rtol=1e-12, atol=1e-12)


@repeatable
@given(
    logits_of(positive_eighths).filter(lambda logits: (np.ptp(logits, axis=1) > 0).all()),
    st.sampled_from([1.5, 2, 3, 4]),
    positive_eighths,
)
def test_uncentred_a_positive_shift_strictly_lowers_the_score_while_msp_stays(logits, p, shift):
    score = LogitNorm(p=p, center=False).score  # Result 1 of the paper
    assert (score(logits + shift) < score(logits)).all()
    np.testing.assert_allclose(msp(logits + shift), msp(logits), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.3, -3.3, 1e-3, 1e10])
@pytest.mark.parametrize("n_classes", [3, 7, 10])
def test_centred_rows_of_one_value_are_least_confident(value, n_classes):
    constant, other = np.full((1, n_classes), value), np.eye(1, n_classes)
    scores = LogitNorm(p=3, center=True).score(np.vstack([constant, other, constant]))
    assert scores[0] == scores[2] == -1.0
    assert scores[1] > 0


def test_uncentred_only_rows_of_zeros_are_least_confident():
    # 0.1 three times: 0.1 / (3 * 0.1^2)^(1/2) = 1 / sqrt(3); with the sign turned it is the negative of that.
    scores = LogitNorm(p=2, center=False).score([[0.0, 0.0, 0.0], [0.1, 0.1, 0.1], [-0.1, -0.1, -0.1]])
    assert scores == pytest.approx([-1.0, 1 / np.sqrt(3), -1 / np.sqrt(3)])


@repeatable
@given(logits_of(eighths), st.sampled_from([1, 2, 3, 7]), st.booleans())
def test_whole_exponents_and_their_real_neighbours_agree(logits, p, center):
    whole, real = LogitNorm(p=p, center=center), LogitNorm(p=p + 1e-13, center=center)
    assert real.p != whole.p
    np.testing.assert_allclose(real.score(logits), whole.score(logits), rtol=1e-11, atol=1e-11)


def test_a_large_exponent_tends_to_the_sign_of_the_largest_logit():
    logits = [[5.0, -4.0, 1.0], [1.0, -4.0, 1.0]]  # 5/5, and 1/4
    assert LogitNorm(p=300, center=False).score(logits) == pytest.approx([1.0, 0.25])


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("scale", [1e300, 1e-300, 5e307, 1e-310])  # the last two at the ends of float64
def test_neither_huge_nor_tiny_logits_leave_the_range_of_floats(scale, center):
    logits = np.array([[3.0, 1.0, -1.0, 0.5], [2.0, 2.0, -3.0, 1.0]])
    for p in (1, 3, 10, 2.5):
        score = LogitNorm(p=p, center=center).score
        np.testing.assert_allclose(score(logits * scale), score(logits), rtol=1e-9)


@pytest.mark.parametrize("center", [True, False])
def test_float64_logits_are_not_normalised_in_place(center):
    logits, labels = random_case()
    tensor, before = torch.from_numpy(logits.copy()), logits.copy()
    LogitNorm.fit(logits, labels, center=center)
    LogitNorm(p=2, center=center).score(logits)
    LogitNorm(p=2, center=center).score(tensor)
    np.testing.assert_array_equal(logits, before)
    np.testing.assert_array_equal(tensor.numpy(), before)


@pytest.mark.parametrize("center", [True, False])
def test_float32_and_float64_of_the_same_logits_score_the_same(center):
    logits = random_case()[0].astype(np.float32)
    scores = LogitNorm(p=3, center=center).score(logits)
    assert scores.dtype == np.float64
    np.testing.assert_array_equal(scores, LogitNorm(p=3, center=center).score(logits.astype(np.float64)))


def test_rows_keep_their_order_however_many_there_are():
    logits = np.random.default_rng(0).normal(size=(2**17 + 3, 4))  # two blocks of rows and a short one
    scores = LogitNorm(p=2, center=False).score(logits)
    np.testing.assert_allclose(scores, logits.max(axis=1) / np.linalg.norm(logits, axis=1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_logits_warn(dtype):
    logits = torch.tensor([[3.0, 1.0, -1.0]], dtype=getattr(torch, dtype))
    with pytest.warns(UserWarning, match=f"logits are {dtype}"):
        LogitNorm(p=2).score(logits)


@pytest.mark.parametrize("log", [False, True])
def test_uncentred_rows_that_look_like_probabilities_warn(log):
    probabilities = torch.tensor(random_case()[0]).softmax(dim=1)
    with pytest.warns(UserWarning, match="probabilities"):
        LogitNorm(p=2, center=False).score(probabilities.log() if log else probabilities)


def test_without_a_p_the_score_is_msp():
    logits = random_case()[0]
    np.testing.assert_array_equal(LogitNorm(p=None).score(logits), msp(logits))
    np.testing.assert_array_equal(LogitNorm(p=None).score(logits[:, :1]), msp(logits[:, :1]))


@pytest.mark.parametrize("p", [0.99, 0, -2, np.inf, np.nan])
def test_exponents_that_make_no_norm_are_refused(p):
    with pytest.raises(abstain.InputError, match=r"p is .*, but must be a finite number of at least 1"):
        LogitNorm(p=p)
    with pytest.raises(abstain.InputError, match=r"p is .*, but must be a finite number of at least 1"):
        LogitNorm.fit(*random_case(), p_grid=[1, p])


def test_bad_logits_are_refused():
    with pytest.raises(abstain.InputError, match="1 of 1 rows of logits hold NaN or infinite values"):
        LogitNorm(p=2).score([[1.0, np.nan, 0.0]])


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("n_classes", [1, 2])
def test_for_two_classes_a_p_given_by_hand_is_refused(n_classes, center):
    with pytest.raises(abstain.InputError, match=f"K = {n_classes}, but a p-norm says nothing about two classes"):
        LogitNorm(p=3, center=center).score(np.ones((4, n_classes)))


@pytest.mark.parametrize("n_classes", [1, 2, 5])
def test_a_fit_is_for_logits_of_its_own_classes(n_classes):
    logits, labels = random_case(n_classes=5)
    fitted = LogitNorm.fit(logits[:, :n_classes], labels % max(2, n_classes), fallback="never")
    assert fitted.n_logits == n_classes
    assert len(fitted.score(logits[:, :n_classes])) == len(logits)
    with pytest.raises(abstain.InputError, match=f"have K = 4, but the validation logits that chose p K = {n_classes}"):
        fitted.score(logits[:, :4])
    assert len(LogitNorm(3).score(logits[:, :4])) == len(logits), "a p given by hand is for any"


def test_a_fit_has_a_name_and_a_label():
    assert (LogitNorm(2.5).name, LogitNorm(2.5).label) == ("max_logit_pnorm", "p-norm, p = 2.5")
    assert LogitNorm(3, center=False).label == "uncentred p-norm, p = 3"
    assert (LogitNorm(None).name, LogitNorm(None).label) == ("msp", "p-norm (falls back to MSP)")


def test_json_brings_back_exactly_the_same_object():
    fitted = LogitNorm.fit(*random_case(), p_grid=[1, 2.7, 4], center=False, fallback="never")
    text = json.dumps(fitted.to_dict(), allow_nan=False)
    back = LogitNorm.from_dict(json.loads(text))
    assert back == fitted
    assert (back.reason, back.search, back.n_logits) == (fitted.reason, fitted.search, 5)
    logits = random_case(seed=2)[0]
    np.testing.assert_array_equal(back.score(logits), fitted.score(logits))


@pytest.mark.parametrize("norm", [LogitNorm(p=None), LogitNorm(p=1 / 3 + 1, center=False)])
def test_json_brings_back_what_was_given_by_hand(norm):
    assert LogitNorm.from_dict(json.loads(json.dumps(norm.to_dict()))) == norm


@pytest.mark.parametrize("values", [{}, {"center": True}, {"p": 2, "centre": True}])
def test_a_dictionary_without_p_or_with_an_unknown_key_is_refused(values):
    with pytest.raises(
        abstain.InputError, match=r"has the keys .*, but must have all of \['p'\], and no other than \["
    ):
        LogitNorm.from_dict(values)


def test_a_dictionary_of_version_0_1_0_is_read():
    candidate = {"p": 2.0, "aurc": 0.0078, "gain": -0.0013, "gain_standard_error": 0.0009}
    old = {"p": 2.0, "center": False, "reason": "on validation data p = 2 has AURC 0.0078", "search": [candidate]}
    norm = LogitNorm.from_dict(old)
    assert norm == LogitNorm(2, center=False) and norm.n_logits is None
    assert norm.reason == old["reason"] and norm.search[0].gain == -0.0013


def test_a_dictionary_of_another_score_is_refused():
    with pytest.raises(abstain.InputError, match="unknown score of a LogitNorm 'energy'"):
        LogitNorm.from_dict({"score": "energy", "p": 2})


def test_a_dictionary_with_an_unknown_key_in_its_search_is_refused():
    values = LogitNorm.fit(*random_case()).to_dict()
    values["search"][1]["auc"] = values["search"][1].pop("aurc")
    with pytest.raises(abstain.InputError, match="auc"):
        LogitNorm.from_dict(values)


def test_a_huge_p_is_the_maximum_norm_and_takes_no_loop():
    logits = np.array([[3.0, 1.0, 0.5, -1.0], [2.0, -4.0, 1.0, 0.0]])
    np.testing.assert_allclose(LogitNorm(1e9, center=False).score(logits), [1.0, 0.5])
