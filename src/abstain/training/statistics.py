"""What an evaluation keeps of each sample: four numbers, whatever the number of classes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from abstain import scores
from abstain._checks import InputError
from abstain.losses import smoothed_cross_entropy


def sample_statistics(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """(N, 4) on the device of `logits`: confidence `msp`, 0/1 error, plain and smoothed cross-entropy."""
    confidence, error = scores.msp(logits), scores.classification_error(logits, labels)
    loss_of = partial(smoothed_cross_entropy, logits, labels, allow_negative_smoothing=True, reduction="none")
    losses = [loss_of(smoothing=value) for value in (0.0, smoothing)]
    columns = [confidence, error, *(loss.double().cpu().numpy() for loss in losses)]
    statistics = torch.from_numpy(np.stack(columns, axis=1))
    return statistics.to(logits.device, statistics_dtype(logits.device))


def statistics_dtype(device: torch.device) -> torch.dtype:
    """The widest float of a device, in which statistics are gathered."""
    return torch.float32 if device.type == "mps" else torch.float64


def logits_of(outputs: Any) -> Tensor:
    """The logits of a model's outputs: an object or mapping that has `logits`, a tensor, or the first of a tuple.

    A model that is given no labels returns no loss before them.
    """
    if isinstance(outputs, tuple) and outputs and isinstance(outputs[0], Tensor) and outputs[0].ndim > 1:
        return outputs[0]
    if isinstance(outputs, Tensor):
        return outputs
    logits = getattr(outputs, "logits", None)
    if logits is None and isinstance(outputs, Mapping):
        logits = outputs.get("logits")
    if logits is None:
        raise InputError(
            f"the model returns {type(outputs).__name__} without `logits`, but a classifier must have them"
        )
    return cast(Tensor, logits)


def classes_second(logits: Tensor, labels: Tensor, *, of_transformers: bool) -> Tensor:
    """Logits of tokens (N, T, K), with labels (N, T), as losses take them: (N, K, T); any other shape as it is.

    Where T = K the shapes do not tell. A token classifier of transformers always gives (N, T, K).

    Raises:
        InputError: T = K, and the model is not of transformers.
    """
    if logits.ndim != 3 or logits.shape[:2] != labels.shape:
        return logits
    if logits.shape[1] == logits.shape[2] and not of_transformers:
        raise InputError(
            f"logits have shape {tuple(logits.shape)}, which does not tell whether they are (N, T, K) or (N, K, T): "
            "pad to another length, or make the model a PreTrainedModel, whose classes are last"
        )
    return logits.movedim(2, 1)


def split_statistics(predictions: Any) -> tuple[np.ndarray, Any]:
    """The statistics and, where they were kept, the logits."""
    return predictions if isinstance(predictions, tuple) else (predictions, None)
