"""Columns for a model that takes them by their place: only where something tells that they stand in its order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from abstain._checks import InputError

if TYPE_CHECKING:
    from datasets import Dataset

SHOWN = 3
"""Names of columns that a sentence holds, from either end."""


def check_order_is_told(data: Dataset) -> None:
    """Refuse columns that could stand in another order than the model takes them.

    Args:
        data: without the labels.

    Raises:
        InputError: there are several, and they are not numbered in order from 0 or 1.
    """
    names = data.column_names
    if len(names) > 1 and not numbered_in_order(names):
        some = names if len(names) <= 2 * SHOWN else [*names[:SHOWN], "…", *names[-SHOWN:]]
        raise InputError(
            "the file does not hold the names of the columns that the model takes, and those of the data "
            f"({', '.join(some)}) do not tell their order: name them x0, x1, … in the model's order and leave out "
            "others, or fit a classifier of scikit-learn on a data frame, so that its file holds their names"
        )


def numbered_in_order(names: Sequence[str]) -> bool:
    """Whether names differ in nothing but numbers that count up from 0 or 1, as `x0, x1` or `pixel_0_0, pixel_0_1`."""
    if len({re.sub(r"\d+", "0", name) for name in names}) != 1:
        return False
    numbers = [tuple(map(int, re.findall(r"\d+", name))) for name in names]
    axes = [sorted(set(axis)) for axis in zip(*numbers, strict=True)]
    counted = (len(axis) == 1 or (axis[0] in (0, 1) and axis[-1] - axis[0] == len(axis) - 1) for axis in axes)
    return bool(axes) and all(counted) and numbers == list(product(*axes))


def matrix_of(frame: pd.DataFrame) -> NDArray[Any]:
    """The cells (n, F) of n rows in their order; of a single column of arrays (F,) these.

    Raises:
        ValueError: the arrays are of different lengths.
    """
    if frame.shape[1] == 1 and len(frame) and isinstance(frame.iloc[0, 0], np.ndarray):
        return np.stack(list(frame.iloc[:, 0]))
    return frame.to_numpy()
