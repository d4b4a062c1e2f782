import warnings

import numpy as np
import oracle
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax

import abstain
from abstain.scores import SCORES, classification_error, msp

repeatable = settings(deadline=None, derandomize=True, max_examples=60)

few_values = st.integers(-2, 2).map(float)  # so that logits tie inside a row, and rows with each other
many_values = st.floats(-50, 50)


def logits_of(values, min_classes=2, max_classes=6):
    rows = st.integers(min_classes, max_classes).flatmap(
        lambda k: st.lists(st.lists(values, min_size=k, max_size=k), min_size=1, max_size=8)
    )
    return rows.map(np.array)


any_logits = logits_of(few_values) | logits_of(many_values)


def test_probabilities_of_6_3_and_1_tenths_as_worked_by_hand():
    # Logits ln 6, ln 3, ln 1 have softmax 0.6, 0.3, 0.1; the odds of the first are 6 : (3 + 1) = 1.5.
    assert msp(np.log([[6.0, 3.0, 1.0]])) == pytest.approx([np.log(1.5)], abs=1e-15)


def test_equal_logits_have_the_lowest_log_odds():
    # Each of K = 4 classes has 1/4, and the odds are 1 : 3.
    assert msp(np.full((1, 4), 7.0)) == pytest.approx([-np.log(3)], abs=1e-15)


@repeatable
@given(any_logits)
def test_msp_is_the_oracle_s_row_by_row(logits):
    np.testing.assert_allclose(msp(logits), [oracle.msp_log_odds(row) for row in logits], rtol=1e-12, atol=1e-12)


@repeatable
@given(logits_of(st.floats(-8, 8)))
def test_expit_of_msp_is_the_maximum_softmax_probability(logits):
    np.testing.assert_allclose(expit(msp(logits)), softmax(logits, axis=1).max(axis=1), rtol=1e-12)
    np.testing.assert_allclose(expit(msp(logits)), [max(oracle.softmax(row)) for row in logits], rtol=1e-12)


@repeatable
@given(any_logits, st.integers(-100, 100))
def test_a_shift_of_a_row_or_an_order_of_its_classes_does_not_matter(logits, shift):
    np.testing.assert_allclose(msp(logits + shift), msp(logits), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(msp(logits[:, ::-1]), msp(logits), rtol=1e-12, atol=1e-12)


def test_msp_of_confident_float32_logits_stays_distinct_where_softmax_saturates():
    gaps = np.arange(40, 201, dtype=np.float32)
    logits = np.stack([gaps, np.zeros_like(gaps), -gaps], axis=1)
    assert (torch.from_numpy(logits).softmax(dim=1).amax(dim=1) == 1.0).all()  # what is lost otherwise
    assert (np.diff(msp(logits)) > 0.5).all()


def test_msp_of_huge_logits_is_finite():
    assert msp([[1e300, 0.0, -1e300], [0.0, -1e300, -1e300]]).tolist() == [1e300, 1e300]


@repeatable
@given(logits_of(many_values, 1, 1))
def test_one_logit_stands_for_the_pair_of_zero_and_itself(logits):
    pair = np.hstack([np.zeros_like(logits), logits])
    np.testing.assert_array_equal(msp(logits), msp(pair))
    for label in (0, 1):
        labels = np.full(len(logits), label)
        np.testing.assert_array_equal(classification_error(logits, labels), classification_error(pair, labels))


@pytest.mark.parametrize("n_classes", [1, 3])
@pytest.mark.parametrize("n_samples", [2**19, 2**18 + 5])  # whole blocks of rows, and a short last one
def test_rows_keep_their_order_however_many_there_are(n_samples, n_classes):
    logits = np.random.default_rng(0).normal(size=(n_samples, n_classes)).astype(np.float32)
    whole, wide = msp(logits), logits.astype(np.float64)
    if n_classes == 1:
        np.testing.assert_array_equal(whole, np.abs(wide[:, 0]))
    else:
        wide = np.sort(wide, axis=1)
        np.testing.assert_allclose(whole, wide[:, 2] - np.logaddexp(wide[:, 0], wide[:, 1]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_logits_warn_that_rounding_ties_samples(dtype):
    logits = torch.tensor([[2.0, 0.0], [1.0, 0.0]], dtype=getattr(torch, dtype))
    with pytest.warns(UserWarning, match=f"logits are {dtype}: rounding ties many samples"):
        assert msp(logits).tolist() == [2.0, 1.0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_wide_logits_do_not_warn(dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert msp(torch.tensor([[2, 0], [1, 0]], dtype=dtype)).tolist() == [2.0, 1.0]


def read_only(rows):
    array = np.array(rows)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "convert",
    [
        list,
        np.array,
        np.float32,
        np.int32,
        read_only,
        lambda rows: np.array(rows, dtype=">f8"),
        lambda rows: np.array([row[::-1] for row in rows])[:, ::-1],
        lambda rows: np.asfortranarray(np.array(rows)),
        torch.tensor,
        lambda rows: torch.tensor(rows, dtype=torch.float32, requires_grad=True),
        lambda rows: torch.tensor(rows).T.contiguous().T,
        pd.DataFrame,
    ],
)
def test_any_kind_of_array_gives_the_same_scores_in_float64(convert):
    rows = [[3.0, 1.0, 0.0], [0.0, 2.0, 2.0]]
    scores = msp(convert(rows))
    assert isinstance(scores, np.ndarray)
    assert scores.dtype == np.float64
    np.testing.assert_array_equal(scores, msp(np.array(rows)))
    np.testing.assert_array_equal(classification_error(convert(rows), [0, 0]), [0.0, 1.0])


@pytest.mark.parametrize("n_classes", [1, 3])
def test_inputs_are_not_changed_in_place(n_classes):
    array = np.random.default_rng(0).normal(size=(5, n_classes))
    tensor, before = torch.from_numpy(array.copy()), array.copy()
    msp(array)
    msp(tensor)
    classification_error(array, np.zeros(5, dtype=int))
    np.testing.assert_array_equal(array, before)
    np.testing.assert_array_equal(tensor.numpy(), before)


def test_the_table_of_scores_holds_functions_of_logits_alone():
    assert SCORES["msp"] is msp
    for score in SCORES.values():
        assert score(np.zeros((4, 3))).shape == (4,)


@repeatable
@given(any_logits | logits_of(few_values, 1, 1), st.randoms(use_true_random=False))
def test_the_error_is_that_of_the_first_largest_logit(logits, random):
    labels = np.array([random.randrange(max(logits.shape[1], 2)) for _ in logits])
    error = classification_error(logits, labels)
    assert error.dtype == np.float64
    assert error.tolist() == oracle.argmax_error(logits, labels)


@pytest.mark.parametrize("labels", [[1, 0], (1, 0), torch.tensor([1, 0]), pd.Series([1, 0], index=[1, 0])])
def test_labels_of_any_kind_are_compared_by_position(labels):
    assert classification_error([[0.0, 1.0], [0.0, 1.0]], labels).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("logits", "message"),
    [
        ([1.0, 2.0], r"logits have shape \(2,\), but must be \(N, K\)"),
        (np.zeros((2, 3, 4)), r"logits have shape \(2, 3, 4\), but must be \(N, K\)"),
        (np.zeros((0, 3)), "the set of samples is empty"),
        (np.zeros((3, 0)), r"logits have no class \(K = 0\)"),
        ([[1.0, np.nan], [np.inf, 0.0], [0.0, 0.0]], "2 of 3 rows of logits hold NaN or infinite values"),
        (torch.tensor([[-torch.inf, 0.0]]), "1 of 1 rows of logits hold NaN or infinite values"),
        ([["a", "b"]], "logits hold <U1, but must hold real numbers"),
        (np.array([[1j, 2]]), "logits hold complex128, but must hold real numbers"),
        (torch.tensor([[1j, 2]]), "logits hold .*complex64, but must hold real numbers"),
    ],
)
def test_bad_logits_are_refused(logits, message):
    with pytest.raises(abstain.InputError, match=message):
        msp(logits)
    with pytest.raises(abstain.InputError, match=message):
        classification_error(logits, [0, 0])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 2], "there are 2 rows of logits and 3 labels"),
        ([0, 3], "a label is 3, but must be from 0 to 2 for 3 column"),
        ([-100, 0], "a label is -100, but must be from 0 to 2"),
        ([0.0, 1.0], "labels hold float64, but must be integers from 0 to 2"),
        ([[0], [1]], r"labels have shape \(2, 1\), but must be one-dimensional"),
    ],
)
def test_bad_labels_are_refused(labels, message):
    with pytest.raises(abstain.InputError, match=message):
        classification_error(np.zeros((2, 3)), labels)


def test_one_column_of_logits_knows_two_labels():
    with pytest.raises(abstain.InputError, match="a label is 2, but must be from 0 to 1"):
        classification_error(np.zeros((2, 1)), [0, 2])
