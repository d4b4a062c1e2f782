"""Sort many floating-point numbers of both signs, as integers where that is faster."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from abstain._threads import over_slices
from abstain.curve.bucket_sort import Words
from abstain.curve.word_sort import MANY, bucket_sort_is_faster, sort_words

Float = TypeVar("Float", bound=np.floating[Any])


def sort_values(values: NDArray[Float]) -> NDArray[Float]:
    """The numbers (N,), float32 or float64 without NaN, ascending in new memory; zeros of both signs in any order."""
    if len(values) < MANY or not bucket_sort_is_faster(values.itemsize):
        return np.sort(values)
    words = sort_words(as_words(values))
    over_slices(lambda some: turn(words[some], ~words[some]), len(words))  # back again
    return words.view(values.dtype)


def as_words(values: NDArray[np.floating[Any]]) -> Words:
    """Unsigned integers in the order of numbers (N,), in new memory.

    Of negative ones all bits turn, of others the sign alone; so -0.0 stands before 0.0.
    """
    words: Words = values.astype(values.dtype, order="C").view(np.uint32 if values.itemsize == 4 else np.uint64)
    over_slices(lambda some: turn(words[some], words[some]), len(words))
    return words


def turn(words: Words, negative: Words) -> None:
    """Turn the first bit of each word, in place, and the others where the first bit of `negative` is set."""
    bits = 8 * words.itemsize - 1
    signed: NDArray[np.signedinteger[Any]] = negative.view(np.int32 if words.itemsize == 4 else np.int64)
    words ^= (signed >> bits).view(words.dtype) | words.dtype.type(1 << bits)
