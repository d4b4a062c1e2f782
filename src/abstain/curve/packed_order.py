"""The order of the samples by confidence: where each stands, sorted as plain integers that carry it along.

A sort of integers is several times as fast as one of indices. So the leading bits of the confidence and the index share
one word of 64 bits; where what did not fit decides, and only there, the samples are put in order again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._threads import over_slices
from abstain.curve.value_sort import as_words
from abstain.curve.word_sort import sort_words

Words = NDArray[np.uint64]


def ascending_order(confidence: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """(N,) the places of the samples by ascending confidence; those of equal confidence in any order.

    Args:
        confidence: (N,) float32 or float64 without NaN.
    """
    index_bits = max(len(confidence) - 1, 1).bit_length()
    words, dropped = _pack(confidence, index_bits)
    words = sort_words(words)
    wrong = _disordered(words, confidence, index_bits) if dropped else np.empty(0, np.int64)
    if len(wrong):
        _put_in_order(words, wrong, confidence, index_bits)
    words &= np.uint64((1 << index_bits) - 1)
    return words.view(np.int64)


def _pack(confidence: NDArray[np.floating[Any]], index_bits: int) -> tuple[Words, int]:
    """The words, and how many bits of the confidence did not fit."""
    low, high = (int(_keys(end)[0]) for end in (confidence.min(keepdims=True), confidence.max(keepdims=True)))
    dropped = max((high - low).bit_length() + index_bits - 64, 0)
    words = np.empty(len(confidence), np.uint64)

    def pack(some: slice) -> None:
        here = _keys(confidence[some])
        here -= np.uint64(low)
        here >>= np.uint64(dropped)
        here <<= np.uint64(index_bits)
        here |= np.arange(some.start, some.stop, dtype=np.uint64)
        words[some] = here

    over_slices(pack, len(words))
    return words, dropped


def _keys(confidence: NDArray[np.floating[Any]]) -> Words:
    """Unsigned integers of 64 bits in the order of the numbers; zeros of both signs are one."""
    return as_words((confidence + confidence.dtype.type(0)).astype(np.float64, copy=False))  # -0.0 becomes 0.0


def _disordered(words: Words, confidence: NDArray[np.floating[Any]], index_bits: int) -> NDArray[np.int64]:
    """The leading bits of the words among which some confidence stands after a larger one."""
    bits, mask = np.uint64(index_bits), np.uint64((1 << index_bits) - 1)

    def find(some: slice) -> Words:
        here = words[some.start : some.stop + 1]  # with the first of the next slice
        leading = here >> bits
        alike = np.flatnonzero(leading[1:] == leading[:-1])  # others are in order
        one, next_one = (confidence[(here[places] & mask).view(np.int64)] for places in (alike, alike + 1))
        return leading[alike[next_one < one]]

    return np.unique(np.concatenate(over_slices(find, len(words)))).view(np.int64)


def _put_in_order(
    words: Words, leading: NDArray[np.int64], confidence: NDArray[np.floating[Any]], index_bits: int
) -> None:
    """Sort the words of these leading bits by the whole confidence."""
    bits, mask = np.uint64(index_bits), np.uint64((1 << index_bits) - 1)
    first = np.searchsorted(words, leading.view(np.uint64) << bits)
    after = np.searchsorted(words, (leading.view(np.uint64) << bits) | mask, side="right")
    sizes = after - first
    places = np.arange(sizes.sum()) + np.repeat(first - np.cumsum(sizes) + sizes, sizes)
    run = np.repeat(np.arange(len(sizes)), sizes)
    here = words[places]
    words[places] = here[np.lexsort((confidence[(here & mask).view(np.int64)], run))]
