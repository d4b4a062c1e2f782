"""The tie blocks that hold errors, of samples whose order by confidence is known, so that losses go with samples."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._threads import SLICE_LENGTH, in_turn
from abstain.curve.columns import fill_columns
from abstain.curve.error_blocks import ErrorBlocks


def blocks_in_order(descending: NDArray[Any], error: NDArray[Any], *, is_binary: bool) -> ErrorBlocks:
    """Count or add up the errors at each confidence.

    Args:
        descending: (N,) all confidences, or their ranks, most confident first.
        error: (N,) the errors in that order.
        is_binary: whether each is 0 or 1.
    """
    slices = _slices(descending)
    if not any(in_turn(lambda some: _has_ties(descending[some]), slices, few=2)):
        return _of_single(error, slices, is_binary=is_binary)

    def lengths(some: slice) -> list[int]:
        wrong = np.flatnonzero(error[some])
        blocks = descending[some][wrong]
        n_blocks = int(np.count_nonzero(blocks[1:] != blocks[:-1])) + bool(len(wrong))
        return [n_blocks] * 3 if is_binary else [n_blocks] * 4 + [len(wrong)]

    def find(some: slice) -> list[NDArray[Any]]:
        start, stop, sums, count, losses = _find(descending[some], error[some], some.start)
        return [start, stop, sums] if is_binary else [start, stop, sums, count, losses]

    dtypes = (int, int, float) if is_binary else (int, int, float, float, float)
    start, stop, sums, *rest = fill_columns(find, slices, list(in_turn(lengths, slices, few=2)), dtypes)
    count, losses = (sums, None) if is_binary else rest
    return ErrorBlocks(start, stop, sums, count, losses)


def _has_ties(descending: NDArray[Any]) -> bool:
    return bool((descending[1:] == descending[:-1]).any())


def _of_single(error: NDArray[Any], slices: list[slice], *, is_binary: bool) -> ErrorBlocks:
    """Where each sample is a tie block of its own, in less memory."""

    def find(some: slice) -> list[NDArray[Any]]:
        wrong = np.flatnonzero(error[some])
        return [wrong + some.start] if is_binary else [wrong + some.start, error[some][wrong]]

    dtypes = (int,) if is_binary else (int, float)
    lengths = list(in_turn(lambda some: [int(np.count_nonzero(error[some]))] * len(dtypes), slices, few=2))
    start, *rest = fill_columns(find, slices, lengths, dtypes)
    ones, losses = np.broadcast_to(1.0, start.shape), None if is_binary else rest[0]
    return ErrorBlocks(start, start + 1, ones if losses is None else losses, ones, losses)


def first_of_block(descending: NDArray[Any], position: int) -> int:
    """The first position of the tie block in which a position is."""
    return len(descending) - int(np.searchsorted(descending[::-1], descending[position], side="right"))


def _slices(descending: NDArray[Any]) -> list[slice]:
    """Of all positions, each of which begins a tie block."""
    n_samples = len(descending)
    starts = sorted({first_of_block(descending, start) for start in range(0, n_samples, SLICE_LENGTH)})
    return [slice(*ends) for ends in pairwise([*starts, n_samples])]


def _find(confidence: NDArray[Any], errors: NDArray[Any], before: int) -> tuple[NDArray[Any], ...]:
    """Start, stop, sum and number of the errors of each block of some positions, and the errors above 0."""
    wrong = np.flatnonzero(errors)
    losses = errors[wrong].astype(np.float64, copy=False)
    if not _has_ties(confidence):
        return wrong + before, wrong + (before + 1), losses, np.ones(len(wrong)), losses
    stops = np.flatnonzero(np.append(confidence[1:] != confidence[:-1], True)) + 1
    block = np.searchsorted(stops, wrong, side="right")
    by_size = np.lexsort((losses, block))  # so that rounding cannot depend on the order of the samples
    losses, first = losses[by_size], np.flatnonzero(np.diff(block, prepend=-1))
    starts = np.concatenate(([0], stops[:-1]))
    sums = np.add.reduceat(losses, first) if len(first) else losses
    count = np.diff(first, append=len(wrong)).astype(np.float64)
    return starts[block[first]] + before, stops[block[first]] + before, sums, count, losses
