"""Cross-entropy against smoothed labels, whose target is (1 - α)·onehot + α/K."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from abstain._arguments import check_flag, check_smoothing
from abstain._checks import InputError, first_line
from abstain.losses.reduction import Reduction, mean_over
from abstain.losses.targets import are_soft, can_look_at, checked, sample_weights


def smoothed_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    *,
    smoothing: float = 0.0,
    ignore_index: int = -100,
    weight: Tensor | None = None,
    allow_negative_smoothing: bool = False,
    reduction: Reduction = "mean",
) -> Tensor:
    """Cross-entropy against smoothed labels (Eq. 7 of the paper, arXiv 2403.14715); lower is better.

    With α the smoothing, π the softmax of the logits and y the label, the loss of a sample is
    `-(1 - α)·log π_y - (α/K)·Σ_k log π_k`; of a soft label t the first sum is over `t_k log π_k`. One logit stands for
    the pair (0, z), with target (1 - α)·y + α/2.

    Args:
        logits: (N, K) or (N, K, ...) float; (N, 1) is a binary classifier with one logit.
        labels: (N,) or (N, ...) int in [0, K), or `ignore_index`; or soft labels (N, K, ...) float, of at least 0 and
            summing to 1 over the classes, as mixup and distillation give them (of one logit those of class 1).
        smoothing: α in [0, 1); 0 is plain cross-entropy.
        ignore_index: the label of samples that do not count.
        weight: (K,), a weight for each class; None weighs all alike. Not for one logit.
        allow_negative_smoothing: take α below 0 too (negative label smoothing, linear in the same formula).
        reduction: "mean" is over the samples that count, each with the weight of its label (of soft labels with their
            mean weight); with none of them it is 0 with a zero gradient.

    Returns:
        A scalar, or with `reduction="none"` one number a sample, 0 where ignored; float32 or wider. What compiled code
        or another device than the CPU is given is not looked at: there a label of one logit that is no class gives NaN.

    Raises:
        InputError: α outside [0, 1), an unknown reduction, labels that are neither classes nor distributions, shapes
            that do not match, or with one logit class weights.
    """
    allow_negative = check_flag("allow_negative_smoothing", allow_negative_smoothing)
    smoothing = check_smoothing(smoothing, allow_negative=allow_negative)
    logits, labels, weight = checked(logits, labels, weight, ignore_index=ignore_index, reduction=reduction)
    kept: Literal["sum", "none"] = "none" if reduction == "none" else "sum"
    options: dict[str, Any] = {"ignore_index": ignore_index, "smoothing": smoothing, "reduction": kept}
    if logits.shape[1] == 1:
        total = _of_one_logit(logits, labels, **options)
    elif are_soft(labels):
        total = _of_distributions(logits, labels, weight, smoothing=smoothing, reduction=kept)
    else:
        total = _of_classes(logits, labels, weight, **options)
    if reduction != "mean":
        return total
    return mean_over(total, sample_weights(labels, ignore_index=ignore_index, weight=weight))


def _of_one_logit(
    logits: Tensor, labels: Tensor, *, ignore_index: int, smoothing: float, reduction: Literal["sum", "none"]
) -> Tensor:
    if are_soft(labels):
        scores, targets, counted = logits[:, 0], labels[:, 0].to(logits), torch.ones_like(labels[:, 0])
    else:
        _check_zero_or_one(labels, ignore_index)
        counted = labels != ignore_index
        scores = logits[:, 0].where(counted, 0.0)
        targets = labels.to(scores).where((labels == 0) | (labels == 1), torch.nan).where(counted, 0.0)
    targets = targets * (1.0 - smoothing) + smoothing / 2
    losses = functional.binary_cross_entropy_with_logits(scores, targets, reduction="none") * counted
    return losses if reduction == "none" else losses.sum()


def _check_zero_or_one(labels: Tensor, ignore_index: int) -> None:
    if can_look_at(labels) and not ((labels == 0) | (labels == 1) | (labels == ignore_index)).all():
        raise InputError(f"one logit takes the labels 0, 1 and {ignore_index} (ignored), but there are others")


def _of_distributions(
    logits: Tensor, labels: Tensor, weight: Tensor | None, *, smoothing: float, reduction: Literal["sum", "none"]
) -> Tensor:
    targets = labels.to(logits)
    if smoothing:
        targets = targets * (1 - smoothing) + smoothing / logits.shape[1]
    return functional.cross_entropy(logits, targets, weight, reduction=reduction)


def _of_classes(
    logits: Tensor,
    labels: Tensor,
    weight: Tensor | None,
    *,
    ignore_index: int,
    smoothing: float,
    reduction: Literal["sum", "none"],
) -> Tensor:
    """Torch's, whose complaint about a label becomes ours; no label is looked at before, which a GPU would wait for."""
    options: dict[str, Any] = {"ignore_index": ignore_index, "reduction": reduction}
    try:
        if smoothing >= 0:
            return functional.cross_entropy(logits, labels, weight, label_smoothing=smoothing, **options)
        logs = logits.log_softmax(dim=1)  # torch takes no α below 0, but its sum of two terms is as well ours
        of_label = functional.nll_loss(logs, labels, weight, **options)
    except IndexError as error:
        raise InputError(
            f"{first_line(error).rstrip('.').lower()}, but labels must be from 0 to {logits.shape[1] - 1}, or "
            f"{ignore_index} where they do not count"
        ) from error
    over_all = logs.sum(dim=1) if weight is None else torch.einsum("nk...,k->n...", logs, weight)
    uniform = -over_all.where(labels != ignore_index, 0.0) / logits.shape[1]
    return (1 - smoothing) * of_label + smoothing * (uniform if reduction == "none" else uniform.sum())
