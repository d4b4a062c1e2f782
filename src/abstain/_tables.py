"""Tables, whose columns have names: which objects are some, and which of them are arrays all the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from abstain._checks import InputError


def is_of(library: str, value: Any) -> bool:
    """Whether the class of a value is one of a library or derived from one, without importing the library."""
    return any(kind.__module__.partition(".")[0] == library for kind in type(value).__mro__)


def is_frame(value: Any) -> bool:
    """Whether a value is a DataFrame of pandas, or of a class derived from it."""
    return is_of("pandas", value) and hasattr(value, "columns")


def check_column_order(values: Any, what: str) -> None:
    """Refuse a table whose columns need not be in the order of the classes: as an array it is read by their place.

    One column has only one place, and names from 0 to K - 1, in order, with one beginning or none and one ending or
    none, say that they are in that order.

    Raises:
        InputError: the columns have other names, or are in another order.
    """
    names = _column_names(values)
    if names is None or _are_in_order(names):
        return
    shown = ", ".join(map(str, names[:8])) + (" …" if len(names) > 8 else "")
    raise InputError(
        f"{what} are a {type(values).__name__} with the columns {shown}, which need not be the classes in their order: "
        "read it with abstain.read_predictions((table, labels)), which goes by names, also those of the classes, or "
        "give .to_numpy() of the columns that are meant, in the order of the classes"
    )


def _column_names(values: Any) -> list[Any] | None:
    """Names of the columns of a table; None of what is none."""
    if is_of("pyarrow", values):
        return getattr(values, "column_names", None)
    if is_frame(values) or (hasattr(values, "__array__") and hasattr(values, "columns")):  # of polars, say
        return list(values.columns)
    return None


def _are_in_order(names: Sequence[Any]) -> bool:
    found = [re.fullmatch(r"(.*?)(\d+)(\D*)", str(name)) for name in names]
    numbered = [(match[1], int(match[2]), match[3]) for match in found if match]
    if len(names) == 1:  # the only probability may be that of class 0, and is taken for that of class 1
        return not (isinstance(names[0], str) and numbered and numbered[0][1] == 0)
    beginning, _, ending = numbered[0] if numbered else ("", 0, "")
    in_order = [(beginning, place, ending) for place in range(len(names))]
    return list(names) == list(range(len(names))) or numbered == in_order
