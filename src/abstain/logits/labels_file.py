"""Whether labels that are given apart, in a file or table of their own, are those of the rows in their order."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import to_numpy
from abstain._checks import InputError, shown
from abstain.logits.class_labels import are_texts
from abstain.logits.names import CONFIDENCE, CORRECT, ERROR, LISTS_ONLY, PREDICTION, VALUES, plain, stem_and_number
from abstain.logits.source import INTEGERS, NUMBERS, TEXTS, Source

_OF_A_MODEL = {*VALUES, *LISTS_ONLY, *PREDICTION, *CONFIDENCE, *CORRECT, *ERROR}
"""What another model's file may hold beside the labels, and other numbers than this one's."""
_ROW_NUMBERS = {"", "index", "unnamed: 0", "__index_level_0__"}
"""What the index of a table is called in a file: it may have been counted anew for one of two files."""


def check_header(apart: Source, name: str) -> None:
    """Refuse labels whose first one was taken for the name of their column.

    Args:
        apart: the file of labels.
        name: their column.

    Raises:
        InputError: it is a number, or one of the labels.
    """
    is_number = re.fullmatch(r"[-+]?\d+(\.\d*)?", name.strip()) is not None
    if is_number or (apart.holds[name] == TEXTS and name in apart.read([name])[name]):
        raise InputError(
            f"the column of labels in {apart.title} is called {name!r}, which may be the first label of a file without "
            "a header: give it a header, the line label"
        )


def check_same_rows(source: Source, apart: Source, label: str) -> None:
    """Refuse labels that a column of both files, `id` say, pairs with other rows than their place does.

    Args:
        source: of the values.
        apart: of the labels.
        label: their column in `apart`.

    Raises:
        InputError: the values of a column of both differ. Those of a numbering of rows may, unless they are the same
            numbers in another order; and what a model gives may: it need not be the same model.
    """
    for name in (name for name in source.holds if name in apart.holds and name != label and not _is_of_a_model(name)):
        own, given = _cells(source, name), _cells(apart, name)
        if own is None or given is None or len(own) != len(given):
            continue
        if are_texts(own) != are_texts(given):
            own, given = own.astype(str), given.astype(str)
        differ = np.flatnonzero(own != given)
        if len(differ) and (name.lower() not in _ROW_NUMBERS or np.array_equal(np.sort(own), np.sort(given))):
            row = differ[0]
            one, other = (shown(column[row : row + 1].tolist()[0]) for column in (own, given))
            raise InputError(
                f"{source.title} and the labels given apart both have a column {name!r}, whose values differ (row "
                f"{row}, counted from 0: {one} and {other}), so that they may be paired by it or by place: bring their "
                "rows into one order"
            )


def _is_of_a_model(name: str) -> bool:
    return plain(name) in _OF_A_MODEL or stem_and_number(name)[0] in _OF_A_MODEL


def _cells(source: Source, name: str) -> NDArray[Any] | None:
    """The values of a column; None where they are none that numbers or names a row."""
    if source.holds[name] not in (INTEGERS, NUMBERS, TEXTS):
        return None
    try:
        return to_numpy(source.read([name])[name], name)
    except InputError:  # of an empty cell
        return None
