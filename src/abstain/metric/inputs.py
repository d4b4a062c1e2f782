"""What the metric makes of its inputs: a confidence and an error for each sample that counts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from abstain._arguments import check_integer
from abstain._arrays import (
    check_class_values,
    check_confidence_error,
    check_pair,
    check_same_order,
    check_tensor,
    to_numpy,
)
from abstain._checks import ArgumentError, InputError, check_choice
from abstain.scores.by_kind import as_logits, check_norm, error_of, repair_of, score_of
from abstain.scores.called_alike import check_called_alike
from abstain.scores.confidence import Confidence
from abstain.scores.default_names import default_numbers, numbers_written
from abstain.scores.kind_names import INPUTS, OF_PROBABILITIES, Input, Kind, OpenKindError
from abstain.scores.kinds import Values, read_values
from abstain.scores.layout import find_class_axis
from abstain.scores.logit_norm import LogitNorm
from abstain.scores.two_classes import TwoClassCalibration

Validation = tuple[Any, Any]

CHUNK_ELEMENTS = 2**20
"""Logits that are copied at once where some do not count or classes are not the last axis: at most 8 MiB."""


@dataclass(frozen=True)
class Reading:
    """How predictions and labels are read; see `scores.read_values`.

    Attributes:
        ignore_index: the label of what does not count.
        input: what the predictions are; None to be told by themselves.
        class_axis: the axis that holds the classes; None takes the only one that fits the labels.
    """

    ignore_index: int = -100
    input: Input | None = None
    class_axis: int | None = None

    def __post_init__(self) -> None:
        check_integer("ignore_index", self.ignore_index)
        if self.input is not None:
            check_choice("input", self.input, INPUTS)

    def told(self, input: Input | None, class_axis: int | None) -> Reading:
        """The same, but for what is said here."""
        class_axis = self.class_axis if class_axis is None else class_axis
        return Reading(self.ignore_index, input or self.input, class_axis)

    def read(self, predictions: Any, labels: Any) -> Values:
        """The values, of what counts."""
        return read_values(predictions, labels, **asdict(self), is_part=True)


def choose_p(name: str, validation: Validation | None, *, center: bool, reading: Reading) -> LogitNorm:
    """Logit normalisation with the p that validation data choose, or MSP where it falls back to that."""
    if name != LogitNorm.SCORE:
        raise ArgumentError(f'the score is {name} and p is "auto": only {LogitNorm.SCORE} takes a p')
    values = _validation_values('p="auto"', validation, reading)
    check_norm(values, center=center)
    return LogitNorm.fit(as_logits(values), values.labels, center=center)


def choose_repair(
    p: Any, validation: Validation | None, *, center: bool, reading: Reading
) -> LogitNorm | TwoClassCalibration:
    """What `score="auto"` names: `choose_p`, or of two classes the calibration of each; or MSP if it falls back."""
    if p is not None:
        raise ArgumentError(f'score="auto" chooses what there is to choose, but p is {p}: leave it out')
    values = _validation_values('score="auto"', validation, reading)
    if repair_of(values.rows.shape[1]) == TwoClassCalibration.SCORE:
        return TwoClassCalibration.fit(as_logits(values), values.labels)
    return choose_p(LogitNorm.SCORE, validation, center=center, reading=reading)


def _validation_values(what: str, validation: Validation | None, reading: Reading) -> Values:
    if validation is None:
        raise ArgumentError(
            f"{what} needs validation=(logits, labels) of other samples: what is fitted on the samples that are "
            "measured has seen their labels, and the result would be too good"
        )
    return reading.read(*check_pair(validation))


@dataclass(frozen=True)
class Reduced:
    """What is kept of predictions.

    Attributes:
        confidence: (n,) float64 of what counts; larger is accepted first.
        error: (n,) 0 or 1.
        kind: what the predictions were, one of `scores.KINDS`; None where none of them counts.
    """

    confidence: NDArray[np.float64]
    error: NDArray[np.int8]
    kind: Kind | None


def reduce_predictions(predictions: Any, labels: Any, confidence: Confidence, reading: Reading) -> Reduced:
    """Confidence and error of what counts; what must be copied for that is copied in chunks."""
    check_same_order(predictions=predictions, references=labels)
    kept = isinstance(predictions, torch.Tensor)  # on its device
    predictions = (check_tensor if kept else to_numpy)(predictions, "predictions")
    labels = to_numpy(labels, "references")
    if predictions.ndim == 1 and reading.input is not None and _are_real(predictions):
        predictions = predictions[:, None]
    if predictions.ndim < 2:
        raise InputError(
            f"predictions have shape {tuple(predictions.shape)}, as class labels have, but must be logits (N, K): "
            "the stock evaluator of `evaluate` hands over labels, so take abstain.extract_logits, or load "
            '"confidence", or give input="logits" or input="probabilities" of one real number a sample'
        )
    if labels.ndim == predictions.ndim - 1:
        axis = find_class_axis(tuple(predictions.shape), labels.shape, reading.class_axis)
        reading = replace(reading, class_axis=axis)
    parts = [reading.read(*part) for part in _parts(predictions, labels, reading.ignore_index)]
    kinds = sorted({part.kind for part in parts})
    if len(kinds) > 1:
        raise InputError(f"some predictions look like {kinds[0]} and others like {kinds[1]}: say which with input=")
    values = [np.empty(0), *(score_of(part, confidence) for part in parts)]
    errors = [np.empty(0, np.int8), *(error_of(part).astype(np.int8) for part in parts)]
    return Reduced(np.concatenate(values), np.concatenate(errors), kinds[0] if kinds else None)


def _are_real(predictions: Any) -> bool:
    """Whether predictions are no integers, as class labels are."""
    if isinstance(predictions, torch.Tensor):
        return predictions.is_floating_point()
    return bool(predictions.dtype.kind == "f")


@dataclass
class KindSoFar:
    """What all batches so far are, where a few rows alone may leave it open.

    Attributes:
        kind: that of the batches that tell it; None before the first.
        doubt: what was said of the first batch that does not.
    """

    kind: Kind | None = None
    doubt: OpenKindError | None = None

    def reduce(self, predictions: Any, labels: Any, confidence: Confidence, reading: Reading) -> Reduced:
        """As `reduce_predictions`, of one batch more; one that leaves its kind open is taken for logits for now.

        Raises:
            InputError: as there; some batches are probabilities, and others are not.
        """
        try:
            reduced = reduce_predictions(predictions, labels, confidence, reading)
        except OpenKindError as doubt:
            if self.kind in OF_PROBABILITIES:
                raise
            reduced = reduce_predictions(predictions, labels, confidence, reading.told("logits", None))
            self.doubt = self.doubt or doubt
            return reduced
        if reduced.kind and self.kind and (reduced.kind in OF_PROBABILITIES) != (self.kind in OF_PROBABILITIES):
            raise InputError(
                f"these predictions look like {reduced.kind}, but those before them like {self.kind}: say which with "
                "input= at loading"
            )
        if self.doubt is not None and reduced.kind in OF_PROBABILITIES:
            raise self.doubt
        self.kind = reduced.kind or self.kind
        return reduced

    def settle(self) -> None:
        """Refuse what is still open once all batches are there.

        Raises:
            InputError: none of them tells what it is.
        """
        if self.doubt is not None and self.kind is None:
            raise self.doubt


def _parts(predictions: Any, labels: NDArray[Any], ignore_index: int) -> Iterator[tuple[Any, NDArray[Any]]]:
    """All at once where nothing has to be copied, else chunks of samples that hold something that counts."""
    if predictions.ndim == 2 and not (labels == ignore_index).any():
        yield predictions, labels
        return
    samples = max(1, CHUNK_ELEMENTS * len(predictions) // max(1, math.prod(predictions.shape)))
    for start in range(0, len(predictions), samples):
        chunk = slice(start, start + samples)
        if (labels[chunk] != ignore_index).any():
            yield predictions[chunk], labels[chunk]


def compare_classes(
    predictions: Any, references: Any, confidence: Any, ignore_index: int
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """(error, confidence) of predicted classes, labels and confidences, where the label counts."""
    check_same_order(predictions=predictions, references=references, confidence=confidence)
    predictions, references = (
        check_class_values(predictions, "predictions"),
        check_class_values(references, "references"),
    )
    if predictions.shape != references.shape:
        raise InputError(
            f"predictions have shape {predictions.shape} and references {references.shape}: both must be (N,), the "
            "predicted class and the label of each sample"
        )
    predictions, references = _by_number(predictions, references), _by_number(references, predictions)
    if (predictions.dtype.kind == "U") != (references.dtype.kind == "U"):
        raise InputError(
            f"predictions hold {predictions.dtype} and references {references.dtype}: both must be names, or integers"
        )
    _check_not_default(predictions, references)
    counted = np.full(len(references), True) if references.dtype.kind == "U" else references != ignore_index
    check_called_alike(references[counted], predictions[counted])
    confidence, error = check_confidence_error(confidence, predictions != references)
    return error.astype(np.int8)[counted], confidence.astype(np.float64)[counted]


def _by_number(classes: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Classes that are written as texts, `"3"` or `LABEL_3`, by their numbers where the others are numbers."""
    numbers = numbers_written(classes) if others.dtype.kind != "U" else None
    return classes if numbers is None or (numbers != np.round(numbers)).any() else numbers.astype(np.int64)


def _check_not_default(predictions: NDArray[Any], references: NDArray[Any]) -> None:
    """Refuse transformers' default names beside other names, of which none is ever right."""
    if predictions.dtype.kind != "U" or not {*predictions.tolist()}.isdisjoint(references.tolist()):
        return
    if (default_numbers(predictions) is None) != (default_numbers(references) is None):
        raise InputError(
            f"predictions are such as {str(predictions[0])!r} and references such as {str(references[0])!r}: call the "
            "classes alike, or give both by number"
        )
