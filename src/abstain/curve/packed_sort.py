"""Sort confidences and 0/1 errors together, as one unsigned integer a sample.

The bits of floating-point numbers of one sign are in the order of the numbers, or against it. So the sign gives up its
place to the error, and a sort of plain integers, far faster than one of indices, takes each error along.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._threads import PART, between, in_parts
from abstain.curve.error_blocks import ErrorBlocks

Words = NDArray[np.unsignedinteger[Any]]

N_SAMPLED = 1000
"""Words that show how tied all of them are."""


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
    _sort(words)
    blocks = _find_errors(words)
    return _unpack(words, negative=negative), blocks


def _pack(confidence: NDArray[np.floating[Any]], error: NDArray[Any], *, negative: bool) -> Words:
    """Words in the order of confidence, in which an error follows the correct of equal confidence."""
    bits = confidence.view(np.uint32 if confidence.itemsize == 4 else np.uint64)
    words = np.empty_like(bits, order="C")

    def pack(part: slice) -> None:
        np.left_shift(bits[part], 1, out=words[part])  # which takes the sign of -0.0 as well
        words[part] |= (error[part] == 0) if negative else (error[part] != 0)
        if negative:
            np.invert(words[part], out=words[part])

    in_parts(pack, len(words))
    return words


def _unpack(words: Words, *, negative: bool) -> NDArray[np.floating[Any]]:
    """The confidences, in the memory of the words."""

    def unpack(part: slice) -> None:
        if negative:
            np.invert(words[part], out=words[part])
        words[part] >>= 1
        if negative:
            words[part] |= words.dtype.type(1 << (8 * words.itemsize - 1))

    in_parts(unpack, len(words))
    return words.view(np.float32 if words.itemsize == 4 else np.float64)


def _sort(words: Words) -> None:
    """Sort in place; many words are first cut in two at their median, and each half is sorted on a thread."""
    cuts = [0, len(words)]
    if len(words) >= PART and not _median_is_tied(words):
        cuts.insert(1, len(words) // 2)
        words.partition(cuts[1])
    between(lambda part: words[part].sort(), cuts)


def _median_is_tied(words: Words) -> bool:
    """Whether, as a sample shows, more than a fiftieth of the words are the median: they are slow to cut there."""
    sample = np.sort(words[:: len(words) // N_SAMPLED])
    return bool(np.mean(sample == sample[len(sample) // 2]) > 1 / 50)


def _find_errors(words: Words) -> ErrorBlocks:
    """The tie blocks of sorted words that hold errors."""
    cuts = np.unique(np.searchsorted(words, words[::PART] & ~words.dtype.type(1)))  # none of them in a tie block
    found = between(lambda part: _find_in(words, part), [*cuts.tolist(), len(words)])
    start, stop, count = (np.concatenate(column[::-1]) for column in zip(*found, strict=True))
    return ErrorBlocks(start, stop, count, count)


def _find_in(words: Words, part: slice) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Start, stop and errors of the tie blocks in a part that cuts none of them."""
    here = words[part]
    wrong = (here & 1).astype(bool)
    step = here[1:] != here[:-1]
    is_last, is_first_error = wrong, wrong.copy()
    is_last[:-1] &= step  # in its block: errors stand after the correct
    is_first_error[1:] &= step
    last, first_error = np.flatnonzero(is_last), np.flatnonzero(is_first_error)
    count = (last - first_error + 1).astype(np.float64)
    end = len(words) - part.start
    return (end - 1 - last)[::-1], (end - _first_of_ties(here, first_error))[::-1], count[::-1]


def _first_of_ties(words: Words, first_error: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first sample of the tie blocks with these first errors."""
    first = first_error.copy()
    correct = words[first_error] - 1  # the word of a correct sample of equal confidence
    tied = np.flatnonzero(words[first_error - 1] == correct)  # never at -1, where the largest word is
    first[tied] = np.searchsorted(words, correct[tied])
    return first
