"""Label-smoothing losses: the target of a sample is (1 - α)·onehot + α/K."""

from __future__ import annotations

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
        reduction: "mean" is over the samples that count; with none of them it is 0 with a zero gradient.

    Returns:
        A scalar, or with `reduction="none"` the shape of `labels` with 0 where ignored; float32 or wider.

    Raises:
        InputError: α outside [0, 1), an unknown reduction, or with one logit a label other than 0 and 1.
    """
    smoothing = check_smoothing(smoothing)
    check_choice("reduction", reduction, ("mean", "sum", "none"))
    labels = labels.long()
    logits = logits.float() if logits.dtype.itemsize < 4 else logits  # half-precision sums lose the rare classes
    if logits.shape[1] == 1:
        counted = labels != ignore_index
        if not torch.isin(labels[counted], labels.new_tensor([0, 1])).all():
            raise InputError(f"one logit takes the labels 0, 1 and {ignore_index} (ignored), but there are others")
        scores = logits[:, 0].where(counted, 0.0)
        targets = labels.where(counted, 0).to(scores) * (1.0 - smoothing) + smoothing / 2
        losses = functional.binary_cross_entropy_with_logits(scores, targets, reduction="none") * counted
        total = losses if reduction == "none" else losses.sum()
    else:
        total = functional.cross_entropy(
            logits,
            labels,
            ignore_index=ignore_index,
            label_smoothing=smoothing,
            reduction="none" if reduction == "none" else "sum",
        )
    if reduction == "mean":
        return total / (labels != ignore_index).sum().clamp(min=1)
    return total
