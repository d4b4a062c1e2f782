"""Rows that slices of the samples give, in one set of columns: their parts never lie beside the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from abstain._threads import in_turn

Column = NDArray[Any]


def fill_columns(
    work: Callable[[slice], Sequence[Column]], slices: Sequence[slice], most: Sequence[int], kinds: Sequence[DTypeLike]
) -> list[Column]:
    """What some work gives of the slices, one after the other, worked on by threads.

    Args:
        work: gives a part of each column; not all columns need be of one length.
        slices: of the samples.
        most: how many rows each of them can give.
        kinds: of the columns.
    """
    places = [0, *accumulate(most)]
    columns = [np.empty(places[-1], kind) for kind in kinds]

    def fill(number: int) -> list[int]:
        parts = work(slices[number])
        for column, part in zip(columns, parts, strict=True):
            column[places[number] : places[number] + len(part)] = part
        return [len(part) for part in parts]

    lengths = zip(*in_turn(fill, range(len(slices))), strict=True)
    return [_without_gaps(column, places, given) for column, given in zip(columns, lengths, strict=True)]


def _without_gaps(column: Column, places: list[int], lengths: Sequence[int]) -> Column:
    """The parts of a column of these lengths, which begin at these places, beside each other."""
    total = sum(lengths)
    if total == len(column):
        return column
    end = 0
    for place, length in zip(places, lengths, strict=False):
        column[end : end + length] = column[place : place + length]
        end += length
    return column[:total] if total > len(column) / 2 else column[:total].copy()  # so that little memory is held in vain
