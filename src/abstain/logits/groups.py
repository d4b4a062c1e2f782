"""Rows that depend on each other: the pixels of one image, the tokens of one text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._checks import InputError
from abstain.logits.names import SAMPLE
from abstain.logits.source import INTEGERS, NUMBERS, TEXTS, Source


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
        groups = np.asarray(source.read([SAMPLE])[SAMPLE])
        groups = _named(groups)
    if labels is not None:
        groups = _for_each_label(groups, np.asarray(_on_cpu(labels)), values, ignore_index)
    return groups if len(np.unique(groups)) < len(groups) else None


def _named(groups: NDArray[Any]) -> NDArray[Any]:
    """Names or whole numbers, none missing; floats, as a table with an empty cell writes them, as integers."""
    is_float = groups.dtype.kind == "f"
    named = groups == np.floor(groups) if is_float else groups != ""  # NaN is not equal to itself
    if not np.all(named):
        raise InputError(
            f"the column {SAMPLE} has empty cells or numbers that are not whole, but tells for each row what it "
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
