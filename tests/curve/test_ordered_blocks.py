import numpy as np
import pytest

from abstain._threads import SLICE_LENGTH
from abstain.curve.ordered_blocks import blocks_in_order, first_of_block
from abstain.curve.packed_sort import sort_samples


def test_three_blocks_as_worked_by_hand():
    # By confidence: 3 | 2, 2, 2 | 1 with losses 0 | 4, 0, 1 | 0.5
    confidence, loss = np.array([2.0, 1.0, 2.0, 3.0, 2.0]), np.array([4.0, 0.5, 0.0, 0.0, 1.0])
    order = np.argsort(-confidence, kind="stable")
    blocks = blocks_in_order(confidence[order], loss[order], is_binary=False)
    assert (blocks.start.tolist(), blocks.stop.tolist()) == ([1, 4], [4, 5])
    assert (blocks.sum_error.tolist(), blocks.count.tolist()) == ([5.0, 0.5], [2.0, 1.0])
    assert blocks.losses.tolist() == [1.0, 4.0, 0.5] and blocks.ascending.tolist() == [0.5, 1.0, 4.0]
    assert [first_of_block(confidence[order], position) for position in range(5)] == [0, 1, 1, 1, 4]


@pytest.mark.parametrize("levels", [2, 1000, None])
@pytest.mark.parametrize("n_samples", [2 * SLICE_LENGTH + 5, 50, 1])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_0_1_errors_give_the_blocks_of_a_sort_of_words(levels, n_samples, share):
    rng = np.random.default_rng(0)
    confidence = rng.random(n_samples) if levels is None else rng.integers(0, levels, n_samples) / levels
    error = (rng.random(n_samples) < share).astype(np.int8)
    order = np.argsort(-confidence)
    found = blocks_in_order(confidence[order], error[order], is_binary=True)
    _, expected = sort_samples(confidence, error)
    for name in ("start", "stop", "sum_error", "count"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert found.losses is None


def test_the_order_of_tied_losses_makes_no_difference_to_the_last_bit():
    rng = np.random.default_rng(0)
    confidence, loss = np.zeros(500), rng.random(500)
    orders = [rng.permutation(500) for _ in range(5)]
    sums = {float(blocks_in_order(confidence, loss[order], is_binary=False).sum_error[0]) for order in orders}
    assert len(sums) == 1
