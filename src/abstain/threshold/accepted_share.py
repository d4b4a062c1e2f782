"""Whether a deployment accepts another share of the samples than validation data, of which only the share is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from abstain.threshold.confidence_sequence import log_evidence_above, log_evidence_below


@dataclass(frozen=True)
class AcceptedShare:
    """A band in which the true coverage lies with a probability, and evidence that a deployment lies outside it.

    The threshold was chosen by the very samples whose share is known, so the band is that of Dvoretzky, Kiefer and
    Wolfowitz with Massart's constant (1990), which holds at all thresholds at once, ties or not.

    Attributes:
        low: lower end of the band, in [0, 1].
        high: upper end of it.
    """

    low: float
    high: float

    @classmethod
    def of(cls, coverage: float, n_samples: int, delta: float) -> Self:
        """The band around a coverage of validation samples, which misses with probability at most `delta`."""
        width = math.sqrt(math.log(2 / delta) / (2 * n_samples))
        return cls(max(coverage - width, 0.0), min(coverage + width, 1.0))

    def log_evidence(self, before: NDArray[np.int64], since: NDArray[np.int64]) -> NDArray[np.float64]:
        """Log of an e-value against "each sample is accepted with a probability in the band".

        Half is bet on a share above it and half on one below, see `log_evidence_above`.

        Args:
            before: not looked at.
            since: (..., 2) rejected and accepted samples since a start.

        Returns:
            (...,) float64.
        """
        accepted, n = since[..., 1], since.sum(axis=-1)
        none = np.full(n.shape, -np.inf)
        above = log_evidence_above(accepted, n, self.high) if self.high < 1 else none
        below = log_evidence_below(accepted, n, self.low) if self.low > 0 else none
        return np.logaddexp(above, below) - math.log(2)
