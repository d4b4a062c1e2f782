"""How hard a loss pushes the max logit down, beyond cross-entropy, where the true distribution of labels is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain._arguments import check_smoothing
from abstain._arrays import check_logits, to_tensor
from abstain._checks import InputError, check_choice
from abstain.losses import max_logit_suppression, smoothed_cross_entropy
from abstain.losses.targets import check_distributions

Array = NDArray[np.float64]
Loss = Callable[[Tensor, Tensor], Tensor]
"""Logits (N, K) and labels (N,) int64 -> the loss of each sample (N,): one of `abstain.losses`, `reduction="none"`."""
LossName = Literal["label_smoothing", "max_suppression"]


def suppression_gradient(loss: Loss, logits: Any, conditional: Any) -> Array:
    """Gradient on the max logit of a loss, minus that of cross-entropy, in expectation over the true labels.

    E[∂L/∂z_max] - E[∂CE/∂z_max] over labels drawn from the conditional, each by autograd; positive pushes the max logit
    down. Of logits that tie for the largest it is that of the first.

    Args:
        loss: of each sample, such as `partial(focal_loss, gamma=2, reduction="none")`.
        logits: (N, K) real, with K at least 2; not changed.
        conditional: (N, K), the true distribution of the label at each sample; rows sum to 1.

    Returns:
        (N,) float64.

    Raises:
        InputError: logits or a conditional of another shape, rows that are no distributions, or a loss that is not one
            number a sample.
    """
    logits, conditional = checked_pair(logits, conditional)
    of_loss = _expected_gradient(loss, logits, conditional)
    of_cross_entropy = _expected_gradient(_cross_entropy, logits, conditional)
    largest = logits.argmax(dim=1, keepdim=True)
    return (of_loss - of_cross_entropy).gather(1, largest)[:, 0].numpy()


def predicted_suppression(loss: LossName, factor: float, error_probability: Any, n_classes: int) -> Array:
    """What the paper's argument says of that gradient: α(1 - P_error - 1/K), or of max suppression α(1 - 1/K).

    Label smoothing pushes the max logit down less where the prediction is likely wrong (Eq. 16 of the paper), max
    suppression everywhere alike.

    Args:
        loss: "label_smoothing" or "max_suppression".
        factor: α in [0, 1).
        error_probability: (N,) the probability that the prediction is wrong, in [0, 1].
        n_classes: K, at least 2.

    Returns:
        (N,) float64; positive pushes down.

    Raises:
        InputError: an unknown loss, α outside [0, 1), or numbers that are no probabilities.

    Example:
        >>> predicted_suppression("label_smoothing", 0.2, [0.0, 0.5], n_classes=4).round(3).tolist()
        [0.15, 0.05]
        >>> predicted_suppression("max_suppression", 0.2, [0.0, 0.5], n_classes=4).round(3).tolist()
        [0.15, 0.15]
    """
    check_choice("loss", loss, ("label_smoothing", "max_suppression"))
    probability = to_tensor(error_probability, "error_probability").double()
    suppressed = max_logit_suppression(probability, n_classes=n_classes, smoothing=factor)
    if loss == "max_suppression":
        suppressed = torch.full_like(probability, check_smoothing(factor) * (1 - 1 / n_classes))
    return suppressed.cpu().numpy()


def checked_pair(logits: Any, conditional: Any) -> tuple[Tensor, Tensor]:
    """Logits and the true distribution of the labels, both (N, K) float64 on the CPU.

    Raises:
        InputError: they are not of one shape with two classes or more, or a row of the latter is no distribution.
    """
    logits = check_logits(logits).double().cpu()
    conditional = to_tensor(conditional, "conditional").double().cpu()
    if logits.shape != conditional.shape or logits.shape[1] < 2:
        raise InputError(
            f"logits have shape {tuple(logits.shape)} and conditional {tuple(conditional.shape)}, but both must be "
            "(N, K) with K at least 2: one probability for each logit"
        )
    check_distributions("conditional", conditional)
    return logits, conditional


def _expected_gradient(loss: Loss, logits: Tensor, conditional: Tensor) -> Tensor:
    """(N, K) of the mean loss over labels of the conditional, one label after the other, so as to hold one graph."""
    logits, gradient = logits.clone().requires_grad_(), torch.zeros_like(logits)
    for label, probability in enumerate(conditional.unbind(dim=1)):
        with torch.enable_grad():
            expected = probability @ _losses(loss, logits, torch.full_like(probability, label, dtype=torch.int64))
        gradient += torch.autograd.grad(expected, logits)[0]
    return gradient


def _losses(loss: Loss, logits: Tensor, labels: Tensor) -> Tensor:
    losses = loss(logits, labels)
    if not isinstance(losses, Tensor) or losses.shape != labels.shape:
        found = f"shape {tuple(losses.shape)}" if isinstance(losses, Tensor) else type(losses).__name__
        raise InputError(f'the loss gives {found}, but must give one number a sample: reduction="none" of our losses')
    return losses.double()


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    return smoothed_cross_entropy(logits, labels, reduction="none")
