"""Which columns are called as the classes are, and whether one that is left may be a class without a label.

A class that no label of a file has is known by its column alone. So a column beside those of the other classes has to
tell by its name, or by holding integers beside real numbers, that it serves another purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from abstain._checks import InputError
from abstain.logits.names import BESIDE, plain, stem_and_number
from abstain.logits.source import INTEGERS, NUMBERS, Source
from abstain.scores.recognition import SUM_WITHIN

Names = tuple[str, ...]
FIRST = 1000
"""Rows that are looked at."""
TRUTH = ("False", "True")
"""What columns of two classes may be called beside labels that are truth values."""


def called_as_classes(source: Source, classes: Sequence[str] | None) -> tuple[Names, Names] | None:
    """The columns called as the classes are, `cat`, or all with one beginning or ending, `prob_cat`, `P(cat)`.

    Args:
        source: without its labels.
        classes: their names; None where they are not known.

    Returns:
        The columns and the classes that they are of; None where there are none.

    Raises:
        InputError: a column that is left may be one more class.
    """
    classes = TRUTH if classes is None else classes
    if len(classes) < 2:
        return None
    numbers = [name for name, kind in source.holds.items() if kind in (NUMBERS, INTEGERS)]
    for beginning, ending in _around(classes[0], numbers):
        names = [beginning + name + ending for name in classes]
        if set(names) <= set(numbers):
            others = [name for name in numbers if name.startswith(beginning) and name.endswith(ending)]
            _check_none_left(source, names, others)
            return tuple(names), tuple(classes)
    return None


def _around(name: str, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What stands before and after a class's name in those of columns; an ending is set off from it."""
    for column in columns:
        for found in re.finditer(f"(?={re.escape(name)})", column):
            ending = column[found.start() + len(name) :]
            if not ending[:1].isalnum():
                yield column[: found.start()], ending


def _check_none_left(source: Source, names: list[str], others: Sequence[str]) -> None:
    """Refuse a column that may be a class which no label of this file has.

    Args:
        source: without its labels.
        names: of the columns that are called as the labels are.
        others: of all columns with the same beginning and ending, which alone can be classes too.
    """
    kinds = {NUMBERS, *(source.holds[name] for name in names)}
    left = [name for name in others if source.holds[name] in kinds and name not in names]
    features = _features(source, left, {stem_and_number(name)[0] for name in names})
    left = [name for name in left if name not in features and not _serves_otherwise(name)]
    if left and not _are_whole(source, names):
        raise InputError(
            f"{source.title} has columns called as the labels are ({', '.join(names[:3])} …) and also {left[0]!r}, "
            "which may be one more class: name the columns of all classes (logit_columns)"
        )


def _are_whole(source: Source, names: list[str]) -> bool:
    """Whether the first rows of these columns are probabilities that sum to 1, which leaves none to another class."""
    batch = next(source.batches(names, FIRST), None) if source.batches is not None else source.read(names)
    if batch is None:
        return False
    rows = np.stack([np.asarray(batch[name], dtype=np.float64)[:FIRST] for name in names], axis=1)
    sums = rows.sum(axis=1)
    return bool(len(rows) and (rows >= 0).all() and (np.abs(sums - 1) < SUM_WITHIN).all())


def _features(source: Source, names: list[str], stems: set[str | None]) -> set[str]:
    """Columns that are numbered one after the other from 0 or 1, with another stem than the classes'."""
    groups: dict[str, list[str]] = {}
    for name in names:
        stem, _ = stem_and_number(name)
        if stem is not None and stem not in stems:
            groups.setdefault(stem, []).append(name)
    runs = [group for group in groups.values() if len(group) > 1 and _is_run([stem_and_number(n)[1] for n in group])]
    return {name for group in runs for name in group}


def _is_run(numbers: list[int]) -> bool:
    return min(numbers) < 2 and sorted(numbers) == list(range(min(numbers), min(numbers) + len(numbers)))


def _serves_otherwise(name: str) -> bool:
    """Whether a column's name tells that it is no class."""
    called = plain(name)
    return not name or called in BESIDE or called.startswith("unnamed:") or called.endswith("_id")
