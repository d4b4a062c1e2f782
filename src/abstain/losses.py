"""Label-smoothing losses, whose target is (1 - α)·onehot + α/K, and their gradients on the logits."""

from __future__ import annotations

from functools import partial
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from abstain._checks import InputError, check_choice, check_smoothing


def smoothed_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    *,
    smoothing: float = 0.0,
    ignore_index: int = -100,
    weight: Tensor | None = None,
    allow_negative_smoothing: bool = False,
    reduction: Literal["mean", "sum", "none"] = "mean",
) -> Tensor:
    """Cross-entropy against smoothed labels (Eq. 7 of the paper, arXiv 2403.14715); lower is better.

    With α the smoothing, π the softmax of the logits and y the label, the loss of a sample is
    `-(1 - α)·log π_y - (α/K)·Σ_k log π_k`; one logit stands for the pair (0, z), with target (1 - α)·y + α/2.

    Args:
        logits: (N, K) or (N, K, ...) float; (N, 1) is a binary classifier with one logit.
        labels: (N,) or (N, ...) int in [0, K), or `ignore_index`.
        smoothing: α in [0, 1); 0 is plain cross-entropy.
        ignore_index: the label of samples that do not count.
        weight: (K,) float, a weight for each class; None weighs all alike. Not for one logit.
        allow_negative_smoothing: take α below 0 too (negative label smoothing, linear in the same formula).
        reduction: "mean" is over the samples that count, each with the weight of its label; with none of them it is 0
            with a zero gradient.

    Returns:
        A scalar, or with `reduction="none"` the shape of `labels` with 0 where ignored; float32 or wider.

    Raises:
        InputError: α outside [0, 1), an unknown reduction, float labels, shapes that do not match, or with one logit a
            label other than 0 and 1, or class weights.
    """
    smoothing = check_smoothing(smoothing, allow_negative=allow_negative_smoothing)
    check_choice("reduction", reduction, ("mean", "sum", "none"))
    if labels.is_floating_point():
        raise InputError(f"labels hold {str(labels.dtype).removeprefix('torch.')}, but must be integers")
    if logits.ndim < 2 or (logits.shape[0], *logits.shape[2:]) != tuple(labels.shape):
        raise InputError(
            f"logits have shape {tuple(logits.shape)} and labels {tuple(labels.shape)}: need (N, K, …), (N, …)"
        )
    labels = labels.long()
    logits = logits.float() if logits.dtype.itemsize < 4 else logits  # half-precision sums lose the rare classes
    if logits.shape[1] == 1:
        counted = labels != ignore_index
        if weight is not None:
            raise InputError("class weights are given, but one logit has no classes to weigh: use two logits")
        if not torch.isin(labels[counted], labels.new_tensor([0, 1])).all():
            raise InputError(f"one logit takes the labels 0, 1 and {ignore_index} (ignored), but there are others")
        scores = logits[:, 0].where(counted, 0.0)
        targets = labels.where(counted, 0).to(scores) * (1.0 - smoothing) + smoothing / 2
        losses = functional.binary_cross_entropy_with_logits(scores, targets, reduction="none") * counted
        total = losses if reduction == "none" else losses.sum()
    else:
        kept: Literal["sum", "none"] = "none" if reduction == "none" else "sum"
        entropy = partial(functional.cross_entropy, logits, labels, weight, ignore_index=ignore_index, reduction=kept)
        if smoothing < 0:  # which torch takes for 0: the loss is linear in α, from 0 (onehot) to 1 (uniform)
            total = (1 - smoothing) * entropy() + smoothing * entropy(label_smoothing=1.0)
        else:
            total = entropy(label_smoothing=smoothing)
    if reduction != "mean":
        return total
    counted = labels != ignore_index
    if weight is None:
        return total / counted.sum().clamp(min=1)
    weight_of_all = weight[labels.where(counted, 0)].where(counted, 0.0).sum()
    return total / weight_of_all.where(weight_of_all > 0, 1.0)


def logit_gradient(logits: Tensor, conditional: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """Gradient of the expected loss on the logits, p - [(1 - α)π + α/K] (Eq. 14 of the paper).

    Args:
        logits: (N, K) float, of softmax p.
        conditional: (N, K) float, the true distribution π of the label at each input; rows sum to 1.
        smoothing: α in [0, 1).

    Returns:
        (N, K), each row summing to 0; not divided by N.

    Raises:
        InputError: α outside [0, 1), or the two of different shapes.
    """
    if logits.shape != conditional.shape:
        raise InputError(
            f"logits have shape {tuple(logits.shape)} and conditional {tuple(conditional.shape)}: not equal"
        )
    return logits.softmax(dim=1) - conditional + regularisation_gradient(conditional, smoothing=smoothing)


def regularisation_gradient(conditional: Tensor, *, smoothing: float) -> Tensor:
    """What smoothing adds to the gradient on the logits, α(π - 1/K): it depends on the truth alone (Eq. 15).

    Args:
        conditional: (N, K) float, the true distribution π of the label at each input.
        smoothing: α in [0, 1).

    Raises:
        InputError: α outside [0, 1).
    """
    return check_smoothing(smoothing) * (conditional - 1.0 / conditional.shape[1])


def max_logit_suppression(error_probability: Tensor, *, n_classes: int, smoothing: float) -> Tensor:
    """How hard smoothing pushes the max logit down, α(1 - P_error - 1/K): harder if the prediction is right (Eq. 16).

    Args:
        error_probability: any shape, P_error = 1 - π of the predicted class, in [0, 1].
        n_classes: K.
        smoothing: α in [0, 1).

    Raises:
        InputError: α outside [0, 1).
    """
    return check_smoothing(smoothing) * (1.0 - error_probability - 1.0 / n_classes)
