"""The focal loss of a softmax: cross-entropy that counts a sample the less, the surer the model is of its label."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from abstain._checks import ArgumentError, check_number
from abstain.losses.cross_entropy import smoothed_cross_entropy
from abstain.losses.reduction import Reduction, reduced
from abstain.losses.targets import are_soft, checked, sample_weights


def focal_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    gamma: float = 2.0,
    ignore_index: int = -100,
    weight: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Cross-entropy times (1 - π_y)^γ, with π_y the probability of the label; lower is better.

    The loss of a sample is `-(1 - π_y)^γ · log π_y` (Lin et al. 2017, arXiv 1708.02002, Eq. 4), of the softmax over all
    classes as Mukhoti et al. 2020 (arXiv 2002.09437) train classifiers, and not of one sigmoid a class as detectors do.
    Of a soft label t it is the mean over labels drawn from it, `-Σ_k t_k (1 - π_k)^γ log π_k`, which for mixup is its
    mixture of two losses. One logit stands for the pair (0, z).

    Args:
        logits: as of `smoothed_cross_entropy`.
        labels: as there.
        gamma: γ, at least 0; 0 is cross-entropy, 2 is common.
        ignore_index: as there.
        weight: as there.
        reduction: as there: the mean is over the samples that cross-entropy counts, and not over (1 - π_y)^γ.

    Returns:
        A scalar, or with `reduction="none"` one number a sample, times the weight of its label, and 0 where
        ignored; float32 or wider, at least 0.

    Raises:
        InputError: γ below 0, NaN or infinite, an unknown reduction, or as of `smoothed_cross_entropy`.

    Example:
        >>> import torch
        >>> float(focal_loss(torch.tensor([[0.0, 0.0]]), torch.tensor([1]), gamma=1.0))  # log(2) / 2
        0.3465735912322998
    """
    if not 0 <= (gamma := check_number("gamma", gamma)) < math.inf:
        raise ArgumentError(f"gamma is {gamma:g}, but must be finite and at least 0: 0 is cross-entropy, 2 is common")
    logits, labels, weight = checked(logits, labels, weight, ignore_index=ignore_index, reduction=reduction)
    counts = sample_weights(labels, ignore_index=ignore_index, weight=weight)
    if are_soft(labels):
        losses = _of_distributions(logits, labels.to(logits), weight, gamma)
    else:
        losses = counts * _focused(
            smoothed_cross_entropy(logits, labels, ignore_index=ignore_index, reduction="none"), gamma
        )
    return reduced(losses, counts, reduction)


def _of_distributions(logits: Tensor, targets: Tensor, weight: Tensor | None, gamma: float) -> Tensor:
    if logits.shape[1] == 1:
        logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
        targets = torch.cat([1 - targets, targets], dim=1)
    losses = targets * _focused(-logits.log_softmax(dim=1), gamma)
    return losses.sum(dim=1) if weight is None else torch.einsum("nk...,k->n...", losses, weight)


def _focused(surprise: Tensor, gamma: float) -> Tensor:
    """-log π times (1 - π)^γ: of γ below 1 the slope of the power is infinite where π is 1, so it stops just before."""
    missing = (-torch.expm1(-surprise)).clamp_min(torch.finfo(surprise.dtype).tiny)
    return missing**gamma * surprise
