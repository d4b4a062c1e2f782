"""Distillation: what draws the softened output of a classifier to that of another one, its teacher."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax

from abstain._checks import ArgumentError, InputError, check_number
from abstain.losses.reduction import Reduction, reduced
from abstain.losses.targets import at_least_float32, check_floats, checked, sample_weights


def distillation(
    logits: Tensor,
    teacher_logits: Tensor,
    labels: Tensor,
    *,
    temperature: float,
    ignore_index: int = -100,
    weight: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """T²·KL(softmax(teacher/T) ‖ softmax(student/T)); lower is nearer to the teacher, and 0 is its output.

    The cross-entropy on soft targets of Hinton, Vinyals and Dean (2015, arXiv 1503.02531, equation 2), without the
    entropy of the targets, which has no gradient; by T² its gradient keeps its size whatever T is. One logit z stands
    for the pair (0, z).

    Args:
        logits: (N, K, …) of the student, as of `smoothed_cross_entropy`.
        teacher_logits: of the same shape, or log-probabilities; no gradient goes there.
        labels: as there; they say only which samples count, and how much.
        temperature: T, finite and above 0; the larger, the more the small probabilities count.
        ignore_index: as there.
        weight: as there.
        reduction: as there, so that the two can be added.

    Returns:
        A scalar, or with `reduction="none"` one number a sample, times the weight of its label, and 0 where
        ignored; float32 or wider, at least 0.

    Raises:
        InputError: a temperature that is none, logits of two shapes, or as of `smoothed_cross_entropy`.

    Example:
        >>> import torch
        >>> student, teacher = torch.tensor([[0.0, 0.0]]), torch.tensor([[0.0, 2.0]])
        >>> round(float(distillation(student, teacher, torch.tensor([1]), temperature=2.0)), 4)
        0.4438
    """
    if not 0 < check_number("temperature", temperature) < math.inf:
        raise ArgumentError(f"temperature is {temperature:g}, but must be finite and above 0")
    check_floats("teacher_logits", teacher_logits)
    logits, labels, weight = checked(logits, labels, weight, ignore_index=ignore_index, reduction=reduction)
    if teacher_logits.shape != logits.shape:
        raise InputError(
            f"logits have shape {tuple(logits.shape)} and teacher_logits {tuple(teacher_logits.shape)}: not equal"
        )
    student, teacher = (_softened(of, temperature) for of in (logits, teacher_logits.detach().to(logits)))
    counts = sample_weights(labels, ignore_index=ignore_index, weight=weight)
    terms = temperature**2 * kl_div(student, teacher, reduction="none", log_target=True).sum(dim=1)
    return reduced(terms.where(counts > 0, 0.0) * counts, counts, reduction)


def _softened(logits: Tensor, temperature: float) -> Tensor:
    """Logarithms of the probabilities at a temperature."""
    logits = at_least_float32(logits) / temperature
    if logits.shape[1] == 1:
        logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
    return log_softmax(logits, dim=1)
