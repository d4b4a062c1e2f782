"""The door between two worlds: logits in torch on any device, confidence scores and errors in NumPy."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain._checks import check_labels, check_logits

BLOCK_ELEMENTS = 2**18
"""Logits in one block of rows: 2 MiB in float64, so that a block and its temporaries stay in a processor's cache."""


NORMALIZED_WITHIN = 1e-3
"""How near to 1 (or its logarithm to 0) the sum of every row must be to look like probabilities, even in float16."""


def score_by_rows(logits: Tensor, score: Callable[[Tensor], Tensor]) -> NDArray[np.float64]:
    """Apply `score`, (n, K) -> (..., n), to blocks of rows in float64, and join its results in NumPy.

    `score` gets a copy that it may change. Blocks are on the device of `logits`, or on the CPU where that
    device has no float64.
    """
    if logits.dtype.itemsize < 4:
        warnings.warn(
            f"logits are {str(logits.dtype).removeprefix('torch.')}: rounding ties many samples, and ties lose the "
            "order in which to abstain; compute the last layer in float32",
            stacklevel=1,  # one place for all callers, so that it is shown once
        )
    device = torch.device("cpu") if logits.device.type == "mps" else logits.device
    rows = max(1, BLOCK_ELEMENTS // logits.shape[1])
    blocks = (block.to(device, torch.float64, copy=True) for block in logits.split(rows))
    return np.concatenate([score(block).cpu().numpy() for block in blocks], axis=-1)


def warn_if_normalized(logits: Tensor) -> None:
    """Warn if rows look like probabilities or log-probabilities: they have lost the shift that some scores read."""
    rows = logits[: max(1, BLOCK_ELEMENTS // logits.shape[1])].double()
    is_probability = bool((rows >= 0).all()) and bool(((rows.sum(dim=1) - 1).abs() < NORMALIZED_WITHIN).all())
    is_log_probability = bool((rows <= 0).all()) and bool((rows.logsumexp(dim=1).abs() < NORMALIZED_WITHIN).all())
    if is_probability or is_log_probability:
        found = "probabilities" if is_probability else "log-probabilities"
        warnings.warn(
            f"the rows look like {found}, but an uncentred score needs logits as the model puts them out, before "
            "softmax; with center=True log-probabilities do as well",
            stacklevel=1,
        )


def msp(logits: Any) -> NDArray[np.float64]:
    """Maximum softmax probability as its log-odds, z_max - logsumexp of the other logits; larger is more confident.

    The same order as the probability (Hendrycks and Gimpel 2017, arXiv 1610.02136), but it never saturates:
    probabilities near 1 round to 1.0 and tie. `scipy.special.expit` of it is the probability.

    Args:
        logits: (N, K) real, NumPy or torch on any device; (N, 1) stands for the pair (0, z).

    Returns:
        (N,) float64, at least -log(K - 1).

    Raises:
        InputError: another shape, N = 0, NaN or infinite logits.

    Example:
        >>> msp([[2.0, 0.0], [0.0, 0.0]]).tolist()
        [2.0, 0.0]
    """
    logits = check_logits(logits)
    return score_by_rows(logits, _msp)


def _msp(block: Tensor) -> Tensor:
    if block.shape[1] == 1:
        return block[:, 0].abs()
    top, predicted = block.max(dim=1, keepdim=True)
    below = block.sub_(top).scatter_(1, predicted, -torch.inf)  # relative to the top, where no digit is lost
    return 0.0 - below.logsumexp(dim=1)  # 0.0, not -0.0, for two equal logits


SCORES: dict[str, Callable[[Any], NDArray[np.float64]]] = {"msp": msp}
"""Name -> function of the scores that need no parameter."""


def classification_error(logits: Any, labels: Any) -> NDArray[np.float64]:
    """0/1 error of the predicted class, the argmax of the logits; lower is better.

    Args:
        logits: (N, K) real; (N, 1) stands for the pair (0, z).
        labels: (N,) int in [0, K), or 0 and 1 for K = 1.

    Returns:
        (N,) float64 in {0, 1}.

    Raises:
        InputError: as `msp`; labels of another length, out of range, negative or not integer.
    """
    logits = check_logits(logits)
    labels = check_labels(labels, n_samples=logits.shape[0], n_logits=logits.shape[1])
    predicted = logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(dim=1)
    return (predicted.cpu().numpy() != labels).astype(np.float64)
