"""What is known of rows beside their labels: what they belong to, as pixels to an image, and where they are from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._checks import ArgumentError, InputError
from abstain.logits.names import SAMPLE, column_called
from abstain.logits.source import INTEGERS, NUMBERS, TEXTS, Source

SOURCE_OPTION = "source_column="


def rows_that_share(
    source: Source, n: int, *, labels: Any = None, values: Any = None, ignore_index: int | None = None
) -> NDArray[Any] | None:
    """What rows share, as the column `sample` says, or the first axis of values with several labels each.

    Args:
        source: that may have the column.
        n: samples along the first axis.
        labels: (N,), (N, …), (N, 1) or one-hot (N, K); None: one a sample.
        values: (N, K), (N, K, …) or (N, …, K).
        ignore_index: the label of what does not count.

    Returns:
        One entry a row that counts; None where no two rows share one.

    Raises:
        InputError: the column holds numbers that are not whole, or empty cells.
    """
    groups = np.arange(n)
    if source.holds.get(SAMPLE) in (INTEGERS, NUMBERS, TEXTS):
        groups = _named(source, SAMPLE)
    if labels is not None:
        groups = _for_each_label(groups, np.asarray(_on_cpu(labels)), values, ignore_index)
    return groups if len(np.unique(groups)) < len(groups) else None


def column_of_rows(
    source: Source, name: str, *, labels: Any = None, values: Any = None, ignore_index: int | None = None
) -> NDArray[Any]:
    """What a column says of each row that counts: integers, or names.

    Args:
        source: that must have the column.
        name: of the column.
        labels: as `rows_that_share`.
        values: as `rows_that_share`.
        ignore_index: as `rows_that_share`.

    Raises:
        InputError: there is no such column, or it holds neither names nor whole numbers, or empty cells.
    """
    column = column_called(source, name, SOURCE_OPTION)
    if source.holds[column] not in (INTEGERS, NUMBERS, TEXTS):
        raise ArgumentError(
            f"the column {column} of {source.title} holds {source.holds[column]}, but must tell with a name or a whole "
            "number where each row comes from: name another one"
        )
    found = _named(source, column)
    if column in source.class_names:
        found = np.array(source.class_names[column])[found]
    if found.dtype.kind == "b":
        found = found.astype(str)
    return found if labels is None else _for_each_label(found, np.asarray(_on_cpu(labels)), values, ignore_index)


def _named(source: Source, column: str) -> NDArray[Any]:
    """Names or whole numbers, none missing; floats, as a table with an empty cell writes them, as integers."""
    groups = np.asarray(_on_cpu(source.read([column])[column]))
    is_float = groups.dtype.kind == "f"
    named = groups == np.floor(groups) if is_float else groups != ""  # NaN is not equal to itself
    if not np.all(named):
        raise InputError(
            f"the column {column} has empty cells or numbers that are not whole, but tells for each row what it "
            "belongs to: fill it, with whole numbers or names, or give it another name"
        )
    return groups.astype(np.int64) if is_float else groups


def _for_each_label(groups: NDArray[Any], labels: NDArray[Any], values: Any, ignore_index: int | None) -> NDArray[Any]:
    if values.ndim > 2 and labels.ndim > 1:
        groups = np.repeat(groups, int(np.prod(labels.shape[1:])))
        labels = labels.reshape(-1)
    if ignore_index is None or labels.size != len(groups):
        return groups
    return groups[labels.reshape(-1) != ignore_index]


def _on_cpu(labels: Any) -> Any:
    return labels.detach().cpu() if hasattr(labels, "detach") else labels
