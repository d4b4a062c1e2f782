"""Logits of a fixed length, as a training with logit normalisation gives them to its loss."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from abstain._checks import ArgumentError, InputError, check_number
from abstain.losses.targets import at_least_float32, check_floats

ADDED_TO_NORM = 1e-7
"""Of Wei et al.: what keeps logits that are all 0 from a division by 0."""


def normalized_logits(logits: Tensor, *, temperature: float) -> Tensor:
    """Logits over their 2-norm and a temperature, z / (τ·(‖z‖₂ + 1e-7)), for the loss of a training and nothing else.

    A loss of these (Wei et al. 2022, arXiv 2205.09310, Eq. 5) cannot be lowered by longer logits, only by turning them.
    It is used while training: its authors test the model by the softmax of its own logits, whose lengths the loss left
    free, and so does whatever this package measures, saves and serves. `abstain.LogitNorm` is another thing, a repair
    after any training.

    The gradient grows as 1/‖z‖: it is up to 1e7/τ where a head begins at zero, so clip it, or begin elsewhere.

    Args:
        logits: (N, K) or (N, K, ...) float, with K at least 2.
        temperature: τ above 0; the largest and the smallest logit are at most √2/τ apart, so that a τ near 1 keeps the
            loss of many classes high; its authors take 0.04 for CIFAR-10, by validation data.

    Returns:
        As `logits`, float32 or wider.

    Raises:
        InputError: τ not above 0, NaN or infinite, or one logit, of which only the sign would be left.

    Example:
        >>> import torch
        >>> normalized_logits(torch.tensor([[3.0, 4.0]]), temperature=0.5).tolist()
        [[1.2000000476837158, 1.600000023841858]]
    """
    if not 0 < (temperature := check_number("temperature", temperature)) < math.inf:
        raise ArgumentError(f"temperature is {temperature:g}, but must be finite and above 0: 0.04 is common")
    check_floats("logits", logits)
    if logits.ndim < 2 or logits.shape[1] < 2:
        raise InputError(
            f"logits have shape {tuple(logits.shape)}, but must be (N, K, …) with K at least 2: the norm of one logit "
            "leaves only its sign"
        )
    logits = at_least_float32(logits)
    norm = torch.linalg.vector_norm(logits, dim=1, keepdim=True)
    return logits / ((norm + ADDED_TO_NORM) * temperature)
