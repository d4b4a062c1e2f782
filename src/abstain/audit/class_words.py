"""What a threshold does to each predicted class, in words and a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from abstain.audit.per_group import OfGroup
from abstain.report.phrases import counted, p_value, percent
from abstain.report.tables import markdown_table

MOST_CLASSES = 15
"""Rows of the table; the others are in `results.json`."""


def in_words(classes: Sequence[OfGroup], where: str, level: float) -> Iterator[str]:
    """Which classes are wrong more often than the target risk, and which are never answered.

    Args:
        classes: at least one.
        where: at which threshold, as the beginning of a sentence.
        level: a class is above the target where its p-value is at most 1 - level.
    """
    above = [one for one in classes if one.adjusted_p is not None and one.adjusted_p <= 1 - level]
    silent = [one for one in classes if one.coverage == 0]
    n = len(classes)
    if above:
        yield (
            f"{where}, answers of {counted(len(above), 'class', 'classes')} of "
            f"{n} are wrong more often than that beyond chance: {_named(above)}. A threshold for each class keeps the "
            "target within each (`abstain.select_threshold` with `per_group=True`)."
        )
    elif any(one.adjusted_p is not None for one in classes):
        yield f"{where}, no class is wrong more often than that beyond chance."
    elif len(silent) < n:
        yield f"{where}, whether a class is wrong more often than that cannot be told where rows depend on each other."
    if silent:
        yield f"Never answered: {_named(silent)}."
    if n > MOST_CLASSES:
        yield f"The {MOST_CLASSES} with the largest risk are shown; `results.json` has all {n}."


def _named(classes: Sequence[OfGroup]) -> str:
    shown = ", ".join(one.name for one in classes[:10])
    return shown + (f" and {len(classes) - 10} more" if len(classes) > 10 else "")


def table(classes: Sequence[OfGroup]) -> str:
    """A line a class, in their order, up to `MOST_CLASSES`."""
    rows = [["predicted class", "samples", "error %", "answered %", "of these wrong %", "p (Holm)"]]
    rows += [
        [
            one.name,
            f"{one.n_samples:,}",
            percent(one.error, 2),
            percent(one.coverage, 1),
            percent(one.risk, 2),
            p_value(one.adjusted_p),
        ]
        for one in classes[:MOST_CLASSES]
    ]
    return markdown_table(rows, "lrrrrr")
