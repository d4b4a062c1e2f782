"""A source with its columns chosen: what is read of it, whole or in batches, and what that is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from abstain._checks import ArgumentError, InputError, check_choice, counting_rows
from abstain.logits.answers import Answers, read_answers
from abstain.logits.choice import Choice, check_one_split, choose, find_label, why_no_label
from abstain.logits.class_labels import are_texts, as_numbers, class_indices, class_texts
from abstain.logits.groups import SOURCE_OPTION
from abstain.logits.names import SAMPLE, column_called, listed
from abstain.logits.order_of_classes import LABELS_AT_ONCE, check_order, of_classes
from abstain.logits.sample_log import is_sample_log
from abstain.logits.source import TEXTS, Source
from abstain.logits.sources import check_paired, labels_apart, open_source
from abstain.logits.value_columns import ValueColumns
from abstain.scores.default_names import default_numbers

Names = tuple[str, ...] | None
INPUTS = ("logits", "log-probabilities", "probabilities", "confidence")


@dataclass(frozen=True, eq=False)
class Opening:
    """A source, and what of it is what.

    Attributes:
        source: that was opened.
        choice: of its columns.
        classes: their names, where they are told or the labels tell them; those of labels that are texts are sorted.
        order_is_told: whether the names are in the order of the classes.
        labels: of all samples; if `in_batches`, only their distinct texts, or None where these are no texts.
        in_batches: whether no more was read of the labels.
        input: what the values are, where that is told.
        class_axis: as told.
        ignore_index: as told.
        answers: of a language model, where the source is a log of these; then nothing is chosen.
        by_number: whether labels that are numbers are names of classes, where these are numbers.
        source_column: the column that tells where each row comes from; None where none is named.
    """

    source: Source
    choice: Choice
    classes: Names
    order_is_told: bool
    labels: Any
    in_batches: bool
    input: Any
    class_axis: int | None
    ignore_index: int | None
    answers: Answers | None = None
    by_number: bool = False
    source_column: str | None = None

    def class_names(self, values: ValueColumns) -> Names:
        """In the order of the values' columns."""
        return values.class_names or self.classes

    def indices(self, labels: Any, values: ValueColumns) -> Any:
        """Labels as numbers: the places of their classes among the values."""
        told: dict[str, Any] = {"by_number": self.by_number, "ignore_index": self.ignore_index}
        return class_indices(labels, self.class_names(values), str(self.choice.label), **told)

    def ordered_names(self, values: ValueColumns, n_columns: int) -> Names:
        """Names of classes by which labels that are texts were told; None where the columns are called so.

        Raises:
            InputError: nothing tells which value is whose.
        """
        if (
            values.class_names is not None
            or self.labels is None
            or not class_texts(self.labels, str(self.choice.label))
        ):
            return None
        if self.classes is not None:
            check_order(self.source, values, self.classes, n_columns, is_told=self.order_is_told)
        return self.classes

    def describe(self, parts: list[str], *, grouped: bool, n_ignored: int) -> str:
        """A sentence: which columns count, and which do not."""
        if grouped:
            parts = [*parts, f"rows that belong together: {SAMPLE}"]
        used = self.choice.used
        if self.source_column is not None:
            parts, used = [*parts, f"where rows come from: {self.source_column}"], {*used, self.source_column}
        left = [name for name in self.source.holds if name not in used and not (grouped and name == SAMPLE)]
        if left:
            parts = [*parts, f"not used: {', '.join(name or 'an unnamed column' for name in left[:10])}"]
            parts[-1] += f" and {len(left) - 10} more" if len(left) > 10 else ""
        if self.source.beside:
            parts = [*parts, f"not used of the labels: {listed(self.source.beside)}"]
        if n_ignored or self.ignore_index is not None:
            parts = [*parts, f"samples left out: {n_ignored:,}"]
        return "; ".join(parts)

    def describe_values(
        self,
        kind: str,
        n_columns: int,
        values: ValueColumns,
        *,
        names: Names,
        grouped: bool,
        n_ignored: int,
        of_percent: bool = False,
    ) -> str:
        """The same of values of the classes; `names` are those of `ordered_names`."""
        order = f" ({_numbered(names)})" if names else ""
        what = kind if n_columns == 1 else f"{n_columns} {kind}"
        what += ", in percent and divided by 100" if of_percent else ""
        parts = [f"{what}: {values}", f"labels: {self.choice.label}{order}"]
        return self.describe(parts, grouped=grouped, n_ignored=n_ignored)


def open_columns(
    source: Any,
    *,
    in_batches: bool,
    split: str | None = None,
    revision: str | None = None,
    config_name: str | None = None,
    labels: Any = None,
    input: str | None = None,
    label_column: str | None = None,
    logit_columns: str | Sequence[str] | None = None,
    class_axis: int | None = None,
    ignore_index: int | None = None,
    choice: str | None = None,
    class_names: str | Sequence[str] | None = None,
    source_column: str | None = None,
) -> Opening:
    """Open a source and choose its columns; arguments as of `read_predictions`.

    Args:
        source: any.
        in_batches: read no more of the labels than their names, where the source can be read in batches.
        split: as there.
        revision: as there.
        config_name: as there.
        labels: as there.
        input: as there.
        label_column: as there.
        logit_columns: as there.
        class_axis: as there.
        ignore_index: as there.
        choice: as there.
        class_names: as there.
        source_column: as there.

    Raises:
        InputError: as there, but for what the values themselves tell.
    """
    if input is not None:
        check_choice("input", input, INPUTS)
    opened = open_source(source, split=split, revision=revision, config_name=config_name, in_batches=in_batches)
    if is_sample_log(opened.holds):
        columns = {"labels": labels, "label_column": label_column, "logit_columns": logit_columns}
        columns |= {"class_names": class_names, "source_column": source_column}
        told = {**columns, "input": input, "class_axis": class_axis, "ignore_index": ignore_index}
        return _of_log(opened, choice, told)
    if choice is not None:
        raise ArgumentError(
            f"choice is {choice!r}, but {opened.title} holds no answers of a language model: leave it out"
        )
    opened, label = _with_labels(opened, source, labels, label_column)
    with opened.naming():
        in_batches = in_batches and opened.batches is not None
        given = None if label is None else _texts(opened, label) if in_batches else opened.read([label])[label]
        told_names = None if class_names is None else _told_classes(class_names)
        order = told_names or (None if label is None else opened.class_names.get(label))
        classes = order or _sorted_names(opened, label, given)
        wanted = None if logit_columns is None else _names("logit_columns", logit_columns)
        chosen = choose(opened, classes, label=label, input=input, logit_columns=wanted, are_all=order is not None)
        _check_labels(opened, chosen, label, given, ignore_index)
        by_number = told_names is not None
        if chosen.values is not None and label is not None and told_names is None:
            values = of_classes(opened, chosen.values, label, given, order, wanted is not None, ignore_index)
            chosen, by_number = replace(chosen, values=values), classes is None
        if label_column is None or logit_columns is None:  # or else both are told
            check_one_split(opened, chosen)
        return Opening(
            opened,
            chosen,
            classes,
            order is not None,
            given,
            in_batches,
            input,
            class_axis,
            ignore_index,
            by_number=by_number,
            source_column=None if source_column is None else column_called(opened, str(source_column), SOURCE_OPTION),
        )


def _with_labels(opened: Source, source: Any, labels: Any, label_column: str | None) -> tuple[Source, str | None]:
    """The source, with labels that are given apart, and what its column of labels is called, if it has one."""
    label = find_label(opened, None if label_column is None else str(label_column))
    if labels is None:
        return opened, label
    check_paired(source, labels)
    return labels_apart(opened, label, labels)


def _told_classes(class_names: Any) -> tuple[str, ...]:
    names = tuple(_names("class_names", class_names))
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ArgumentError(f"class_names holds {twice!r} twice, but each names one class")
    return names


def _check_labels(source: Source, choice: Choice, label: str | None, given: Any, ignore_index: int | None) -> None:
    """Refuse values without labels, and a label to ignore where they are names."""
    if choice.confidence is None and label is None:
        raise InputError(why_no_label(source, choice.values))
    if ignore_index is not None and label is not None and given is not None and class_texts(given, label):
        raise ArgumentError(f"ignore_index is {ignore_index}, but the labels {label!r} are names: leave it out")


def _of_log(log: Source, choice: str | None, told: Mapping[str, Any]) -> Opening:
    foreign = next((name for name, value in told.items() if value is not None), None)
    if foreign is not None:
        raise ArgumentError(
            f"{foreign} is given, but {log.title} is a sample log of lm-evaluation-harness, whose columns are known: "
            "leave it out"
        )
    return Opening(log, Choice(None), None, False, None, False, None, None, None, read_answers(log, choice))


def stacked(columns: Mapping[str, Any], values: ValueColumns) -> Any:
    """(N, K), (N, 1) of one number a sample, or lists as they are, of columns that were read."""
    numbers = [as_numbers(columns[name], name) for name in values.columns]
    if len(numbers) == 1:
        return numbers[0][:, None] if numbers[0].ndim == 1 else numbers[0]
    if any(hasattr(column, "detach") for column in numbers):
        return torch.stack([torch.as_tensor(column) for column in numbers], dim=1)
    return np.column_stack(numbers)


def _texts(source: Source, label: str) -> Any:
    """The distinct labels that are texts; None of other labels."""
    if source.holds[label] != TEXTS or source.batches is None:
        return None
    found, start = dict[str, int](), 0
    for batch in source.batches([label], LABELS_AT_ONCE):
        if are_texts(batch[label]):
            texts, rows = np.unique(batch[label].astype(str), return_index=True)
            found = dict(zip(texts.tolist(), (start + rows).tolist(), strict=True)) | found  # the first row of each
        start += len(batch[label])
    distinct = np.array(sorted(found), dtype=object)
    with counting_rows(lambda row: found[distinct[row]]):
        class_texts(distinct, label)
    return distinct


def _names(what: str, names: Any) -> list[str]:
    if isinstance(names, str):
        return [name.strip() for name in names.split(",")]
    if not isinstance(names, Iterable) or not (listed_names := [str(name) for name in names]):
        raise ArgumentError(f"{what} is {names!r}, but must be names, or a text with commas")
    return listed_names


def _sorted_names(source: Source, label: str | None, given: Any) -> Names:
    """The labels themselves, where they are texts that do not number their classes, as `LABEL_3` does."""
    names = None if label is None or source.holds[label] != TEXTS else class_texts(given, label)
    return None if names is None or default_numbers(names) is not None else names


def _numbered(classes: Sequence[str]) -> str:
    pairs = [f"{index} = {name}" for index, name in enumerate(classes)]
    return ", ".join(pairs) if len(pairs) <= 4 else f"{pairs[0]}, {pairs[1]} … {pairs[-1]}"
