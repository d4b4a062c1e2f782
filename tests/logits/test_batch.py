import numpy as np
import torch

from abstain.logits.batch import Batch, LabelledLogits


def test_logits_are_kept_as_float32_with_their_labels_and_the_rows_that_were_left_out():
    batch = Batch({}, [4, 6], torch.tensor([1, 0]), {5: "does not decode", 7: "neither"})
    kept = batch.labelled(torch.tensor([[0.5, 1.0], [2.0, -1.0]], dtype=torch.bfloat16))
    assert kept.logits.dtype == np.float32 and kept.logits.tolist() == [[0.5, 1.0], [2.0, -1.0]]
    assert kept.labels.dtype == np.int64 and kept.labels.tolist() == [1, 0]
    assert kept.sample is None and kept.skipped == [5, 7]


def test_pieces_are_joined_in_their_order():
    first = LabelledLogits(np.ones((1, 2), np.float32), np.array([1]), np.array([3]), [0, 2])
    second = LabelledLogits(np.zeros((2, 2), np.float32), np.array([0, 1]), np.array([5, 6]), [4])
    joined = LabelledLogits.joined([first, second], n_classes=2)
    assert joined.logits.tolist() == [[1, 1], [0, 0], [0, 0]] and joined.labels.tolist() == [1, 0, 1]
    assert joined.sample.tolist() == [3, 5, 6] and joined.skipped == [0, 2, 4]


def test_a_piece_without_a_row_changes_nothing_but_what_was_skipped():
    piece = LabelledLogits(np.ones((1, 2), np.float32), np.array([1]))
    none = Batch({}, [], torch.zeros(0, dtype=torch.int64), {9: "bad"}).labelled(torch.zeros(0, 2))
    joined = LabelledLogits.joined([none, piece], n_classes=2)
    assert joined.logits.tolist() == [[1, 1]] and joined.sample is None and joined.skipped == [9]
    nothing = LabelledLogits.joined([], n_classes=3)
    assert nothing.logits.shape == (0, 3) and nothing.labels.shape == (0,) and nothing.labels.dtype == np.int64
