import numpy as np
import pytest

from abstain.curve import value_sort
from abstain.curve.value_sort import sort_values

RNG = np.random.default_rng(0)


@pytest.fixture(params=[True, False], ids=["as words", "as they are"])
def as_words(request, monkeypatch):
    monkeypatch.setattr(value_sort, "MANY", 1)
    monkeypatch.setattr(value_sort, "bucket_sort_is_faster", lambda itemsize: request.param)


def special(dtype):
    tiny = np.finfo(dtype).smallest_subnormal
    values = [0.0, -0.0, tiny, -tiny, 1.0, -1.0, np.nextafter(dtype(1), dtype(2)), np.finfo(dtype).max, np.inf, -np.inf]
    return np.array(values, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_of_both_signs_come_in_their_order(dtype, as_words):
    normal = RNG.standard_normal(300_000).astype(dtype)
    for values in (normal, normal[::-2], RNG.choice(special(dtype), 5000), normal[:1], special(dtype)):
        kept = values.copy()
        values.flags.writeable = False
        found = sort_values(values)
        assert found.dtype == dtype and not np.shares_memory(found, values)
        np.testing.assert_array_equal(found, np.sort(values))
        np.testing.assert_array_equal(values, kept)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_bit_comes_back(dtype, as_words):
    for value in special(dtype):
        assert sort_values(np.array([value])).tobytes() == value.tobytes()
