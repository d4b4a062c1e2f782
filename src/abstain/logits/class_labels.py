"""Labels as they are written, texts or numbers, to the classes' indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._checks import ROW, ArgumentError, RowError, first_row
from abstain.scores.default_names import default_numbers
from abstain.scores.layout import whole_labels


def are_texts(column: Any) -> bool:
    """Whether a column holds texts."""
    if hasattr(column, "detach"):
        return False
    return column.dtype.kind == "U" or (column.dtype == object and len(column) > 0 and isinstance(column[0], str))


def are_numerals(column: Any) -> bool:
    """Whether a column holds texts that are all numbers."""
    return are_texts(column) and _parsed(column) is not None


def as_numbers(column: Any, what: str) -> Any:
    """A column as it is; as float64 where its numbers are written as texts.

    Raises:
        InputError: a text is no number.
    """
    if not are_texts(column):
        return column
    numbers = _parsed(column)
    if numbers is None:
        row, text = next((row, str(text)) for row, text in enumerate(column) if _parsed([text]) is None)
        advice = "write a list as one column a class, or into Parquet" if text.startswith("[") else f"mend {ROW}"
        raise RowError(f"the column {what!r} holds {text[:60]!r}, but must hold numbers: {advice}", row)
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
        row = first_row(np.asarray(column, dtype=str) == other)
        raise RowError(
            f"the labels {what!r} hold the number {number} and the text {other!r}: give one or the "
            f"other, the text is in {ROW}",
            row,
        )
    if not names[0].strip():
        row = first_row(np.asarray(column, dtype=str) == names[0])
        raise RowError(f"the label in {ROW} of {what!r} is empty: fill it or leave out the row", row)
    return names


def class_indices(
    column: Any,
    names: Sequence[str] | None,
    what: str,
    *,
    by_number: bool = False,
    ignore_index: int | None = None,
) -> Any:
    """Labels as numbers: texts by their place in `names`, `LABEL_3` that is no name as 3, and numbers as they are.

    Args:
        column: of the labels.
        names: of the classes, in the order of their values.
        what: messages call the column.
        by_number: whether numbers are names, too, where all names are whole numbers.
        ignore_index: the number that is no class.

    Raises:
        InputError: a text, or a number that is a name, is none of the names.
    """
    numbers = _parsed(column) if are_texts(column) else column
    if numbers is not None:
        places = _places_of_numbers(names) if by_number else None
        return numbers if places is None else _placed(numbers, places, what, ignore_index)
    place = {name: index for index, name in enumerate(names or ())}
    texts, inverse = np.unique(np.asarray(column, dtype=str), return_inverse=True)
    unknown = next((str(text) for text in texts if text not in place), None)
    by_default = default_numbers(texts) if place.keys().isdisjoint(texts.tolist()) else None
    if by_default is not None:
        return by_default[inverse]
    if unknown is not None:
        raise RowError(
            f"a label in {what!r} is {unknown!r}, but the classes are {', '.join(list(place)[:30])}: mend {ROW}, or "
            "leave it out",
            first_row(texts[inverse] == unknown),
        )
    return np.array([place[text] for text in texts], dtype=np.int64)[inverse]


def _places_of_numbers(names: Sequence[str] | None) -> dict[int, int] | None:
    """The number that each name is -> its place; None where a name is no number, or each number is its own place."""
    if not names or not all(name.isdecimal() for name in names):
        return None
    places = {int(name): index for index, name in enumerate(names)}
    return None if all(number == place for number, place in places.items()) else places


def _placed(column: Any, places: dict[int, int], what: str, ignore_index: int | None) -> NDArray[np.int64]:
    if ignore_index is not None and 0 <= ignore_index < len(places):
        raise ArgumentError(
            f"ignore_index is {ignore_index}, which is also the place of a class, since the classes are called "
            f"{', '.join(map(str, [*places][:30]))}: leave out the samples that do not count"
        )
    labels = whole_labels(column)
    numbers, inverse = np.unique(labels, return_inverse=True)
    for number in numbers.tolist():
        if number not in places and number >= 0 and number != ignore_index:
            raise RowError(
                f"a label in {what!r} is {number}, but the classes are {', '.join(map(str, [*places][:30]))}: mend "
                f"{ROW}, or leave it out",
                first_row(labels == number),
            )
    placed = np.array([places.get(number, number) for number in numbers.tolist()], dtype=np.int64)
    return placed[inverse].reshape(labels.shape)


def _parsed(texts: Any) -> NDArray[np.float64] | None:
    try:
        return np.asarray(texts, dtype=str).astype(np.float64)
    except ValueError:
        return None
