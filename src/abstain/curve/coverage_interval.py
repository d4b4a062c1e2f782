"""Interval of the coverage at a risk: the thresholds at which the risk may be the target, and how many they accept.

The threshold with exactly the target risk is unknown. At each one that is tried, the errors among those accepted are
binomial, so a mid-p test tells whether its risk may be the target: that gives an interval of numbers accepted. How many
a threshold accepts varies too; the two are independent, and are put together as Zou and Donner (2008) do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, ndtri, xlogy

from abstain.curve.error_blocks import FEW, ErrorBlocks

Array = NDArray[np.float64]
Design = Callable[[int], tuple[float, float]]
"""Number accepted -> by what the variances of errors among them, and of their number, exceed those of independence."""


def coverage_at_risk_interval(
    errors: ErrorBlocks, n_samples: int, target_risk: float, level: float, design: Design | None = None
) -> tuple[float, float]:
    """The `level` interval of the coverage at `target_risk`, for 0/1 errors."""
    if target_risk == 1.0:
        return 1.0, 1.0
    accepted = errors.most_accepted(target_risk, n_samples)
    of_errors, of_coverage = design(accepted) if design else (1.0, 1.0)
    test = _Test(errors, n_samples, target_risk, (1 - level) / 2, of_errors)
    below, not_above = test.last_below() / n_samples, test.last_not_above() / n_samples
    found, variance = accepted / n_samples, of_coverage * float(ndtri((1 + level) / 2)) ** 2 / n_samples
    low = found - math.hypot(found - below, math.sqrt(variance * below * (1 - below))) if below else 0.0
    high = found + math.hypot(not_above - found, math.sqrt(variance * not_above * (1 - not_above)))
    return max(low, 0.0), min(high, 1.0)


class _Test:
    """Whether the risk of those accepted may be the target, just before each error block and after the last sample.

    There it is lowest, so only those numbers accepted can be the answer.
    """

    def __init__(self, errors: ErrorBlocks, n_samples: int, risk: float, alpha: float, effect: float) -> None:
        wrong = np.concatenate(([0.0], errors.error_after))
        accepted = np.append(errors.start, n_samples)
        some = accepted > 0
        self.accepted, self.wrong = accepted[some], wrong[some]
        self.risk, self.alpha, self.effect = risk, alpha, effect

    def last_below(self) -> int:
        """The most accepted of which it is clear that their risk is below the target; 0 if there are none."""
        sure = self._last(self._is_sure(lambda share: share < self.risk))
        return self._last_of(range(sure + 1, len(self.accepted)), lambda p: 1 - p <= self.alpha, otherwise=sure)

    def last_not_above(self) -> int:
        """The most accepted of which it is not clear that their risk is above the target; 0 if there are none."""
        open_ones = self._last(~self._is_sure(lambda share: share > self.risk))
        return self._last_of(range(open_ones + 1), lambda p: p > self.alpha, otherwise=-1)

    def _is_sure(self, beyond: Callable[[Array], NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Whether Chernoff's bound, far cheaper than the test, tells already that the risk is beyond the target."""
        share = self.wrong / self.accepted
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = xlogy(share, share / self.risk) + xlogy(1 - share, (1 - share) / (1 - self.risk))
        return beyond(share) & (self.accepted / self.effect * distance >= -math.log(self.alpha))

    @staticmethod
    def _last(which: NDArray[np.bool_]) -> int:
        places = np.flatnonzero(which)
        return int(places[-1]) if len(places) else -1

    def _last_of(self, places: range, holds: Callable[[Array], NDArray[np.bool_]], *, otherwise: int) -> int:
        """The number accepted at the last of these places where the mid-p value of "above" is such."""
        for stop in range(places.stop, places.start, -FEW):
            some = slice(max(stop - FEW, places.start), stop)
            found = self._last(holds(self._p_value(some)))
            if found >= 0:
                return int(self.accepted[some][found])
        return int(self.accepted[otherwise]) if otherwise >= 0 else 0

    def _p_value(self, some: slice) -> Array:
        """P(more errors than there are) + ½ P(as many), where the risk is the target."""
        n, k = self.accepted[some] / self.effect, self.wrong[some] / self.effect
        tiny = np.finfo(np.float64).tiny
        at_least = np.where(k > 0, betainc(np.maximum(k, tiny), n - k + 1, self.risk), 1.0)
        more = np.where(k < n, betainc(k + 1, np.maximum(n - k, tiny), self.risk), 0.0)
        return (at_least + more) / 2
