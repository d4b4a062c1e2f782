import numpy as np
import pytest

from abstain._threads import SLICE_LENGTH
from abstain.curve.packed_order import descending_order

RNG = np.random.default_rng(0)
STEP = 2.0**-52
CASES = {
    "anything": RNG.normal(size=70_000),
    "levels": np.floor(3 * RNG.random(5000)),
    "one": np.array([1.0]),
    "zeros, infinities, and the smallest": np.array([0.0, -0.0, np.inf, -np.inf, 5e-324, -5.0, -5e-324]),
    "more levels than 8 bits tell, in runs": np.repeat(RNG.normal(size=300), 4),
    "the last bits alone, beside one far away": np.append(1 + STEP * RNG.integers(0, 5, 40_000), -1e300),
    "every size": RNG.normal(size=9000) * 10.0 ** RNG.integers(-300, 300, 9000),
    "more than a slice": RNG.random(SLICE_LENGTH + 3),
    "ties, and one off by the last bit, beside one far away": np.append(
        np.where(np.arange(3 * SLICE_LENGTH) == SLICE_LENGTH, 1 - STEP, 1.0), -1e300
    ),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_the_order_is_that_of_the_confidences_and_ranks_fall_by_one_where_they_do(name, dtype):
    with np.errstate(over="ignore", under="ignore"):
        confidence = CASES[name].astype(dtype)
    kept = confidence.copy()
    order, ranks = descending_order(confidence)
    np.testing.assert_array_equal(confidence[order], np.sort(confidence)[::-1])
    np.testing.assert_array_equal(np.sort(order), np.arange(len(confidence)))
    np.testing.assert_array_equal(ranks, np.unique(confidence, return_inverse=True)[1][order])
    assert ranks.itemsize <= 4
    np.testing.assert_array_equal(confidence, kept)
