import numpy as np
import pytest
from logit_oracle import logit_marks
from scipy.special import softmax

from abstain import InputError
from abstain.audit.logit_shape import LogitShape
from abstain.scores.batches import ValueBatches
from abstain.scores.kinds import read_values


def shape_of(values, labels, kind="logits"):
    return LogitShape.of(ValueBatches.of(read_values(values, labels, input=kind)))


def test_a_row_worked_by_hand():
    # mean 1, so that the largest is 3 above it; the others are 0, 0 and 0, and e⁴ stands against 3
    shape = shape_of(np.array([[0.0, 4.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0]]), [1, 0])
    assert shape.height[0] == 3 and shape.spread[0] == 0 and shape.error.tolist() == [0, 1]
    assert shape.log_odds[0] == pytest.approx(4 - np.log(3))
    p = np.exp(4) / (np.exp(4) + 3)
    assert shape.of_label[0] == pytest.approx(p)
    assert shape.squares[0] == pytest.approx(p**2 + 3 * ((1 - p) / 3) ** 2)
    assert shape.spread[1] == pytest.approx(np.std([1, 2, 3]))
    assert shape.is_tied.tolist() == [True, False]


def test_it_is_the_oracle(twelve_classes):
    logits, labels = twelve_classes
    shape = shape_of(logits, labels)
    marks = np.array([logit_marks(row) for row in logits])
    assert np.allclose(np.stack([shape.log_odds, shape.height, shape.spread], axis=1), marks, rtol=1e-12, atol=1e-12)
    p = softmax(logits, axis=1)
    assert np.allclose(shape.of_label, p[np.arange(400), labels]) and np.allclose(shape.squares, (p**2).sum(axis=1))
    assert shape.error.sum() == (logits.argmax(axis=1) != labels).sum()


def test_the_shift_of_a_row_is_not_seen_nor_the_input_changed(twelve_classes):
    logits, labels = twelve_classes
    before = logits.copy()
    shape, shifted = shape_of(logits, labels), shape_of(logits + 100 * np.arange(400)[:, None], labels)
    of_logs = shape_of(np.log(softmax(logits, axis=1)), labels, "log-probabilities")
    of_probabilities = shape_of(softmax(logits, axis=1), labels, "probabilities")
    for other in (shifted, of_logs, of_probabilities):
        for name in ("log_odds", "height", "spread", "of_label", "squares"):
            assert np.allclose(getattr(other, name), getattr(shape, name), rtol=1e-9, atol=1e-9), name
    assert np.array_equal(logits, before)


def test_constant_rows_are_not_tied_and_cut_off_rows_are():
    values = np.array([[0.25, 0.25, 0.25, 0.25], [0.9, 0.05, 0.025, 0.025]])
    shape = shape_of(values, [0, 0], "probabilities")
    assert shape.is_tied.tolist() == [False, True] and shape.height[0] == shape.spread[0] == 0
    with pytest.raises(InputError, match="exactly 0"):
        shape_of(np.array([[1.0, 0.0, 0.0], [0.5, 0.25, 0.25]]), [0, 0], "probabilities")
