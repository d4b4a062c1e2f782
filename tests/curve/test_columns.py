import numpy as np
import pytest

from abstain._threads import FEW
from abstain.curve.columns import fill_columns


@pytest.mark.parametrize("n_slices", [1, FEW + 9])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_parts_come_one_after_the_other_in_the_order_of_the_slices(n_slices, share):
    slices = [slice(10 * number, 10 * number + number % 4) for number in range(n_slices, 0, -1)]
    most = [some.stop - some.start for some in slices]

    def numbers(some):
        places = np.arange(some.start, some.stop)
        few = places[: round(share * len(places))]
        return [few, places.astype(np.float32)]

    found = fill_columns(numbers, slices, most, (np.int64, np.float32))
    expected = [np.concatenate(column) for column in zip(*map(numbers, slices), strict=True)]
    for column, wanted in zip(found, expected, strict=True):
        assert column.dtype == wanted.dtype
        np.testing.assert_array_equal(column, wanted)


def test_of_few_rows_no_memory_of_many_is_held():
    (column,) = fill_columns(lambda some: [np.arange(some.start, some.start + 1)], [slice(0, 90)], [90], (np.int64,))
    assert column.tolist() == [0] and column.base is None
