"""Labels as they are written, texts or numbers, to the classes' indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._checks import InputError


def are_texts(column: Any) -> bool:
    """Whether a column holds texts."""
    if hasattr(column, "detach"):
        return False
    return column.dtype.kind == "U" or (column.dtype == object and len(column) > 0 and isinstance(column[0], str))


def as_numbers(column: Any, what: str) -> Any:
    """A column as it is; as float64 where its numbers are written as texts.

    Raises:
        InputError: a text is no number.
    """
    if not are_texts(column):
        return column
    numbers = _parsed(column)
    if numbers is None:
        text = next(text for text in column if _parsed([text]) is None)
        advice = ": write a list as one column a class, or into Parquet" if str(text).startswith("[") else ""
        raise InputError(f"the column {what!r} holds {str(text)[:60]!r}, but must hold numbers{advice}")
    return numbers


def class_texts(column: Any, what: str) -> tuple[str, ...] | None:
    """The classes' names, sorted, of labels that are texts; None of labels that are numbers, in quotes or not.

    Raises:
        InputError: a text is empty, or some are numbers.
    """
    if not are_texts(column) or _parsed(column) is not None:
        return None
    names = tuple(str(name) for name in np.unique(np.asarray(column, dtype=str)))
    number = next((name for name in names if _parsed([name]) is not None), None)
    if number is not None:
        other = next(name for name in names if _parsed([name]) is None)
        raise InputError(f"the labels {what!r} hold the number {number} and the text {other!r}: give one or the other")
    if not names[0].strip():
        row = int(np.argmax(np.asarray(column, dtype=str) == names[0]))
        raise InputError(f"the label in row {row} (counted from 0) of {what!r} is empty: fill it or leave out the row")
    return names


def class_indices(column: Any, names: Sequence[str] | None, what: str) -> Any:
    """Labels as numbers: texts by their place in `names`, numbers as they are.

    Raises:
        InputError: a text is none of the names.
    """
    if not are_texts(column):
        return column
    numbers = _parsed(column)
    if numbers is not None:
        return numbers
    place = {name: index for index, name in enumerate(names or ())}
    texts, inverse = np.unique(np.asarray(column, dtype=str), return_inverse=True)
    unknown = next((str(text) for text in texts if text not in place), None)
    if unknown is not None:
        raise InputError(f"a label in {what!r} is {unknown!r}, but the classes are {', '.join(list(place)[:30])}")
    return np.array([place[text] for text in texts], dtype=np.int64)[inverse]


def _parsed(texts: Any) -> NDArray[np.float64] | None:
    try:
        return np.asarray(texts, dtype=str).astype(np.float64)
    except ValueError:
        return None
