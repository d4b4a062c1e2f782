"""Label-smoothing losses, whose target is (1 - α)·onehot + α/K, and their gradients on the logits."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from abstain._arguments import check_flag, check_smoothing, check_whole
from abstain._arrays import check_tensor
from abstain._checks import InputError, check_choice, first_line

MOST_CLASSES = 2**31

SUM_WITHIN = 1e-3
"""How near to 1 the sum of a distribution must be, even in float16."""


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
    allow_negative = check_flag("allow_negative_smoothing", allow_negative_smoothing)
    smoothing = check_smoothing(smoothing, allow_negative=allow_negative)
    check_choice("reduction", reduction, ("mean", "sum", "none"))
    ignore_index = check_whole("ignore_index", ignore_index, at_least=-(2**63))
    _check_pair(logits, labels)
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
        weight = None if weight is None else _checked_weight(weight, logits)
        entropy = partial(_cross_entropy, logits, labels, weight, ignore_index=ignore_index, reduction=kept)
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
    _check_floats("logits", logits)
    _check_distributions(conditional)
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
    _check_distributions(conditional)
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
    _check_floats("error_probability", error_probability)
    if not ((error_probability >= 0) & (error_probability <= 1)).all():
        raise InputError("error_probability holds a value outside [0, 1], but must hold probabilities")
    n_classes = check_whole("n_classes", n_classes, at_least=2, at_most=MOST_CLASSES)
    return check_smoothing(smoothing) * (1.0 - error_probability - 1.0 / n_classes)


def _cross_entropy(logits: Tensor, labels: Tensor, *others: Any, **options: Any) -> Tensor:
    """Torch's, whose complaint about a label becomes ours; no label is looked at before, which a GPU would wait for."""
    try:
        return functional.cross_entropy(logits, labels, *others, **options)
    except IndexError as error:
        raise InputError(
            f"{first_line(error).rstrip('.').lower()}, but labels must be from 0 to {logits.shape[1] - 1}, or "
            f"{options['ignore_index']} where they do not count"
        ) from error


def _checked_weight(weight: Tensor, logits: Tensor) -> Tensor:
    """Class weights in the type of the logits."""
    _check_tensor("weight", weight)
    if weight.shape != logits.shape[1:2]:
        raise InputError(
            f"weight has shape {tuple(weight.shape)}, but must be ({logits.shape[1]},): one for each class"
        )
    if (
        weight.device.type == "cpu" and not (weight.isfinite() & (weight >= 0)).all()
    ):  # elsewhere it would be waited for
        raise InputError("weight holds a negative, NaN or infinite value, but must hold finite numbers of at least 0")
    return weight.to(logits)


def _check_pair(logits: Tensor, labels: Tensor) -> None:
    """That these are (N, K, …) floats and (N, …) integers on one device."""
    _check_floats("logits", logits)
    _check_tensor("labels", labels)
    if labels.is_floating_point() or labels.is_complex():
        raise InputError(f"labels hold {_kind(labels)}, but must be integers")
    if labels.device != logits.device:
        raise InputError(f"logits are on {logits.device} and labels on {labels.device}: move them to one device")
    if logits.ndim < 2 or (logits.shape[0], *logits.shape[2:]) != tuple(labels.shape):
        raise InputError(
            f"logits have shape {tuple(logits.shape)} and labels {tuple(labels.shape)}: need (N, K, …), (N, …)"
        )
    if logits.shape[1] == 0:
        raise InputError("logits have no class (K = 0), but at least one column is needed")


def _check_tensor(what: str, values: Tensor) -> None:
    if not isinstance(values, Tensor):
        raise InputError(f"{what} of type {type(values).__name__} cannot take part in a loss: give a torch tensor")
    check_tensor(values, what)


def _check_floats(what: str, values: Tensor) -> None:
    _check_tensor(what, values)
    if not values.is_floating_point():
        raise InputError(f"{what} holding {_kind(values)} cannot take part in a loss: make them floats")


def _check_distributions(conditional: Tensor) -> None:
    _check_floats("conditional", conditional)
    if conditional.ndim != 2:
        raise InputError(f"conditional has shape {tuple(conditional.shape)}, but must be (N, K): one row a sample")
    sums = conditional.sum(dim=1)
    if not (conditional >= 0).all() or not torch.isclose(sums, torch.ones_like(sums), atol=SUM_WITHIN).all():
        raise InputError("conditional holds a row that is no distribution: rows must be at least 0 and sum to 1")


def _kind(values: Tensor) -> str:
    return str(values.dtype).removeprefix("torch.")
