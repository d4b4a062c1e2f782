"""The tie blocks that hold errors, of samples whose order by confidence is known, so that losses go with samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._threads import SLICE_LENGTH, concatenate, over_slices_between
from abstain.curve.error_blocks import ErrorBlocks

Found = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def blocks_in_order(descending: NDArray[Any], error: NDArray[Any], *, is_binary: bool) -> ErrorBlocks:
    """Count or add up the errors at each confidence.

    Args:
        descending: (N,) all confidences, or their ranks, most confident first.
        error: (N,) the errors in that order.
        is_binary: whether each is 0 or 1.
    """
    found = over_slices_between(lambda some: _find(descending[some], error[some], some.start), _cuts(descending))
    columns = [list(column) for column in zip(*found, strict=True)]
    del found
    start, stop, sums = (concatenate(columns.pop(0)) for _ in range(3))  # parts need not lie beside the others
    if is_binary:
        return ErrorBlocks(start, stop, sums, sums)
    return ErrorBlocks(start, stop, sums, *map(concatenate, columns))


def first_of_block(descending: NDArray[Any], position: int) -> int:
    """The first position of the tie block in which a position is."""
    return len(descending) - int(np.searchsorted(descending[::-1], descending[position], side="right"))


def _cuts(descending: NDArray[Any]) -> list[int]:
    """Positions that begin tie blocks, about as far apart as slices are long, and the end."""
    n_samples = len(descending)
    return [*sorted({first_of_block(descending, start) for start in range(0, n_samples, SLICE_LENGTH)}), n_samples]


def _find(confidence: NDArray[Any], errors: NDArray[Any], before: int) -> Found:
    """Start, stop, sum and number of the errors of each block of some positions, and the errors above 0."""
    wrong = np.flatnonzero(errors)
    losses = errors[wrong].astype(np.float64, copy=False)
    steps = confidence[1:] != confidence[:-1]
    if steps.all():
        wrong += before
        return wrong, wrong + 1, losses, np.ones(len(wrong)), losses
    stops = np.flatnonzero(np.append(steps, True)) + 1
    block = np.searchsorted(stops, wrong, side="right")
    by_size = np.lexsort((losses, block))  # so that rounding cannot depend on the order of the samples
    losses, first = losses[by_size], np.flatnonzero(np.diff(block, prepend=-1))
    starts = np.concatenate(([0], stops[:-1]))
    sums = np.add.reduceat(losses, first) if len(first) else losses
    count = np.diff(first, append=len(wrong)).astype(np.float64)
    return starts[block[first]] + before, stops[block[first]] + before, sums, count, losses
