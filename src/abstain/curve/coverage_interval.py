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
    found, variance = accepted / n_samples, of_coverage * float(ndtri((1 + level) / 2)) ** 2 / n_samples

    def distance(end_of: Callable[[_Test], tuple[int, int]]) -> float:
        end = end_of(_Test(errors, n_samples, target_risk, (1 - level) / 2, of_errors))
        if design:  # which is another at that number accepted
            effect = max(of_errors, design(end[0])[0])
            end = end_of(_Test(errors, n_samples, target_risk, (1 - level) / 2, effect))
        return _distance(found, *end, n_samples, variance)

    return max(found - distance(_Test.last_below), 0.0), min(found + distance(_Test.last_not_above), 1.0)


def _distance(found: float, accepted: int, tied: int, n_samples: int, variance: float) -> float:
    """From the coverage that was found to an end: to where the test has it, and what that number varies by.

    The two are put together as squares; but before a large tie no threshold is nearer, so the true one may be this one,
    and its number may vary by all that it does.
    """
    place = accepted / n_samples
    varies, away = math.sqrt(variance * place * (1 - place)), abs(place - found)
    return max(math.hypot(away, varies), away + min(varies, tied / n_samples))


class _Test:
    """Whether the risk of those accepted may be the target, just before each error block and after the last sample.

    There it is lowest, so only those numbers accepted can be the answer.
    """

    def __init__(self, errors: ErrorBlocks, n_samples: int, risk: float, alpha: float, effect: float) -> None:
        wrong = np.concatenate(([0.0], errors.error_after))
        accepted = np.append(errors.start, n_samples)
        some = accepted > 0
        self.accepted, self.wrong = accepted[some], wrong[some]
        self.tied = np.append(errors.stop - errors.start - 1, 0)[some]
        self.risk, self.alpha, self.effect = risk, alpha, effect

    def last_below(self) -> tuple[int, int]:
        """The most accepted of which it is clear that their risk is below the target, and how many tie after them.

        0 if there are none.
        """
        sure = self._last(self._is_sure(lambda share: share < self.risk))
        return self._last_of(range(sure + 1, len(self.accepted)), lambda p: 1 - p <= self.alpha, otherwise=sure)

    def last_not_above(self) -> tuple[int, int]:
        """The same of those of which it is not clear that their risk is above the target."""
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

    def _last_of(
        self, places: range, holds: Callable[[Array], NDArray[np.bool_]], *, otherwise: int
    ) -> tuple[int, int]:
        """Of the last of these places where the mid-p value of "above" is such: the number accepted, and those tied."""
        last = otherwise
        for stop in range(places.stop, places.start, -FEW):
            start = max(stop - FEW, places.start)
            found = self._last(holds(self._p_value(slice(start, stop))))
            if found >= 0:
                last = start + found
                break
        return (int(self.accepted[last]), int(self.tied[last])) if last >= 0 else (0, 0)

    def _p_value(self, some: slice) -> Array:
        """P(more errors than there are) + ½ P(as many), where the risk is the target."""
        n, k = self.accepted[some] / self.effect, self.wrong[some] / self.effect
        tiny = np.finfo(np.float64).tiny
        at_least = np.where(k > 0, betainc(np.maximum(k, tiny), n - k + 1, self.risk), 1.0)
        more = np.where(k < n, betainc(k + 1, np.maximum(n - k, tiny), self.risk), 0.0)
        return (at_least + more) / 2
