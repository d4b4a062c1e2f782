"""Columns numbered from 1: labels that are numbers tell whether these are the columns' own, or count from 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import to_numpy
from abstain._checks import InputError
from abstain.logits.class_labels import as_numbers
from abstain.logits.source import Source
from abstain.logits.value_columns import ValueColumns, refuse_gap


def distinct_numbers(columns: Iterable[Any], label: str, ignore_index: int | None) -> NDArray[Any]:
    """The distinct labels that are numbers and count, in ascending order; none of labels that are rows of several.

    Args:
        columns: parts of the column of labels, each as it was read.
        label: its name.
        ignore_index: the label that does not count.
    """
    numbers = (to_numpy(as_numbers(column, label), label) for column in columns)
    found = [np.unique(column) for column in numbers if len(column) == column.size]
    return np.setdiff1d(np.concatenate([np.empty(0), *found]), [] if ignore_index is None else [ignore_index])


def called_by_number(
    source: Source, values: ValueColumns, labels: Sequence[float] | NDArray[Any], *, is_told: bool
) -> ValueColumns:
    """Columns numbered from 1 with the classes that labels, which are numbers, say that they are of.

    Args:
        source: for messages.
        values: that `count_from_1`.
        labels: those that occur and count; empty where they say nothing.
        is_told: whether the columns are named in the order of the classes, which count from 0 then.

    Raises:
        InputError: the labels count from 0, or may do so.
    """
    n_classes, found = len(values.columns), set(np.asarray(labels).tolist())
    if not found or 0 in found:
        if not is_told:
            refuse_gap(source, values.columns, values.numbers)
        return values
    if not found <= set(_up_to(n_classes)):
        return values  # whose labels are refused where they are read
    if n_classes in found:
        return replace(values, class_names=tuple(map(str, values.numbers)))
    raise InputError(
        f"{source.title} has {values} and labels from {min(found):g} to {max(found):g}, which may be the columns' "
        f"numbers, or count from 0 without a sample of class 0: give class_names={_numerals(1, n_classes)} or "
        f"class_names={_numerals(0, n_classes - 1)}"
    )


def _up_to(n: int) -> list[int]:
    return list(range(1, n + 1))


def _numerals(first: int, last: int) -> str:
    return ",".join(map(str, range(first, last + 1))) if last - first < 10 else f"{first},{first + 1},…,{last}"
