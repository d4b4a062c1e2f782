import numpy as np
import pytest

from abstain.curve.columns import fill_columns


@pytest.mark.parametrize("n_slices", [1, 2, 13])
def test_parts_come_one_after_the_other_in_the_order_of_the_slices(n_slices):
    slices = [slice(10 * number, 10 * number + number % 4) for number in range(n_slices, 0, -1)]

    def numbers(some):
        places = np.arange(some.start, some.stop)
        return [places[::2], places.astype(np.float32)]

    parts = list(map(numbers, slices))
    found = fill_columns(numbers, slices, [[len(part) for part in one] for one in parts], (np.int64, np.float32))
    for column, wanted in zip(found, map(np.concatenate, zip(*parts, strict=True)), strict=True):
        assert column.dtype == wanted.dtype
        np.testing.assert_array_equal(column, wanted)


def test_a_part_that_is_longer_than_was_said_is_an_error():
    with pytest.raises(ValueError, match="broadcast"):
        fill_columns(lambda some: [np.arange(3)], [slice(0, 2), slice(2, 4)], [[2], [2]], (np.int64,))
