"""Gradients on the logits of the smoothed loss under the true distribution of the labels: why smoothing hurts."""

from __future__ import annotations

from torch import Tensor

from abstain._arguments import check_smoothing, check_whole
from abstain._checks import InputError
from abstain.losses.targets import check_distributions, check_floats

MOST_CLASSES = 2**31


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
    check_floats("logits", logits)
    _check_conditional(conditional)
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
    _check_conditional(conditional)
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
    check_floats("error_probability", error_probability)
    if not ((error_probability >= 0) & (error_probability <= 1)).all():
        raise InputError("error_probability holds a value outside [0, 1], but must hold probabilities")
    n_classes = check_whole("n_classes", n_classes, at_least=2, at_most=MOST_CLASSES)
    return check_smoothing(smoothing) * (1.0 - error_probability - 1.0 / n_classes)


def _check_conditional(conditional: Tensor) -> None:
    check_floats("conditional", conditional)
    if conditional.ndim != 2:
        raise InputError(f"conditional has shape {tuple(conditional.shape)}, but must be (N, K): one row a sample")
    check_distributions("conditional", conditional)
