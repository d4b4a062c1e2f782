import warnings

import numpy as np
import pytest
import torch
from scipy.special import softmax

from abstain.scores.rows import LogitRows, as_pairs, score_in_blocks
from abstain.scores.softmax import SCORES, classification_error, energy, max_logit, msp, score_all

random_logits = np.random.default_rng(0).normal(size=(20, 5))
probabilities = softmax(random_logits, axis=1)


def test_what_is_read_of_a_row_as_worked_by_hand():
    # log 6, log 3, log 1: of the others relative to the second, 3/3 + 1/3 and their squares; all over the first 10/6.
    rows = LogitRows(torch.log(torch.tensor([[3.0, 6.0, 1.0]], dtype=torch.float64)))
    assert rows.predicted.tolist() == [[1]]
    assert rows.gap.exp().item() == pytest.approx(2, abs=1e-14)
    assert rows.sum_others.item() == pytest.approx(4 / 3, abs=1e-14)
    assert rows.sum_others_squared.item() == pytest.approx(10 / 9, abs=1e-14)
    assert rows.sum_others_gap.item() == pytest.approx(np.log(2) + np.log(6) / 3, abs=1e-14)
    assert (rows.small.item(), rows.denominator.item()) == pytest.approx((1 / 2, 10 / 6), abs=1e-14)


def test_one_logit_is_the_pair_of_zero_and_itself():
    logit = torch.tensor([[2.0], [-1.0]])
    assert as_pairs(logit).tolist() == LogitRows(logit).logits.tolist() == [[0, 2], [0, -1]]
    pair = torch.zeros(3, 2)
    assert as_pairs(pair) is pair


def test_the_largest_of_the_others_are_what_they_are_below_the_second():
    rows = LogitRows(torch.tensor([[1.0, 9.0, 4.0, 3.0], [5.0, 5.0, 2.0, 0.0]]))
    assert rows.largest_others(2).sort(dim=1).values.tolist() == [[-1, 0], [-3, 0]]
    assert rows.largest_others(4).sort(dim=1).values.tolist() == [[-np.inf, -3, -1, 0], [-np.inf, -5, -3, 0]]


def test_the_probability_of_a_confident_row_leaves_its_remainder():
    rows = LogitRows(torch.tensor([[500.0, 0.0, 0.0]], dtype=torch.float64))
    assert rows.log_probability.item() == pytest.approx(-2 * np.exp(-500))
    assert rows.log_remainder.item() == pytest.approx(np.log(2) - 500)


def test_a_score_in_blocks_warns_of_half_precision_once():
    logits = torch.zeros(40, 2, dtype=torch.bfloat16)
    with pytest.warns(UserWarning, match="logits are bfloat16: rounding ties many samples") as found:
        score_in_blocks(logits, lambda block: block.sum(dim=1), block_elements=4)
    assert len(found) == 1


@pytest.mark.parametrize("score", [*SCORES.values(), score_all])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_warn(score, dtype):
    with pytest.warns(UserWarning, match="the rows look like probabilities, but must be logits"):
        score(probabilities.astype(dtype))


@pytest.mark.parametrize("score", [max_logit, energy, score_all])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_probabilities_warn_where_the_shift_that_they_have_lost_is_read(score, dtype):
    with pytest.warns(UserWarning, match="the rows look like log-probabilities, but this score needs logits"):
        score(np.log(probabilities).astype(dtype))


@pytest.mark.parametrize(
    ("names", "logits"),
    [
        (["msp", "logit_margin", "softmax_margin", "negative_entropy", "doctor", "gen"], np.log(probabilities)),
        (list(SCORES), random_logits),
        (list(SCORES), np.ones((20, 1))),  # one logit of a pair is no probability
        (list(SCORES), np.zeros((20, 1))),
    ],
)
def test_other_rows_do_not_warn(names, logits):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score_all(logits, names)
        for name in names:
            SCORES[name](logits)


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


@pytest.mark.parametrize("n_classes", [1, 3])
def test_inputs_are_not_changed_in_place(n_classes):
    array = np.random.default_rng(0).normal(size=(5, n_classes))
    tensor, before = torch.from_numpy(array.copy()), array.copy()
    msp(array)
    msp(tensor)
    classification_error(array, np.zeros(5, dtype=int))
    np.testing.assert_array_equal(array, before)
    np.testing.assert_array_equal(tensor.numpy(), before)
