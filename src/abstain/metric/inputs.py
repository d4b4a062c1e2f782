"""What the metric makes of its inputs: a confidence and an error for each sample that counts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from abstain._checks import InputError, check_class_values, check_confidence_error, check_validation, to_numpy
from abstain.scores.confidence import Confidence
from abstain.scores.logit_norm import LogitNorm
from abstain.scores.softmax import classification_error

Validation = tuple[Any, Any]

CHUNK_ELEMENTS = 2**20
"""Logits that are copied at once where some do not count or classes are not the last axis: at most 8 MiB."""


def choose_p(name: str, validation: Validation | None, *, center: bool) -> LogitNorm:
    """Logit normalisation with the p that validation data choose, or MSP where it falls back to that."""
    if name != LogitNorm.SCORE:
        raise InputError(f'the score is {name} and p is "auto": only {LogitNorm.SCORE} takes a p')
    if validation is None:
        raise InputError(
            'p="auto" needs validation=(logits, labels) of other samples: a p chosen on the samples that are measured '
            "has seen their labels, and the result would be too good"
        )
    return LogitNorm.fit(*check_validation(validation), center=center)


def reduce_logits(
    logits: Any, labels: Any, confidence: Confidence, ignore_index: int
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """(confidence, error) of what counts; what must be copied for that is copied in chunks."""
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
    values, errors = [np.empty(0)], [np.empty(0, np.int8)]
    for rows, of_rows in _counted_rows(logits, labels, labels != ignore_index):
        errors.append(classification_error(rows, of_rows).astype(np.int8))
        values.append(confidence.score(rows))
    return np.concatenate(values), np.concatenate(errors)


def _counted_rows(logits: Any, labels: NDArray[Any], counted: NDArray[np.bool_]) -> Iterator[tuple[Any, NDArray[Any]]]:
    """The logits (n, K) and labels (n,) of what counts: as they are, or copied chunk by chunk."""
    if logits.ndim == 2 and counted.all():
        yield logits, labels
        return
    samples = max(1, CHUNK_ELEMENTS * len(logits) // max(1, math.prod(logits.shape)))
    for start in range(0, len(logits), samples):
        chunk = slice(start, start + samples)
        rows, kept = logits[chunk], counted[chunk].reshape(-1)
        if logits.ndim > 2:
            rows = rows.movedim(1, -1) if isinstance(rows, torch.Tensor) else np.moveaxis(rows, 1, -1)
            rows = rows.reshape(-1, logits.shape[1])
        if kept.any():
            yield rows[kept], labels[chunk].reshape(-1)[kept]


def compare_classes(
    predictions: Any, references: Any, confidence: Any, ignore_index: int
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """(error, confidence) of predicted classes, labels and confidences, where the label counts."""
    predictions, references = (
        check_class_values(predictions, "predictions"),
        check_class_values(references, "references"),
    )
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
