"""Several items of a data set at once, as data sets of torch and of `datasets` give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast


def items_of(dataset: Any, indices: Sequence[int]) -> list[Any]:
    """The items at some places of a map-style data set, in one call where it has `__getitems__`."""
    at_once = getattr(dataset, "__getitems__", None)
    return cast(list[Any], at_once(list(indices)) if at_once else [dataset[index] for index in indices])
