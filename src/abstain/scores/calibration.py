"""Calibration beside selective classification: its usual numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor

from abstain._arrays import check_labels, check_logits
from abstain.scores.blocks import by_block, in_blocks
from abstain.scores.rows import LogitRows, warn_if_half
from abstain.scores.softmax import classification_error, log_odds
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
    sums = CalibrationSums()
    sums.add_logits(logits, labels, classification_error(logits, labels), temperature=temperature)
    return sums.metrics()


class CalibrationSums:
    """What the numbers of `calibration_metrics` are means of, summed up block by block in the order of the samples."""

    def __init__(self) -> None:
        self.n_samples = 0
        self.nll = self.brier = 0.0
        self._gaps = np.zeros(ECE_BINS + 1)  # in each bin, samples times the gap of their means

    def add_numbers(
        self,
        probability: NDArray[np.float64],
        nll: NDArray[np.float64],
        brier: NDArray[np.float64],
        *,
        error: NDArray[np.float64],
    ) -> None:
        """Add a block of samples, all (n,): the probability that the prediction is right, the numbers, the error."""
        self.n_samples += len(error)
        self.nll += float(np.sum(nll))
        self.brier += float(np.sum(brier))
        np.add.at(self._gaps, _bins(probability), 1.0 - error - probability)

    def add_logits(
        self, logits: Any, labels: Any, error: NDArray[np.float64], *, temperature: float = 1.0
    ) -> NDArray[np.float64]:
        """Add softmax of logits (n, K) over the temperature, with their labels and errors (n,).

        Returns:
            (n,) MSP at this temperature as log-odds, which is there already: the score of `TemperatureScaling`.

        Raises:
            InputError: as `calibration_metrics`.
        """
        logits, temperature = check_logits(logits), TemperatureScaling(temperature).temperature
        targets = torch.tensor(check_labels(labels, n_samples=logits.shape[0], n_logits=logits.shape[1]))
        warn_if_half(logits)

        def measure(block: Tensor, some: slice) -> Tensor:
            rows = LogitRows(block if temperature == 1 else block.div_(temperature))
            return _of_softmax(rows, targets[some].to(block.device))

        numbers = in_blocks(measure, logits)
        for some, (of_msp, nll, brier) in by_block(numbers, logits.shape[1]):
            self.add_numbers(expit(of_msp), nll, brier, error=error[some])
        return np.ascontiguousarray(numbers[0])

    def metrics(self) -> dict[str, float]:
        """The means, as `calibration_metrics` calls them."""
        ece = float(np.abs(self._gaps).sum()) / self.n_samples
        return {"nll": self.nll / self.n_samples, "brier": self.brier / self.n_samples, "ece": ece}


def _of_softmax(rows: LogitRows, targets: Tensor) -> Tensor:
    """(3, n): MSP as log-odds, -log p of the label, and Σ_k (p_k - y_k)² = Σ p² - 2 p of the label + 1."""
    below = rows.top[:, 0] - rows.logits.gather(1, targets[:, None])[:, 0]
    of_msp, log_denominator = log_odds(rows), torch.log1p(rows.small * rows.sum_others)
    squares = (1.0 + rows.small**2 * rows.sum_others_squared) / rows.denominator**2
    brier = squares - 2 * torch.exp(-below) / rows.denominator + 1
    return torch.stack([of_msp, below + log_denominator, brier.clamp_(min=0)])


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
    sums = CalibrationSums()
    sums.add_numbers(probability, error, error, error=error)
    return sums.metrics()["ece"]


def _bins(probability: NDArray[np.float64]) -> NDArray[np.intp]:
    edges = torch.linspace(0.0, 1.0, ECE_BINS + 1, dtype=torch.float64).numpy()  # NumPy's differ in the last digit
    return np.searchsorted(edges, probability, side="right") - 1
