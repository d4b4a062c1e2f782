"""Calibration beside selective classification: its usual numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor
from torch.nn import functional

from abstain._arrays import check_labels, check_logits
from abstain.scores.rows import BLOCK_ELEMENTS, as_pairs
from abstain.scores.softmax import classification_error
from abstain.scores.temperature import TemperatureScaling

ECE_BINS = 15
"""Equal-width bins of the expected calibration error (Guo et al. 2017, arXiv 1706.04599)."""


def calibration_metrics(logits: Any, labels: Any, *, temperature: float = 1.0) -> dict[str, float]:
    """Negative log-likelihood, Brier score and expected calibration error of softmax; lower is better.

    Args:
        logits: (N, K) real, NumPy or torch on any device, not changed; (N, 1) stands for the pair (0, z).
        labels: (N,) int in [0, K), or 0 and 1 for K = 1.
        temperature: by which the logits are divided.

    Returns:
        `nll`, in nats, at least 0; `brier`, the mean of Σ_k (p_k - y_k)², in [0, 2]; and `ece`, over 15 bins of equal
        width, in [0, 1].

    Raises:
        InputError: as `scores.classification_error`.

    Example:
        >>> {name: round(value, 4) for name, value in calibration_metrics([[2.0, 0.0], [0.0, 1.0]], [0, 0]).items()}
        {'nll': 0.7201, 'brier': 0.5487, 'ece': 0.4251}
    """
    logits, temperature = check_logits(logits), TemperatureScaling(temperature).temperature
    error = classification_error(logits, labels)
    ece = expected_calibration_error(expit(TemperatureScaling(temperature).score(logits)), error)

    nll = brier = 0.0
    for block, targets in _row_blocks(as_pairs(logits), labels):
        block = block / temperature
        nll += float(functional.cross_entropy(block, targets, reduction="sum"))
        one_hot = functional.one_hot(targets, block.shape[1]).to(block.dtype)
        brier += float(functional.mse_loss(block.softmax(dim=1), one_hot, reduction="sum"))
    return {"nll": nll / len(logits), "brier": brier / len(logits), "ece": ece}


def expected_calibration_error(probability: NDArray[np.float64], error: NDArray[np.float64]) -> float:
    """ECE, the mean over bins of |accuracy - mean probability|, weighted by their samples; lower is better.

    The bins are [0, 1/15), …, [14/15, 1), and a probability of exactly 1 has one of its own, as in torchmetrics, which
    takes several times as long to import as torch.

    Args:
        probability: (N,) in [0, 1], that the predicted class is right.
        error: (N,) in {0, 1}.

    Returns:
        In [0, 1].
    """
    edges = torch.linspace(0.0, 1.0, ECE_BINS + 1, dtype=torch.float64).numpy()  # NumPy's differ in the last digit
    bins = np.searchsorted(edges, probability, side="right") - 1
    gaps = np.bincount(bins, weights=1.0 - error - probability)  # in each bin, samples times the gap of their means
    return float(np.abs(gaps).sum()) / len(error)


def _row_blocks(logits: Tensor, labels: Any) -> Iterator[tuple[Tensor, Tensor]]:
    """Blocks of rows in float64, with their labels; on the CPU where the device of the logits has no float64."""
    device = torch.device("cpu") if logits.device.type == "mps" else logits.device
    targets = torch.tensor(check_labels(labels, n_samples=logits.shape[0], n_logits=logits.shape[1]))
    rows = max(1, BLOCK_ELEMENTS // logits.shape[1])
    for block, of_block in zip(logits.split(rows), targets.split(rows), strict=True):
        yield block.to(device, torch.float64), of_block.to(device)
