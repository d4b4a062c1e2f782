"""Which reading of the columns is meant: values of the classes with labels, or a confidence and what tells errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from abstain._checks import InputError
from abstain.logits.names import (
    CONFIDENCE,
    CORRECT,
    ERROR,
    LABEL,
    PREDICTION,
    column_called,
    describe_columns,
    only_column,
    plain,
    split_of,
)
from abstain.logits.source import INTEGERS, LISTS, NUMBERS, OTHER, TEXTS, Source
from abstain.logits.value_columns import ValueColumns, found_values, named_values


@dataclass(frozen=True)
class Confidence:
    """Columns with a confidence and with what tells whether a sample was right."""

    confidence: str
    correct: str | None = None
    error: str | None = None
    prediction: str | None = None

    def __str__(self) -> str:
        told = self.correct or self.error or self.prediction
        return f"{self.confidence} with {told}"


@dataclass(frozen=True)
class Choice:
    """What is what in a source: either `values` or `confidence` is there."""

    label: str | None
    values: ValueColumns | None = None
    confidence: Confidence | None = None

    @property
    def used(self) -> set[str]:
        """The columns that count."""
        held = self.confidence
        several = (held.confidence, held.correct, held.error, held.prediction) if held else ()
        return {name for name in (self.label, *several, *(self.values.columns if self.values else ())) if name}


def choose(
    source: Source,
    classes: Sequence[str] | None,
    *,
    label: str | None,
    input: str | None = None,
    logit_columns: Sequence[str] | None = None,
    are_all: bool = False,
) -> Choice:
    """Which columns are what; everything else is not used.

    Args:
        source: whose columns they are.
        classes: names of the classes where they are known, by which columns may be called.
        label: the column of labels; None where they are given apart or there are none.
        input: `"confidence"`, or another kind, which only `ValueColumns` can be.
        logit_columns: names of the values' columns, or the stem of them; None goes by the rule above.
        are_all: whether there are no classes but these; see `called_as_classes`.

    Raises:
        InputError: nothing fits, or two readings do, which are named with the option that decides.
    """
    free = replace(source, holds={name: kind for name, kind in source.holds.items() if name != label})
    named = None if not logit_columns else named_values(free, logit_columns, classes)
    values = named or found_values(free, classes, are_all=are_all)
    if values is not None and input != "confidence":
        _check_class_1(source, values, input)
    only_values = input not in (None, "confidence") or (logit_columns is not None and input is None)
    confidence = None if only_values else _confidence(free, label, values, named=logit_columns is not None)
    if input == "confidence" or (confidence is not None and (values is None or label is None)):
        return Choice(label, confidence=_complete(confidence, source))
    if values is None:
        raise InputError(
            f"{describe_columns(source)}, but none that holds logits or probabilities by its name: call them logit_0, "
            "logit_1 and so on, or logits, or name them in the order of the classes (logit_columns)"
        )
    if confidence is not None:
        raise InputError(
            f"{describe_columns(source)}, which can be read as values of the classes ({values}) and as a confidence "
            f'({confidence}): say which with input="logits", input="probabilities" or input="confidence"'
        )
    return Choice(label, values=values)


def _check_class_1(source: Source, values: ValueColumns, input: str | None) -> None:
    """Refuse one column whose name says that it is the probability of class 0."""
    if values.numbers == [0] and (input or values.said) == "probabilities":
        raise InputError(
            f"{source.title} has one column of probabilities ({values}), which should be that of class 1, but whose "
            "name says class 0: give that of class 1 (prob_1), or both"
        )


def _complete(confidence: Confidence | None, source: Source) -> Confidence:
    if confidence is None:
        raise InputError(
            f"{describe_columns(source)}, but no confidence with what tells the errors: call the columns confidence "
            "and correct, or label, prediction and confidence"
        )
    return confidence


def find_label(source: Source, given: str | None) -> str | None:
    """The column of labels: the given one, or the only one of a usual name, if there is any.

    Raises:
        InputError: there is no such column, or several have a usual name.
    """
    if given is not None:
        return column_called(source, given, "label_column")
    return only_column(source, LABEL, (INTEGERS, NUMBERS, TEXTS, LISTS), "labels", "label_column")


def check_one_split(source: Source, choice: Choice) -> None:
    """Refuse values of one split with labels of another, as their names say.

    Raises:
        InputError: names both.
    """
    columns = choice.values.columns if choice.values else ()
    of_one_column = choice.used.difference(columns)
    named = {split_of(name): name for name in sorted(of_one_column)}
    if len(splits := {split_of(name) for name in columns}) == 1:  # or else they are called as classes are
        named.setdefault(splits.pop(), columns[0])
    named.pop(None, None)
    if len(named) > 1:
        one, other = list(named.values())[:2]
        raise InputError(
            f"{source.title} has {one} and {other}, whose names are of two splits: name the labels (label_column) and "
            "the values (logit_columns) of one of them"
        )


def why_no_label(source: Source, values: ValueColumns | None) -> str:
    """The sentence of a source that has values and no labels."""
    other = next((name for name, kind in source.holds.items() if kind == OTHER and plain(name) in LABEL), None)
    if other is not None:
        return f"the labels {other!r} of {source.title} are neither numbers nor texts: give the class of each sample"
    return (
        f"{source.title} holds values ({values}), but no labels by their name: call a column label, name it "
        "(label_column), or give them apart with labels="
    )


def _confidence(source: Source, label: str | None, values: ValueColumns | None, *, named: bool) -> Confidence | None:
    """The reading as a confidence, if it is complete; the only number of values may be one, too."""
    kinds = (NUMBERS, INTEGERS, TEXTS)
    alone = values is not None and len(values.columns) == 1 and source.holds[values.columns[0]] in kinds
    confidence = values.columns[0] if named and values and alone else None
    confidence = confidence or only_column(source, CONFIDENCE, kinds, "confidence", "logit_columns")
    if confidence is None and values is not None and alone:
        confidence = values.columns[0]
    correct = only_column(source, CORRECT, kinds, "correctness", "label_column")
    error = only_column(source, ERROR, kinds, "error", "label_column")
    prediction = only_column(source, PREDICTION, kinds, "prediction", "label_column") if label is not None else None
    if confidence is None or (correct is None and error is None and prediction is None):
        return None
    return Confidence(confidence, correct, error, prediction)
