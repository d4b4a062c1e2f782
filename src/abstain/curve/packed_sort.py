"""Sort the samples once: where it can be, confidences and 0/1 errors together as one unsigned integer a sample.

The bits of floating-point numbers of one sign are in the order of the numbers, or against it. So the sign gives up its
place to the error, and a sort of plain integers, far faster than one of indices, takes each error along.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._threads import SLICE_LENGTH, in_turn, over_slices
from abstain.curve.bucket_sort import Words
from abstain.curve.columns import fill_columns
from abstain.curve.error_blocks import ErrorBlocks, error_blocks
from abstain.curve.value_sort import sort_values
from abstain.curve.word_sort import sort_words

SHORT = 4
"""Correct samples before the errors of a tie block that are gone through one by one; the first of more is searched."""


def sort_samples(
    confidence: NDArray[np.floating[Any]], error: NDArray[Any]
) -> tuple[NDArray[np.floating[Any]], ErrorBlocks]:
    """Sort checked samples (N,) with 0/1 errors, as words where that can be.

    Returns:
        The confidences ascending, and the tie blocks that hold errors.
    """
    if have_one_sign(confidence):
        return sort_packed(confidence, error)
    ascending = sort_values(confidence)  # far faster than indices
    wrong = np.flatnonzero(error != 0)  # of booleans, which is faster
    return ascending, error_blocks(ascending, confidence[wrong])


def have_one_sign(confidence: NDArray[np.floating[Any]]) -> bool:
    """Whether all of (N,) are at least 0, or all at most 0; either zero counts as both."""
    return bool(confidence.min() >= 0 or confidence.max() <= 0)


def sort_packed(
    confidence: NDArray[np.floating[Any]], error: NDArray[Any]
) -> tuple[NDArray[np.floating[Any]], ErrorBlocks]:
    """Sort once, and find the errors by the way.

    Args:
        confidence: (N,) float32 or float64 of one sign.
        error: (N,) of which each is 0 or 1.

    Returns:
        The confidences ascending, and the tie blocks that hold errors.
    """
    negative = bool(confidence.min() < 0)
    words = _pack(confidence, error, negative=negative)
    words = sort_words(words)
    blocks = _find_errors(words)
    return _unpack(words, negative=negative), blocks


def _pack(confidence: NDArray[np.floating[Any]], error: NDArray[Any], *, negative: bool) -> Words:
    """Words in the order of confidence, in which an error follows the correct of equal confidence."""
    bits = confidence.view(np.uint32 if confidence.itemsize == 4 else np.uint64)
    words = np.empty_like(bits, order="C")

    def pack(some: slice) -> None:
        np.left_shift(bits[some], 1, out=words[some])  # which takes the sign of -0.0 as well
        words[some] |= (error[some] == 0) if negative else (error[some] != 0)
        if negative:
            np.invert(words[some], out=words[some])

    over_slices(pack, len(words))
    return words


def _unpack(words: Words, *, negative: bool) -> NDArray[np.floating[Any]]:
    """The confidences, in the memory of the words."""

    def unpack(some: slice) -> None:
        if negative:
            np.invert(words[some], out=words[some])
        words[some] >>= 1
        if negative:
            words[some] |= words.dtype.type(1 << (8 * words.itemsize - 1))

    over_slices(unpack, len(words))
    return words.view(np.float32 if words.itemsize == 4 else np.float64)


def _find_errors(words: Words) -> ErrorBlocks:
    """The tie blocks of sorted words that hold errors."""
    firsts = words[::SLICE_LENGTH] & ~words.dtype.type(1)  # the least words of their tie blocks, so no cut is in one
    cuts = np.unique(np.searchsorted(words, firsts))
    slices = [slice(*ends) for ends in pairwise([*cuts.tolist(), len(words)])][::-1]
    lengths = list(in_turn(lambda some: [_n_blocks(words[some])] * 3, slices, few=2))
    start, stop, count = fill_columns(lambda some: _find_in(words, some), slices, lengths, (int, int, float))
    return ErrorBlocks(start, stop, count, count)


def _n_blocks(words: Words) -> int:
    """How many tie blocks hold errors, each of which has one last error."""
    wrong = (words & 1).astype(bool)
    return int(np.count_nonzero(wrong[:-1] & (words[1:] != words[:-1]))) + int(wrong[-1])


def _find_in(words: Words, some: slice) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Start, stop and errors of the tie blocks in a slice that cuts none of them."""
    here = words[some]
    wrong = (here & 1).astype(bool)
    step = here[1:] != here[:-1]
    is_last, is_first_error = wrong, wrong.copy()
    is_last[:-1] &= step  # in its block: errors stand after the correct
    is_first_error[1:] &= step
    last, first_error = np.flatnonzero(is_last), np.flatnonzero(is_first_error)
    count = (last - first_error + 1).astype(np.float64)
    end = len(words) - some.start
    return (end - 1 - last)[::-1], (end - _first_of_ties(here, first_error))[::-1], count[::-1]


def _first_of_ties(words: Words, first_error: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first sample of the tie blocks with these first errors."""
    first = first_error.copy()
    correct = words[first_error] - 1  # the word of a correct sample of equal confidence
    tied = np.flatnonzero(words[first_error - 1] == correct)  # never at -1, where the largest word is
    for _ in range(SHORT):
        first[tied] -= 1
        tied = tied[words[first[tied] - 1] == correct[tied]]
    first[tied] = np.searchsorted(words, correct[tied])
    return first
