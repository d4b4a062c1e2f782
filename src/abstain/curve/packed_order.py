"""The order of the samples by confidence: where each stands, sorted as plain integers that carry it along.

A sort of integers is several times as fast as one of indices. So the leading bits of the confidence and the index share
one word of 64 bits; where what did not fit decides, and only there, the confidences themselves are looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._threads import SLICE_LENGTH, over_slices
from abstain.curve.value_sort import as_words
from abstain.curve.word_sort import sort_words

Words = NDArray[np.uint64]
Ranks = NDArray[np.unsignedinteger[Any]]


def ascending_order(confidence: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int64], Ranks]:
    """Which sample stands where by ascending confidence, and where the confidence rises.

    Args:
        confidence: (N,) float32 or float64 without NaN.

    Returns:
        (N,) the places of the samples, those of equal confidence in any order; and (N,) unsigned integers, ascending
        and equal where their confidences are, in less memory than these.
    """
    index_bits = max(len(confidence) - 1, 1).bit_length()
    words, dropped = _pack(confidence, index_bits)
    words = sort_words(words)
    rises, disordered = _compare(words, confidence if dropped else None, index_bits)
    if len(disordered):
        _put_in_order(words, rises, disordered, confidence, index_bits)
    order = words.view(np.int64)
    over_slices(lambda some: np.bitwise_and(order[some], (1 << index_bits) - 1, out=order[some]), len(order))
    return order, _ranks(rises)


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


def _compare(
    words: Words, confidence: NDArray[np.floating[Any]] | None, index_bits: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Whether the confidence rises from the word before (N,), and the leading bits of words where it falls instead.

    It takes a look at the confidences, if they are given, only of words whose leading bits are alike.
    """
    bits, mask = np.uint64(index_bits), np.uint64((1 << index_bits) - 1)
    rises = np.ones(len(words), bool)

    def compare(some: slice) -> Words:
        here = words[some.start : some.stop + 1]  # with the first of the next slice
        leading = here >> bits
        found = rises[some.start + 1 : some.stop + 1]
        np.not_equal(leading[1:], leading[:-1], out=found)
        if confidence is None:
            return leading[:0]
        alike = np.flatnonzero(~found)
        one, next_one = (confidence[(here[places] & mask).view(np.int64)] for places in (alike, alike + 1))
        found[alike] = one != next_one
        return leading[alike[next_one < one]]

    return rises, np.unique(np.concatenate(over_slices(compare, len(words)))).view(np.int64)


def _put_in_order(
    words: Words,
    rises: NDArray[np.bool_],
    leading: NDArray[np.int64],
    confidence: NDArray[np.floating[Any]],
    index_bits: int,
) -> None:
    """Sort the words of these leading bits by the whole confidence, and tell again where it rises."""
    bits, mask = np.uint64(index_bits), np.uint64((1 << index_bits) - 1)
    first = np.searchsorted(words, leading.view(np.uint64) << bits)
    after = np.searchsorted(words, (leading.view(np.uint64) << bits) | mask, side="right")
    sizes = after - first
    places = np.arange(sizes.sum()) + np.repeat(first - np.cumsum(sizes) + sizes, sizes)
    run = np.repeat(np.arange(len(sizes)), sizes)
    here = words[places]
    values = confidence[(here & mask).view(np.int64)]
    by_value = np.lexsort((values, run))
    words[places], values = here[by_value], values[by_value]
    rises[places] = np.append(True, (values[1:] != values[:-1]) | (run[1:] != run[:-1]))


def _ranks(rises: NDArray[np.bool_]) -> Ranks:
    """How often it has risen up to each place (N,)."""
    before = np.cumsum([0, *over_slices(lambda some: np.count_nonzero(rises[some]), len(rises))])
    ranks = np.empty(len(rises), np.min_scalar_type(len(rises)))

    def count(some: slice) -> None:
        found = np.cumsum(rises[some], out=ranks[some])
        found += found.dtype.type(before[some.start // SLICE_LENGTH])

    over_slices(count, len(rises))
    return ranks
