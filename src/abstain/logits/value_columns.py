"""Which columns hold the values of the classes, by their names.

They are the columns that share a usual stem and are numbered as the classes (`logit_0`, `class_1_prob`, `p(y=2)`, …) or
are called as the classes are, or else one column of a usual name (`logits`, `probabilities`, …), of lists or of one
number a sample; or, without any of these, columns called by the word class and a number (`LABEL_0`, `class_1`, …).
Numbered columns of another stem, such as `pixel_0`, may be features: they count only where they are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from abstain._checks import ArgumentError, InputError
from abstain.logits.called_as_classes import called_as_classes, first_rows
from abstain.logits.names import (
    CLASS_WORDS,
    LABEL,
    LISTS_ONLY,
    VALUES,
    column_called,
    listed,
    only_column,
    plain,
    stem_and_number,
    tells_values,
    without_class_words,
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
        if "prob" in name or "softmax" in name or without_class_words(str(stem_and_number(self.columns[0])[0])) == "p":
            return "probabilities"
        return "logits" if "logit" in name else None

    @property
    def numbers(self) -> list[int]:
        """What the columns' names end in; empty where one does not end in a number."""
        ends = [stem_and_number(name) for name in self.columns]
        return [] if any(stem is None for stem, _ in ends) else [number for _, number in ends]

    @property
    def count_from_1(self) -> bool:
        """Whether several columns are numbered from 1, and nothing else names their classes."""
        return (
            len(self.columns) > 1
            and not self.class_names
            and sorted(self.numbers) == list(range(1, len(self.columns) + 1))
        )

    def __str__(self) -> str:
        return listed(self.columns)


def named_values(source: Source, names: Sequence[str], classes: Sequence[str] | None) -> ValueColumns:
    """The columns that are named, or those with the stem that is, in the order of the classes.

    Raises:
        InputError: there is no such column, one is named twice, or a column of lists is not alone.
    """
    if len(names) == 1 and names[0] not in source.holds:
        groups = _numbered(source, [])
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


def found_values(source: Source, classes: Sequence[str] | None, *, are_all: bool = False) -> ValueColumns | None:
    """The values' columns by their names: rows of them if there are any, else one number a sample.

    Args:
        source: without its labels.
        classes: their names where they are known, by which columns may be called.
        are_all: whether there are no other classes; see `called_as_classes`.

    Returns:
        None where no name tells.

    Raises:
        InputError: several can be meant, a number is missing, or there may be one more class.
    """
    lists = [n for n, kind in source.holds.items() if kind == LISTS and plain(n) in [*VALUES, *LISTS_ONLY]]
    found = called_as_classes(source, classes, are_all=are_all)
    called = ValueColumns(*found) if found else None
    usual = [names for stem, names in _numbered(source, LABEL).items() if tells_values(stem)]
    predicted = [names for names in usual if _are_predicted_classes(source, names)]
    usual = [names for names in usual if names not in predicted and not _is_third_axis(source, names)]
    numbered = [_in_order(source, names) for names in usual if not _is_named(names, called)]
    rows = [*(ValueColumns((name,)) for name in lists), *([called] if called else [])]
    rows += [values for values in numbered if not (called and _is_same(source, called, values))]
    if len(rows) > 1:
        both = " and ".join(map(str, rows))
        raise InputError(f"{source.title} has {both}, which can all be the values: name them (logit_columns)")
    if rows:
        return rows[0]
    single = only_column(source, VALUES, (NUMBERS, INTEGERS, TEXTS), "values", "logit_columns")
    if single is not None and not _is_third_axis(source, [single]):
        return ValueColumns((single,))
    numbered_classes = _numbered_classes(source)
    if numbered_classes is not None:
        return numbered_classes
    if predicted:
        raise InputError(
            f"{source.title} has {listed(predicted[0])}, which hold integers, as the predicted classes of several "
            "models do: where they are values of the classes, name them (logit_columns)"
        )
    return None


def _is_named(names: list[str], called: ValueColumns | None) -> bool:
    """Whether numbered columns are called as classes are whose names are more than numbers, `prob_class_1`."""
    if called is None or all(name.isdecimal() for name in called.class_names or ()):
        return False
    return set(names) <= set(called.columns)


def _is_same(source: Source, called: ValueColumns, numbered: ValueColumns) -> bool:
    """Whether columns that are called as classes are whose names are numbers are numbered in the same order."""
    if set(called.columns) != set(numbered.columns):
        return False
    if called.columns != numbered.columns:
        raise InputError(
            f"{source.title} has {numbered}, whose numbers are names of the classes, which come in another order "
            f"({_shortened(called.class_names or ())}): where labels count the classes in that order give "
            f"logit_columns={_shortened(called.columns)}, where they are the numbers of the columns give "
            f"class_names={_shortened(numbered.numbers)}"
        )
    return True


def _shortened(names: Sequence[object]) -> str:
    return ",".join(map(str, names[:4])) + (",…" if len(names) > 4 else "")


def _are_predicted_classes(source: Source, names: list[str]) -> bool:
    """Whether numbered columns of predictions hold integers, as those of several models do."""
    words = {*str(stem_and_number(names[0])[0]).split("_")}
    return words.isdisjoint(VALUES) and bool(words & {*LISTS_ONLY}) and all(source.holds[n] == INTEGERS for n in names)


def _is_third_axis(source: Source, names: list[str]) -> bool:
    """Whether these are the z of points, whose x and y stand beside them."""
    if any(not plain(name).startswith("z") for name in names):
        return False
    others = {plain(name) for name in source.holds}
    return all({axis + plain(name)[1:] for axis in "xy"} <= others for name in names)


def _numbered(source: Source, without: Sequence[str]) -> dict[str, list[str]]:
    """Stem -> columns of numbers that share it; one column alone only where its stem is a usual name."""
    groups: dict[str, list[str]] = {}
    for name, kind in source.holds.items():
        stem, _ = stem_and_number(name)
        if stem is not None and (kind in (NUMBERS, INTEGERS) or (kind == TEXTS and stem in VALUES)):
            groups.setdefault(stem, []).append(name)
    taken = {*without, "unnamed:", "unnamed"}
    free = {stem: names for stem, names in groups.items() if stem not in taken}
    return {stem: names for stem, names in free.items() if len(names) > 1 or without_class_words(stem) in VALUES}


def _numbered_classes(source: Source) -> ValueColumns | None:
    """Columns called `LABEL_0`, `class_1` or the like that hold values; whole numbers may be labels, such as one-hot.

    Raises:
        InputError: there are several sets of them, or a number is missing.
    """
    groups: dict[str, list[str]] = {}
    for name, kind in source.holds.items():
        stem, _ = stem_and_number(name)
        if stem in CLASS_WORDS and kind == NUMBERS:
            groups.setdefault(stem, []).append(name)
    found = [_in_order(source, names) for names in groups.values() if len(names) > 1 and not _are_whole(source, names)]
    if len(found) > 1:
        both = " and ".join(map(str, found))
        raise InputError(f"{source.title} has {both}, which can all be the values: name them (logit_columns)")
    return found[0] if found else None


def _are_whole(source: Source, names: Sequence[str]) -> bool:
    return all(bool((column == np.round(column)).all()) for column in first_rows(source, names).T)


def _in_order(source: Source, names: list[str]) -> ValueColumns:
    source.check_once(names)
    names = sorted(names, key=lambda name: stem_and_number(name)[1])
    values = ValueColumns(tuple(names))
    if not values.count_from_1 and not (values.numbers == [1] and values.said == "probabilities"):
        refuse_gap(source, names, values.numbers)
    return values


def refuse_gap(source: Source, names: Sequence[str], numbers: list[int]) -> None:
    """Refuse columns that are not numbered from 0.

    Raises:
        InputError: the number that is not there.
    """
    gap = next((number for number in range(len(names)) if numbers[number] != number), None)
    if gap is not None:
        raise InputError(
            f"{source.title} has {listed(names)}, whose numbers should be those of the classes, from 0 to "
            f"{len(names) - 1}, but {gap} is not there once: name them in the order of the classes (logit_columns)"
        )
