"""The tie blocks that hold errors, of samples whose order by confidence is known, so that losses go with samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._threads import SLICE_LENGTH, over_slices_between
from abstain.curve.error_blocks import ErrorBlocks

Found = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def samples_at(order: NDArray[np.int64], positions: slice) -> NDArray[np.int64]:
    """Which samples stand at some positions of the curve, most confident first; `order` is by ascending confidence."""
    return order[len(order) - positions.stop : len(order) - positions.start][::-1]


def blocks_in_order(
    ascending: NDArray[np.floating[Any]], order: NDArray[np.int64], error: NDArray[Any], *, is_binary: bool
) -> ErrorBlocks:
    """Count or add up the errors at each confidence.

    Args:
        ascending: (N,) all confidences, sorted.
        order: (N,) the samples in that order.
        error: (N,) their errors, in an order of their own.
        is_binary: whether each is 0 or 1.
    """
    found = over_slices_between(lambda some: _find(ascending, order, error, some), _cuts(ascending))
    columns = [list(column) for column in zip(*found, strict=True)]
    del found
    start, stop, sums, count, losses = (np.concatenate(columns.pop(0)) for _ in range(5))
    return ErrorBlocks(start, stop, count, count) if is_binary else ErrorBlocks(start, stop, sums, count, losses)


def first_of_block(ascending: NDArray[np.floating[Any]], position: int) -> int:
    """The first position, most confident first, of the tie block in which a position is."""
    value = ascending[len(ascending) - 1 - position]
    return len(ascending) - int(np.searchsorted(ascending, value, side="right"))


def _cuts(ascending: NDArray[np.floating[Any]]) -> list[int]:
    """Positions that begin tie blocks, about as far apart as slices are long, and the end."""
    n_samples = len(ascending)
    return [*sorted({first_of_block(ascending, start) for start in range(0, n_samples, SLICE_LENGTH)}), n_samples]


def _find(ascending: NDArray[np.floating[Any]], order: NDArray[np.int64], error: NDArray[Any], some: slice) -> Found:
    """Start, stop, sum and number of the errors of each block of some positions, and the errors above 0."""
    errors = error[samples_at(order, some)]
    wrong = np.flatnonzero(errors)
    losses = errors[wrong].astype(np.float64, copy=False)
    confidence = samples_at(ascending, some)  # type: ignore[arg-type]  # the confidences themselves, cut alike
    stops = np.flatnonzero(np.append(confidence[1:] != confidence[:-1], True)) + 1
    if len(stops) == len(errors):
        return wrong + some.start, wrong + (some.start + 1), losses, np.ones(len(wrong)), losses
    block = np.searchsorted(stops, wrong, side="right")
    by_size = np.lexsort((losses, block))  # so that rounding cannot depend on the order of the samples
    losses, first = losses[by_size], np.flatnonzero(np.diff(block, prepend=-1))
    starts = np.concatenate(([0], stops[:-1]))
    sums = np.add.reduceat(losses, first) if len(first) else losses
    count = np.diff(first, append=len(wrong)).astype(np.float64)
    return starts[block[first]] + some.start, stops[block[first]] + some.start, sums, count, losses
