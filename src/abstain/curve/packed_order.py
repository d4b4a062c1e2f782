"""The order of the samples by confidence: where each stands, sorted as plain integers that carry it along.

A sort of integers is several times as fast as one of indices. So the leading bits of the confidence and the index share
one word of 64 bits; where what did not fit decides, and only there, the confidences themselves are looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._threads import SLICE_LENGTH, over_slices
from abstain.curve.value_sort import turn
from abstain.curve.word_sort import sort_words

Words = NDArray[np.uint64]
DenseRanks = NDArray[np.unsignedinteger[Any]]


def descending_order(confidence: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int64], DenseRanks]:
    """Which sample stands where by descending confidence, and where the confidence falls.

    Args:
        confidence: (N,) float32 or float64 without NaN.

    Returns:
        (N,) the places of the samples, most confident first and those of equal confidence in any order; and (N,)
        unsigned integers in that order, equal where the confidences are and falling where they do, in less memory.
    """
    index_bits = max(len(confidence) - 1, 1).bit_length()
    words, dropped = _pack(confidence, index_bits)
    words = sort_words(words)
    falls, disordered = _compare(words, confidence if dropped else None, index_bits)
    if len(disordered):
        _put_in_order(words, falls, disordered, confidence, index_bits)
    order = words.view(np.int64)
    over_slices(lambda some: np.bitwise_and(order[some], (1 << index_bits) - 1, out=order[some]), len(order))
    return order, _ranks(falls)


def in_order(values: NDArray[Any], order: NDArray[np.int64]) -> NDArray[Any]:
    """(N,) the values of samples in another order."""
    found = np.empty_like(values, order="C")
    over_slices(lambda some: np.take(values, order[some], out=found[some], mode="clip"), len(order))
    return found


def _pack(confidence: NDArray[np.floating[Any]], index_bits: int) -> tuple[Words, int]:
    """The words, the smaller the more confident, and how many bits of the confidence did not fit."""
    ends = np.array([confidence.min(), confidence.max()])
    have_signs = bool(ends[0] < 0)
    low, high = _write_keys(ends, np.empty(2, np.uint64), have_signs=have_signs).tolist()
    dropped = max((high - low).bit_length() + index_bits - 64, 0)
    words = np.empty(len(confidence), np.uint64)

    def pack(some: slice) -> None:
        here = _write_keys(confidence[some], words[some], have_signs=have_signs)
        np.subtract(np.uint64(high), here, out=here)
        here >>= np.uint64(dropped)
        here <<= np.uint64(index_bits)
        here |= np.arange(some.start, some.stop, dtype=np.uint64)

    over_slices(pack, len(words))
    return words, dropped


def _write_keys(confidence: NDArray[np.floating[Any]], words: Words, *, have_signs: bool) -> Words:
    """Write integers in the order of the numbers; zeros of both signs are one. Without signs their bits are such."""
    np.add(confidence, confidence.dtype.type(0), out=words.view(np.float64))  # -0.0 becomes 0.0
    if have_signs:
        turn(words, words)
    return words


def _compare(
    words: Words, confidence: NDArray[np.floating[Any]] | None, index_bits: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Whether the confidence falls from the word before (N,), and the leading bits of words where it rises instead.

    It takes a look at the confidences, if they are given, only of words whose leading bits are alike.
    """
    bits, mask = np.uint64(index_bits), np.uint64((1 << index_bits) - 1)
    falls = np.ones(len(words), bool)

    def compare(some: slice) -> Words:
        here = words[some.start : some.stop + 1]  # with the first of the next slice
        leading = here >> bits
        found = falls[some.start + 1 : some.stop + 1]
        np.not_equal(leading[1:], leading[:-1], out=found)
        if confidence is None:
            return leading[:0]
        alike = np.flatnonzero(~found)
        one, next_one = (confidence[(here[places] & mask).view(np.int64)] for places in (alike, alike + 1))
        found[alike] = one != next_one
        return leading[alike[next_one > one]]

    return falls, np.unique(np.concatenate(over_slices(compare, len(words)))).view(np.int64)


def _put_in_order(
    words: Words,
    falls: NDArray[np.bool_],
    leading: NDArray[np.int64],
    confidence: NDArray[np.floating[Any]],
    index_bits: int,
) -> None:
    """Sort the words of these leading bits by the whole confidence, and tell again where it falls."""
    bits, mask = np.uint64(index_bits), np.uint64((1 << index_bits) - 1)
    first = np.searchsorted(words, leading.view(np.uint64) << bits)
    after = np.searchsorted(words, (leading.view(np.uint64) << bits) | mask, side="right")
    sizes = after - first
    places = np.arange(sizes.sum()) + np.repeat(first - np.cumsum(sizes) + sizes, sizes)
    run = np.repeat(np.arange(len(sizes)), sizes)
    here = words[places]
    values = confidence[(here & mask).view(np.int64)]
    by_value = np.lexsort((-values, run))
    words[places], values = here[by_value], values[by_value]
    falls[places] = np.append(True, (values[1:] != values[:-1]) | (run[1:] != run[:-1]))


def _ranks(falls: NDArray[np.bool_]) -> DenseRanks:
    """How often it falls after each place (N,)."""
    counts = over_slices(lambda some: np.count_nonzero(falls[some]), len(falls))
    left = np.cumsum(counts[::-1])[::-1]  # of each slice and all that follow
    ranks = np.empty(len(falls), np.min_scalar_type(len(falls)))

    def count(some: slice) -> None:
        found = np.cumsum(falls[some], out=ranks[some])
        np.subtract(found.dtype.type(left[some.start // SLICE_LENGTH]), found, out=found)

    over_slices(count, len(falls))
    return ranks
