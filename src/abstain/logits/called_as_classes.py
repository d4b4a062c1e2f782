"""Which columns are called as the classes are, and whether one that is left is a class without a label.

A class that no label of a file has is known by its column alone, where nobody says which classes there are. It is one
if the probabilities sum to 1 only with it; else a column beside those of the other classes has to tell by its name, or
by holding integers beside real numbers, that it serves another purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from abstain._checks import InputError
from abstain.logits.names import BESIDE, plain, stem_and_number
from abstain.logits.source import INTEGERS, NUMBERS, Source
from abstain.scores.recognition import Recognised

Names = tuple[str, ...]
FIRST = 1000
"""Rows that are looked at."""
OF_ALL_CLASSES = "max min mean std var sum norm margin gap top scale bias temperature true total all overall".split()
"""What a logit may be called that is no class's."""
TRUTH = ("False", "True")
"""What columns of two classes may be called beside labels that are truth values."""


def called_as_classes(
    source: Source, classes: Sequence[str] | None, *, are_all: bool = False
) -> tuple[Names, Names] | None:
    """The columns called as the classes are, `cat`, or all with one beginning or ending, `prob_cat`, `P(cat)`.

    Args:
        source: without its labels.
        classes: their names; None where they are not known.
        are_all: whether there are no others, as where they are told; else labels may lack a class.

    Returns:
        The columns and the classes that they are of; None where there are none.

    Raises:
        InputError: a column that is left may be one more class.
    """
    classes = TRUTH if classes is None else classes
    numbers = [name for name, kind in source.holds.items() if kind in (NUMBERS, INTEGERS)]
    for beginning, ending in _around(classes[0], numbers):
        names = [beginning + name + ending for name in classes]
        if set(names) <= set(numbers):
            others = [name for name in numbers if name.startswith(beginning) and name.endswith(ending)]
            more = [] if are_all else _more_classes(source, names, others, (beginning, ending))
            if len(names) + len(more) > 1:
                without = [name.removeprefix(beginning).removesuffix(ending) for name in more]
                return (*names, *more), (*classes, *without)
    return None


def _around(name: str, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What stands before and after a class's name in those of columns; an ending is set off from it."""
    for column in columns:
        for found in re.finditer(f"(?={re.escape(name)})", column):
            ending = column[found.start() + len(name) :]
            if not ending[:1].isalnum():
                yield column[: found.start()], ending


def _more_classes(source: Source, names: list[str], others: Sequence[str], around: tuple[str, str]) -> list[str]:
    """The columns of classes which no label of this file has: all that are left, or none.

    Args:
        source: without its labels.
        names: of the columns that are called as the labels are.
        others: of all columns with the same beginning and ending, which alone can be classes too.
        around: this beginning and ending.

    Raises:
        InputError: a column may be one or not.
    """
    kinds = {NUMBERS, *(source.holds[name] for name in names)}
    left = [name for name in others if source.holds[name] in kinds and name not in names]
    features = _features(source, left, {stem_and_number(name)[0] for name in names})
    left = [name for name in left if name not in features and not _serves_otherwise(name)]
    if not left:
        return []
    from_1 = {len(more): _from_1(source, [*names, *more]) for more in ([], left)}
    if min(from_1.values()) < np.inf:  # none is left to another class
        return [] if from_1[0] <= from_1[len(left)] else left
    if _are_called_logits(left, *around):
        return left
    if len(names) == 1:
        return []
    raise InputError(
        f"{source.title} has columns called as the labels are ({', '.join(names[:3])} …) and also {left[0]!r}, which "
        "may be one more class: name the columns of all classes (logit_columns), or the classes (class_names)"
    )


def _are_called_logits(names: Sequence[str], beginning: str, ending: str) -> bool:
    """Whether the columns are called logits of something that is no number of all classes, `logit_cat`."""
    words = {*plain(beginning).split("_"), *plain(ending).split("_")}
    of = {plain(name.removeprefix(beginning).removesuffix(ending)) for name in names}
    return not words.isdisjoint(("logit", "logits")) and of.isdisjoint([*OF_ALL_CLASSES, *BESIDE])


def _from_1(source: Source, names: list[str]) -> float:
    """How far the sums of the first rows are from 1 at most, of probabilities in any form; inf of anything else."""
    if len(names) < 2:
        return np.inf
    try:
        rows = torch.from_numpy(first_rows(source, names))
    except InputError:  # of an empty cell in a column that need not count
        return np.inf
    found = Recognised.of(rows) if len(rows) and bool(rows.isfinite().all()) else None
    if found is None:
        return np.inf
    forms = (
        (found.are_probabilities, rows),
        (found.are_log_probabilities, rows.exp()),
        (found.are_percent, rows / 100),
    )
    sums = (form.sum(dim=1) for is_form, form in forms if is_form())
    return next((float((total - 1).abs().max()) for total in sums), np.inf)


def first_rows(source: Source, names: Sequence[str]) -> NDArray[np.float64]:
    """The first rows of columns of numbers, at most `FIRST`, in float64."""
    batch = next(source.batches(names, FIRST), None) if source.batches is not None else source.read(names)
    columns = [np.empty(0)] * len(names) if batch is None else [batch[name] for name in names]
    return np.stack([np.asarray(column, dtype=np.float64)[:FIRST] for column in columns], axis=1)


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
