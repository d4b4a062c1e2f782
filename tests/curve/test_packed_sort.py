import numpy as np
import pytest

import abstain
from abstain._threads import SLICE_LENGTH
from abstain.curve import packed_sort
from abstain.curve.error_blocks import error_blocks


def both_ways(confidence, error):
    """The confidences and the error blocks, by words and by values."""
    ascending = np.sort(confidence)
    by_values = error_blocks(ascending, confidence[error != 0])
    return packed_sort.sort_packed(confidence, error), (ascending, by_values)


def assert_same(confidence, error):
    (ascending, by_words), (expected, by_values) = both_ways(confidence, error)
    assert ascending.dtype == confidence.dtype
    np.testing.assert_array_equal(ascending, expected)
    for name in ("start", "stop", "sum_error", "count"):
        found = getattr(by_words, name)
        assert found.dtype == getattr(by_values, name).dtype
        np.testing.assert_array_equal(found, getattr(by_values, name), err_msg=name)
    assert by_words.losses is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("levels", [1, 3, 1000, 2**24, None])
@pytest.mark.parametrize("n_samples", [2 * SLICE_LENGTH + 5, 50, 1])
def test_words_and_values_give_the_same_blocks(dtype, sign, levels, n_samples):
    # Two slices and a bit: tie blocks of any length lie across their ends.
    rng = np.random.default_rng(0)
    confidence = rng.random(n_samples) if levels is None else rng.integers(0, levels, n_samples) / levels
    confidence = (sign * confidence).astype(dtype)
    kept = confidence.copy()
    for share in (0.0, 0.3, 1.0):
        assert_same(confidence, (rng.random(n_samples) < share).astype(np.int8))
    np.testing.assert_array_equal(confidence, kept)


@pytest.mark.parametrize("n_correct", range(packed_sort.SHORT + 3))
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_the_first_of_a_tie_block_is_found_however_many_correct_stand_before_its_errors(n_correct, place):
    block = [0] * n_correct + [1, 1]
    below, above = {"first": (0, 3), "middle": (3, 3), "last": (3, 0)}[place]
    confidence = np.array([0.25] * below + [0.5] * len(block) + [0.75] * above)
    assert_same(confidence, np.array([0] * below + block + [0] * above))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sign", [1, -1])
def test_zeros_infinities_and_the_smallest_numbers_keep_their_ranks(dtype, sign):
    tiny = np.finfo(dtype).smallest_subnormal
    values = sign * np.array([0.0, -0.0, tiny, 2 * tiny, 1.0, np.nextafter(dtype(1), dtype(2)), np.inf], dtype)
    for error in (np.tile([0, 1], 7), np.tile([1, 0], 7), np.repeat([0, 1], 7), np.repeat([1, 0], 7)):
        assert_same(np.repeat(values, 2), error)
        assert_same(np.tile(values, 2), error)


def test_confidences_of_both_signs_are_left_to_the_other_way():
    assert packed_sort.have_one_sign(np.array([0.0, -0.0, 1.0]))
    assert packed_sort.have_one_sign(np.array([0.0, -0.0, -1.0]))
    assert not packed_sort.have_one_sign(np.array([1.0, -1.0]))
    shifted = abstain.aurc([0.0, 1.0, 2.0, 2.0], [1, 0, 0, 1])
    assert abstain.aurc([-1.0, 0.0, 1.0, 1.0], [1, 0, 0, 1]) == shifted


def test_a_column_of_a_table_is_read_where_it_lies():
    table = np.random.default_rng(0).random((100, 3)).astype(np.float32)
    confidence, error = table[:, 1], table[:, 2] > 0.5
    assert_same(confidence, error)
    assert_same(confidence[::-1], error[::-1])


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_many_equal_confidences_are_sorted_as_others(share):
    rng = np.random.default_rng(0)
    confidence = np.where(rng.random(SLICE_LENGTH + 3) < share, 1.0, rng.random(SLICE_LENGTH + 3)).astype(np.float32)
    assert_same(confidence, rng.random(SLICE_LENGTH + 3) < 0.2)
