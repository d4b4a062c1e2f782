"""Which columns hold the values of the classes, by their names.

They are the columns that share a usual stem and are numbered from 0 (`logit_0`, `logit_1`, …) or are called as the
classes are, or else one column of a usual name (`logits`, `probabilities`, …), of lists or of one number a sample.
Numbered columns of another stem, such as `pixel_0`, may be features: they count only where they are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from abstain._checks import ArgumentError, InputError
from abstain.logits.names import (
    CONFIDENCE,
    CORRECT,
    ERROR,
    LABEL,
    LISTS_ONLY,
    PREDICTION,
    VALUES,
    column_called,
    listed,
    only_column,
    plain,
    stem_and_number,
)
from abstain.logits.source import INTEGERS, LISTS, NUMBERS, TEXTS, Source


@dataclass(frozen=True)
class ValueColumns:
    """Columns with the classes' values: one of lists, or one a class in the order of the classes."""

    columns: tuple[str, ...]
    class_names: tuple[str, ...] | None = None

    @property
    def said(self) -> Literal["logits", "log-probabilities", "probabilities"] | None:
        """What the names say of the kind: `"logits"`, `"log-probabilities"`, `"probabilities"`, or nothing."""
        name = plain(self.columns[0])
        if "log_prob" in name or "logprob" in name or "log_softmax" in name:
            return "log-probabilities"
        if "prob" in name or "softmax" in name or stem_and_number(self.columns[0])[0] == "p":
            return "probabilities"
        return "logits" if "logit" in name else None

    @property
    def numbered(self) -> bool:
        """Whether the columns' names end in numbers."""
        return all(stem_and_number(name)[0] is not None for name in self.columns)

    def __str__(self) -> str:
        return listed(self.columns)


def named_values(source: Source, names: Sequence[str], classes: Sequence[str] | None) -> ValueColumns:
    """The columns that are named, or those with the stem that is, in the order of the classes.

    Raises:
        InputError: there is no such column, one is named twice, or a column of lists is not alone.
    """
    if len(names) == 1 and names[0] not in source.holds:
        groups = _numbered(source)
        wanted = plain(names[0].rstrip("*")).rstrip("_")
        if wanted in groups:
            return _in_order(source, groups[wanted])
    for name in names:
        column_called(source, name, "logit_columns")
    if len(set(names)) < len(names):
        raise ArgumentError("a column is named twice in logit_columns, but each stands for one class")
    if len(names) > 1 and any(source.holds[name] == LISTS for name in names):
        raise ArgumentError(
            f"logit_columns names {listed(names)}, but a column of lists holds all classes: name it alone"
        )
    return ValueColumns(tuple(names), _classes_of(names, classes or ()))


def _classes_of(names: Sequence[str], classes: Sequence[str]) -> tuple[str, ...] | None:
    """The names without what comes before the classes', if all classes are among them."""
    for first in (name for name in names if classes and name.endswith(classes[0])):
        short = [name.removeprefix(first.removesuffix(classes[0])) for name in names]
        if set(classes) <= set(short):
            return tuple(short)
    return None


def found_values(source: Source, classes: Sequence[str] | None) -> ValueColumns | None:
    """The values' columns by their names: rows of them if there are any, else one number a sample.

    Args:
        source: without its labels.
        classes: their names where they are known, by which columns may be called.

    Returns:
        None where no name tells.

    Raises:
        InputError: several can be meant, a number is missing, or there may be one more class.
    """
    lists = [n for n, kind in source.holds.items() if kind == LISTS and plain(n) in [*VALUES, *LISTS_ONLY]]
    found = [ValueColumns((name,)) for name in lists] + [_called_as_classes(source, classes)]
    found += [_in_order(source, names) for stem, names in _numbered(source).items() if _is_usual(stem)]
    rows = [values for values in found if values is not None]
    if len(rows) > 1:
        both = " and ".join(map(str, rows))
        raise InputError(f"{source.title} has {both}, which can all be the values: name them (logit_columns)")
    if rows:
        return rows[0]
    single = only_column(source, VALUES, (NUMBERS, INTEGERS, TEXTS), "values", "logit_columns")
    return ValueColumns((single,)) if single is not None else None


def _numbered(source: Source) -> dict[str, list[str]]:
    """Stem -> columns of numbers that share it; one column alone only where its stem is a usual name."""
    groups: dict[str, list[str]] = {}
    for name, kind in source.holds.items():
        stem, _ = stem_and_number(name)
        if stem is not None and (kind in (NUMBERS, INTEGERS) or (kind == TEXTS and stem in VALUES)):
            groups.setdefault(stem, []).append(name)
    taken = {*LABEL, "unnamed:", "unnamed"}
    return {s: names for s, names in groups.items() if s not in taken and (len(names) > 1 or s in VALUES)}


def _is_usual(stem: str) -> bool:
    """Whether a stem tells that its columns are the classes' values: by one of its words, or by having none."""
    return not stem or not {*stem.split("_")}.isdisjoint([*VALUES, *LISTS_ONLY])


def _in_order(source: Source, names: list[str]) -> ValueColumns:
    names = sorted(names, key=lambda name: stem_and_number(name)[1])
    numbers = [stem_and_number(name)[1] for name in names]
    if numbers != list(range(len(names))):
        gap = next(number for number in range(len(names)) if numbers[number] != number)
        raise InputError(
            f"{source.title} has {listed(names)}, whose numbers should be those of the classes, from 0 to "
            f"{len(names) - 1}, but {gap} is not there once: name them in the order of the classes (logit_columns)"
        )
    return ValueColumns(tuple(names))


def _called_as_classes(source: Source, classes: Sequence[str] | None) -> ValueColumns | None:
    """The columns called as the classes are, `cat`, or all with one beginning, `prob_cat`."""
    if classes is None or len(classes) < 2:
        return None
    numbers = [name for name, kind in source.holds.items() if kind in (NUMBERS, INTEGERS)]
    for first in (name for name in numbers if name.endswith(classes[0])):
        names = [first.removesuffix(classes[0]) + name for name in classes]
        if set(names) <= set(numbers):
            _check_none_left(source, names)
            return ValueColumns(tuple(names), tuple(classes))
    return None


def _check_none_left(source: Source, names: list[str]) -> None:
    """Refuse a column that may be a class which no label of this file has."""
    usual = {*VALUES, *PREDICTION, *CONFIDENCE, *CORRECT, *ERROR, "loss", "entropy"}
    left = [n for n, kind in source.holds.items() if kind == NUMBERS and n not in names and plain(n) not in usual]
    left = [name for name in left if stem_and_number(name)[0] is None and name]
    if left:
        raise InputError(
            f"{source.title} has columns called as the labels are ({', '.join(names[:3])} …) and also {left[0]!r}, "
            "which may be one more class: name the columns of all classes (logit_columns)"
        )
