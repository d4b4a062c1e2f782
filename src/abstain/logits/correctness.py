"""A confidence and an error a sample, from columns that hold them or what tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_confidence_error
from abstain._checks import ROW, ArgumentError, InputError, RowError, counting_rows, first_row
from abstain.logits.choice import Confidence
from abstain.logits.class_labels import (
    are_numerals,
    are_texts,
    as_numbers,
    class_indices,
    class_texts,
)
from abstain.logits.names import PREDICTION, plain
from abstain.logits.source import INTEGERS, NUMBERS, Source
from abstain.scores.called_alike import check_called_alike
from abstain.scores.default_names import default_numbers
from abstain.scores.layout import whole_labels

Array = NDArray[Any]


def confidence_and_error(
    source: Source,
    columns: Confidence,
    labels: Any,
    names: Sequence[str] | None,
    *,
    ignore_index: int | None = None,
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """(confidence, error, which samples count), all (N,); larger confidence is accepted first.

    Args:
        source: that has the columns.
        columns: which of them is what.
        labels: of the samples, where there are any.
        names: of the classes in their order, where it is known.
        ignore_index: the label of samples that do not count.

    Raises:
        InputError: numbers of another kind, or columns that contradict each other.
    """
    given = [name for name in (columns.confidence, columns.correct, columns.error, columns.prediction) if name]
    read = source.read(given)
    counts, told = np.full(len(read[columns.confidence]), True), {}
    if labels is not None and (columns.prediction is not None or ignore_index is not None):
        counts = _counted(labels, ignore_index)
    elif ignore_index is not None:
        raise ArgumentError(f"ignore_index is {ignore_index}, but {source.title} has no labels: leave it out")
    if columns.correct is not None:
        if labels is None:
            _check_is_no_class(source, columns.correct, read[columns.correct])
        told[columns.correct] = 1.0 - _zero_or_one(read[columns.correct], columns.correct)
    if columns.error is not None:
        told[columns.error] = np.asarray(as_numbers(read[columns.error], columns.error), dtype=np.float64)
    if columns.prediction is not None:
        told[columns.prediction] = _mistakes(labels, read[columns.prediction], names, columns.prediction, counts)
    _check_agree({name: error[counts] for name, error in told.items()}, source.title)
    confidence = np.asarray(as_numbers(read[columns.confidence], columns.confidence))
    if confidence.dtype != np.float32:  # which a threshold is compared with as it is
        confidence = confidence.astype(np.float64)
    with counting_rows(lambda row: int(np.flatnonzero(counts)[row])):
        return *check_confidence_error(confidence[counts], next(iter(told.values()))[counts]), counts


def _check_is_no_class(source: Source, correct: str, column: Any) -> None:
    """Refuse `correct` where it may be the true class, beside predictions that are 0 and 1 as well."""
    kinds = (INTEGERS, NUMBERS)
    predictions = [name for name, kind in source.holds.items() if plain(name) in PREDICTION and kind in kinds]
    if plain(correct) != "correct" or not predictions or np.asarray(column).dtype == bool:
        return
    predicted = np.asarray(source.read(predictions[:1])[predictions[0]])
    if bool(np.isin(predicted, [0, 1]).all()) or not bool(np.isin(as_numbers(column, correct), [0, 1]).all()):
        raise InputError(
            f"the column {correct!r} of {source.title} may hold the true classes, beside the predicted ones in "
            f"{predictions[0]!r}, or 1 where a sample is right: give label_column={correct}, or leave out "
            f"{predictions[0]!r}"
        )


def _zero_or_one(column: Any, what: str) -> Array:
    numbers = np.asarray(as_numbers(column, what), dtype=np.float64)
    wrong = (numbers != 0) & (numbers != 1)
    if wrong.any():
        raise RowError(
            f"the column {what!r} holds {numbers[wrong][0]:g}, but must be 1 where a sample is right and 0 elsewhere: "
            f"mend {ROW}",
            first_row(wrong),
        )
    return numbers


def _counted(labels: Any, ignore_index: int | None) -> NDArray[np.bool_]:
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise InputError(f"the labels have shape {labels.shape}, but beside predictions must be one class a sample")
    counts = np.full(len(labels), True) if ignore_index is None else labels != ignore_index
    left = labels[counts]
    if left.dtype.kind in "if" and left.size and left.min() < 0:
        row = first_row((labels < 0) & counts)
        raise RowError(
            f"a label is {labels[row]:g}, but must be a class, from 0: mend {ROW}, or where it marks samples that do "
            f"not count, give ignore_index={labels[row]:g}",
            row,
        )
    return counts


def _mistakes(labels: Any, prediction: Any, names: Sequence[str] | None, what: str, counts: NDArray[np.bool_]) -> Array:
    if _are_named(prediction, names, what):
        by_name = class_indices(prediction, names, what, by_number=True)
        return (class_indices(labels, names, "labels") != by_name).astype(np.float64)
    labels, prediction = _as_numbers(labels, prediction, names, what)
    if are_texts(labels) != are_texts(prediction) and names is None:
        kinds = ["texts" if are_texts(column) else "numbers" for column in (labels, prediction)]
        raise InputError(
            f"the labels are {kinds[0]} and {what!r} holds {kinds[1]}, but both must be the same: call the classes "
            "alike, or name them in the order of the numbers (class_names)"
        )
    for column, called in ((labels, "labels"), (prediction, what)):
        if are_texts(column):
            class_texts(column, called)  # which refuses an empty one
        else:
            whole_labels(column)
    if are_texts(labels) == are_texts(prediction):
        check_called_alike(*(_classes(column)[counts] for column in (labels, prediction)))
    if are_texts(labels) and are_texts(prediction):
        found = {*map(str, labels)}, {*map(str, prediction)}
        if not found[0] & found[1] and not (names and found[0] | found[1] <= {*names}):
            raise InputError(
                f"no label is among the predictions of {what!r}, where labels are such as {str(labels[0])!r} and "
                f"predictions such as {str(prediction[0])!r}: call the classes alike, or where they are name all of "
                "them (class_names)"
            )
        return (np.asarray(labels, dtype=str) != np.asarray(prediction, dtype=str)).astype(np.float64)
    return (class_indices(labels, names, "labels") != class_indices(prediction, names, what)).astype(np.float64)


def _as_numbers(labels: Any, prediction: Any, names: Sequence[str] | None, what: str) -> tuple[Any, Any]:
    """Both as numbers where they are written so; and `LABEL_3` as 3 where it is no name and the other is a number."""
    labels, prediction = (as_numbers(c, what) if are_numerals(c) else c for c in (labels, prediction))
    if names is None and are_texts(labels) and are_texts(prediction):
        return labels, prediction
    return _without_default_names(labels, names), _without_default_names(prediction, names)


def _without_default_names(column: Any, names: Sequence[str] | None) -> Any:
    numbers = default_numbers(column) if are_texts(column) else None
    return column if numbers is None or not _texts(column).isdisjoint(names or ()) else numbers


def _are_named(prediction: Any, names: Sequence[str] | None, what: str) -> bool:
    """Whether predictions that are numbers, or written as such, are names of the classes and do not count them.

    Raises:
        InputError: numbers that are names, and may count the classes in their order too.
    """
    if names is None or list(names) == [str(place) for place in range(len(names))]:
        return False
    if are_texts(prediction):
        return are_numerals(prediction) and {*map(str, prediction)} <= {*names}
    numbers = whole_labels(prediction)
    if not {*map(str, numbers)} <= {*names}:
        return False
    if numbers.min() >= 0 and numbers.max() < len(names):
        raise InputError(
            f"{what!r} holds numbers that are names of the classes ({', '.join(names[:5])}), which come in another "
            "order, so that each may be a name or count the classes: give the names as texts"
        )
    return True


def _classes(column: Any) -> NDArray[Any]:
    return np.asarray(column, dtype=str) if are_texts(column) else whole_labels(column)


def _texts(column: Any) -> set[str]:
    return set(column) if are_texts(column) else set()


def _check_agree(told: dict[str, Array], title: str) -> None:
    first, *others = told
    for other in others:
        differ = int((told[first] != told[other]).sum())
        if differ:
            raise InputError(
                f"the columns {first!r} and {other!r} of {title} disagree on the errors, on {differ} samples: leave "
                "out the one that does not count"
            )
