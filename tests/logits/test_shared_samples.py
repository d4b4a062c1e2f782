import numpy as np
import pytest

from abstain.logits import read_predictions
from abstain.logits.shared_samples import MOST_SHARED, n_shared


@pytest.fixture
def logits():
    return np.random.default_rng(0).normal(size=(400, 5))


def samples(logits, labels=None):
    return read_predictions((logits, np.arange(len(logits)) % logits.shape[1] if labels is None else labels))


def test_other_samples_share_none(logits):
    assert n_shared(samples(logits[:200]), samples(logits[200:])) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_part_of_the_samples_in_any_order_is_found(logits, dtype):
    logits, labels = logits.astype(np.float32), np.arange(400) % 5
    part = np.random.default_rng(1).permutation(400)[:90]
    assert n_shared(samples(logits[part].astype(dtype), labels[part]), samples(logits, labels)) == 90


def test_equal_rows_with_other_labels_are_other_samples(logits):
    assert n_shared(samples(logits, np.zeros(400, int)), samples(logits, np.ones(400, int))) == 0


@pytest.mark.parametrize(("share", "found"), [(MOST_SHARED / 2, 0), (2 * MOST_SHARED, 80)])
def test_a_few_inputs_may_come_twice(logits, share, found):
    labels, n = np.arange(400) % 5, int(400 * share)
    others = np.random.default_rng(2).normal(size=(400, 5))
    others[:n] = logits[:n]
    assert n_shared(samples(others, labels), samples(logits, labels)) == found


def test_of_rows_that_rounding_made_alike_only_the_whole_set_is_the_same():
    rng = np.random.default_rng(0)
    probability = rng.integers(0, 11, 500) / 10
    rows, labels = np.column_stack([probability, 1 - probability]), rng.integers(0, 2, 500)
    assert n_shared(samples(rows[:250], labels[:250]), samples(rows[250:], labels[250:])) == 0
    assert n_shared(samples(rows[:250], labels[:250]), samples(rows, labels)) == 0, "nothing tells"
    order = rng.permutation(500)
    assert n_shared(samples(rows[order], labels[order]), samples(rows, labels)) == 500


def test_a_confidence_is_told_apart_too():
    rng = np.random.default_rng(0)
    confidence, error = rng.random(300), rng.integers(0, 2, 300)
    whole, part = (read_predictions({"confidence": confidence[:n], "error": error[:n]}) for n in (300, 100))
    other = read_predictions({"confidence": rng.random(300), "error": error})
    assert (n_shared(part, whole), n_shared(other, whole)) == (100, 0)
