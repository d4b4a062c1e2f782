"""What the metric makes of its inputs: a confidence and an error for each sample that counts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from abstain._checks import InputError, check_confidence_error, check_logits, to_numpy
from abstain.scores.logit_norm import LogitNorm, named_score
from abstain.scores.softmax import classification_error

Validation = tuple[Any, Any]

PART_ELEMENTS = 2**20
"""Logits that are copied at once where some do not count or classes are not the last axis: at most 8 MiB."""


@dataclass(frozen=True)
class Reduction:
    """What makes one number of the logits of a sample.

    Attributes:
        score: name of the confidence score.
        p: exponent of `max_logit_pnorm`; None for the others.
        center: of `max_logit_pnorm`.
        n_logits: K of the validation data that chose p; None for a p given by hand.
    """

    score: str = "msp"
    p: float | None = None
    center: bool = True
    n_logits: int | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """The score with its parameters, for messages."""
        return self.score if self.p is None else f"{self.score} (p={self.p:g}, center={self.center})"

    def __call__(self, logits: Any, labels: Any) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
        """(confidence, error) of logits (N, K) and labels (N,)."""
        if self.n_logits not in (None, logits.shape[1]):
            raise InputError(
                f"the logits have K = {logits.shape[1]}, but the validation logits that chose p K = {self.n_logits}"
            )
        error = classification_error(logits, labels)
        return named_score(self.score, p=self.p, center=self.center)(logits), error.astype(np.int8)


def choose_reduction(name: str, validation: Validation | None, *, center: bool) -> Reduction:
    """Logit normalisation with the p that validation data choose, or MSP where it falls back to that."""
    if name != "max_logit_pnorm":
        raise InputError(f'the score is {name} and p is "auto": only max_logit_pnorm takes a p')
    if validation is None:
        raise InputError(
            'p="auto" needs validation=(logits, labels) of other samples: a p chosen on the samples that are measured '
            "has seen their labels, and the result would be too good"
        )
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise InputError(f"validation is {type(validation).__name__}, but must be the pair (logits, labels)")
    logits = check_logits(validation[0])
    p = LogitNorm.fit(logits, validation[1], center=center).p
    return replace(Reduction() if p is None else Reduction(name, p, center), n_logits=logits.shape[1])


def reduce_logits(
    logits: Any, labels: Any, reduction: Reduction, ignore_index: int
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """(confidence, error) of what counts; what must be copied for that is copied in parts."""
    logits = logits if isinstance(logits, torch.Tensor) else to_numpy(logits, "predictions")
    labels = to_numpy(labels, "references")
    if logits.ndim < 2:
        raise InputError(
            f"predictions have shape {tuple(logits.shape)}, as class labels have, but must be logits (N, K): the stock "
            'evaluator of `evaluate` hands over labels alone, so take abstain.extract_logits, or load "confidence"'
        )
    if (logits.shape[0], *logits.shape[2:]) != labels.shape:
        raise InputError(
            f"predictions have shape {tuple(logits.shape)} and references {labels.shape}: need (N, K, …) and (N, …)"
        )
    counted = labels != ignore_index
    if logits.ndim == 2 and counted.all():
        return reduction(logits, labels)
    confidences, errors = [np.empty(0)], [np.empty(0, np.int8)]
    samples = max(1, PART_ELEMENTS * len(logits) // max(1, math.prod(logits.shape)))
    for start in range(0, len(logits), samples):
        part = slice(start, start + samples)
        rows, kept = logits[part], counted[part].reshape(-1)
        if logits.ndim > 2:
            rows = rows.movedim(1, -1) if isinstance(rows, torch.Tensor) else np.moveaxis(rows, 1, -1)
            rows = rows.reshape(-1, logits.shape[1])
        if kept.any():
            confidence, error = reduction(rows[kept], labels[part].reshape(-1)[kept])
            confidences.append(confidence)
            errors.append(error)
    return np.concatenate(confidences), np.concatenate(errors)


def compare_classes(
    predictions: Any, references: Any, confidence: Any, ignore_index: int
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """(error, confidence) of predicted classes, labels and confidences, where the label counts."""
    predictions, references = _check_classes(predictions, "predictions"), _check_classes(references, "references")
    if predictions.shape != references.shape:
        raise InputError(
            f"predictions have shape {predictions.shape} and references {references.shape}: both must be (N,), the "
            "predicted class and the label of each sample"
        )
    if (predictions.dtype.kind == "U") != (references.dtype.kind == "U"):
        raise InputError(
            f"predictions hold {predictions.dtype} and references {references.dtype}: both must be names, or integers"
        )
    confidence, error = check_confidence_error(confidence, predictions != references)
    counted = np.full(len(error), True) if references.dtype.kind == "U" else references != ignore_index
    return error.astype(np.int8)[counted], confidence.astype(np.float64)[counted]


def _check_classes(values: Any, what: str) -> NDArray[Any]:
    """(N,) integers or names."""
    values = to_numpy(values, what)
    if values.dtype == object and all(isinstance(value, str) for value in values.flat):
        values = values.astype(str)
    if values.ndim != 1:
        raise InputError(f"{what} have shape {values.shape}, but must be (N,): the class of each sample")
    if values.dtype.kind not in "biuU":
        raise InputError(f"{what} hold {values.dtype}, but must be classes: integers or names, and none missing")
    return values
