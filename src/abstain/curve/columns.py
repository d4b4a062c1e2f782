"""What slices of the samples give, written into one set of columns by threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from abstain._threads import in_turn

Column = NDArray[Any]


def fill_columns(
    work: Callable[[slice], Sequence[Column]],
    slices: Sequence[slice],
    lengths: Sequence[Sequence[int]],
    dtypes: Sequence[DTypeLike],
) -> list[Column]:
    """The parts that some work gives of each slice, one after the other.

    Args:
        work: gives a part of each column.
        slices: of the samples.
        lengths: of each slice the lengths of its parts, which need not be alike.
        dtypes: of the columns.

    Returns:
        The columns, beside which no more than the parts of a few slices were in memory.
    """
    ends = np.cumsum(lengths, axis=0)
    columns = [np.empty(length, dtype) for length, dtype in zip(ends[-1].tolist(), dtypes, strict=True)]

    def fill(number: int) -> None:
        for column, part, end in zip(columns, work(slices[number]), ends[number].tolist(), strict=True):
            column[end - len(part) : end] = part

    for _ in in_turn(fill, range(len(slices)), few=2):
        pass
    return columns
