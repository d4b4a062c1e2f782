"""The curve that a sketch can give: one operating point for each bin that holds samples."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from abstain._checks import check_fraction
from abstain.curve.curve import RiskCoverageCurve


@dataclass(frozen=True, eq=False)
class BinnedCurve(RiskCoverageCurve):
    """The risk-coverage curve of a sketch, with one operating point for each bin that holds samples.

    A threshold is the lower edge of its bin, so every (threshold, coverage, risk) is exactly what the unbinned samples
    give there; only the points inside a bin are missing, and areas take the expectation over all orders in a bin.
    """

    _edges: NDArray[np.float64] = field(repr=False)
    _accepted: NDArray[np.int64] = field(repr=False)

    @property
    def accepted(self) -> NDArray[np.int64]:
        """(M,) int64, the number accepted at each threshold."""
        return self._accepted

    @property
    def threshold(self) -> NDArray[np.float64]:
        """(M,) float64, the lower edges of the bins that hold samples, descending."""
        return self._edges

    def ranks_up_to(self, stop: int, length: int) -> NDArray[np.int64]:
        """As `RiskCoverageCurve.ranks_up_to`, but `length` bins at a time."""
        end = int(np.searchsorted(self.accepted, stop, side="right"))
        first = max(end - length, 0)
        return np.append(self.accepted[first - 1] if first else 0, self.accepted[first:end])

    def risk_at_coverage(self, target_coverage: float) -> float:
        """Selective risk at the smallest coverage of at least `target_coverage` that ends a bin; lower is better.

        Returns:
            In [0, 1].

        Raises:
            InputError: `target_coverage` outside (0, 1].
        """
        target_coverage = check_fraction("target_coverage", target_coverage, open_below=True)
        return float(self.risk[np.searchsorted(self.coverage, target_coverage)])
