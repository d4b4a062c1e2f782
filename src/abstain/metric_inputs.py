"""What the metric makes of its inputs: a confidence and an error for each sample that counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from abstain._checks import InputError, check_confidence_error, to_numpy
from abstain.logit_norm import LogitNorm, named_score
from abstain.scores import classification_error

Validation = tuple[Any, Any]


@dataclass(frozen=True)
class Reduction:
    """What makes one number of the logits of a sample.

    Attributes:
        score: name of the confidence score.
        p: exponent of `max_logit_pnorm`; None for the others.
        center: of `max_logit_pnorm`.
    """

    score: str = "msp"
    p: float | None = None
    center: bool = True

    def __str__(self) -> str:
        """The score with its parameters, for messages."""
        return self.score if self.p is None else f"{self.score} (p={self.p:g}, center={self.center})"

    def __call__(self, logits: Any, labels: Any) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
        """(confidence, error) of logits (N, K) and labels (N,)."""
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
    p = LogitNorm.fit(*validation, center=center).p
    return Reduction() if p is None else Reduction("max_logit_pnorm", p, center)


def reduce_logits(
    logits: Any, labels: Any, reduction: Reduction, ignore_index: int
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """(confidence, error) of what counts; of logits (N, K, ...) sample by sample, so that copies stay small."""
    logits = logits if isinstance(logits, torch.Tensor) else to_numpy(logits, "predictions")
    labels = to_numpy(labels, "references")
    if logits.ndim < 2:
        raise InputError(
            f"predictions have shape {tuple(logits.shape)}, as class labels have, but must be logits (N, K): the stock "
            'evaluator of `evaluate` hands over labels alone, so take abstain.extract_logits, or load "confidence"'
        )
    if logits.ndim > 2 and (logits.shape[0], *logits.shape[2:]) != labels.shape:
        raise InputError(
            f"predictions have shape {tuple(logits.shape)} and references {labels.shape}: need (N, K, …) and (N, …)"
        )
    if logits.ndim == 2:
        pairs = [(logits, labels)]
    else:
        pairs = [(z.reshape(z.shape[0], -1).T, y.reshape(-1)) for z, y in zip(logits, labels, strict=True)]
    confidences, errors = [np.empty(0)], [np.empty(0, np.int8)]
    for rows, of_rows in pairs:
        counted = of_rows != ignore_index
        if of_rows.shape == (len(rows),) and not counted.all():  # another shape is refused where the two meet
            rows, of_rows = rows[counted], of_rows[counted]
        if counted.any():
            confidence, error = reduction(rows, of_rows)
            confidences.append(confidence)
            errors.append(error)
    return np.concatenate(confidences), np.concatenate(errors)


def compare_classes(predictions: Any, references: Any, confidence: Any) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """(error, confidence) of predicted classes, labels and confidences."""
    predictions, references = to_numpy(predictions, "predictions"), to_numpy(references, "references")
    if predictions.ndim != 1 or predictions.shape != references.shape:
        raise InputError(
            f"predictions have shape {predictions.shape} and references {references.shape}: both must be (N,), the "
            "predicted class and the label of each sample"
        )
    confidence, error = check_confidence_error(confidence, predictions != references)
    return error.astype(np.int8), confidence.astype(np.float64)
