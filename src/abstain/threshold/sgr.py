"""Selection with guaranteed risk: a binary search for the threshold, as it was published."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from abstain.curve.curve import RiskCoverageCurve
from abstain.threshold.bounds import upper_bound
from abstain.threshold.operating_point import SGR, OperatingPoint, point_at
from abstain.threshold.union import too_few


def sgr(curve: RiskCoverageCurve, target_risk: float, delta: float) -> OperatingPoint:
    """The last threshold whose bound meets the target in a binary search over the ranks; offered for comparison.

    Theorem 3.2 of Geifman and El-Yaniv (2017, "Selective Classification for Deep Neural Networks", arXiv 1705.08500):
    each of the k = ⌈log₂ N⌉ thresholds visited has the bound of Clopper and Pearson at δ/k. Its proof sums the k
    probabilities as if the thresholds were fixed, but all but the first are chosen by the errors that the bounds before
    them counted, and the accepted are taken from the threshold's own sample on. So the result is not called guaranteed.
    The published algorithm returns the last threshold visited, which is this one or fails the target.

    Args:
        curve: of all samples, of 0/1 errors.
        target_risk: fraction in (0, 1).
        delta: fraction in (0, 1).

    Raises:
        NoThresholdError: no bound meets the target.
    """
    visited, found = binary_search(curve, target_risk, delta)
    if found is None:
        points, bounds = (np.array(column) for column in zip(*visited, strict=True))
        accepted = curve.accepted[points]
        raise too_few(
            curve.errors[points], accepted, bounds, curve.n_samples, target_risk, delta, n_bounds=len(visited)
        )
    return replace(point_at(curve, found, target_risk=target_risk), delta=delta, method=SGR)


def binary_search(
    curve: RiskCoverageCurve, target_risk: float, delta: float
) -> tuple[list[tuple[int, float]], int | None]:
    """The points visited, each with its bound, and the last of them whose bound meets the target; None if none does."""
    n, errors = curve.n_samples, curve.errors
    n_bounds = max(math.ceil(math.log2(n)), 1)
    failed, met = 1, n  # ranks, the least confident first
    visited, found = [], None
    for _ in range(n_bounds):
        rank = (failed + met + 1) // 2
        point = int(np.searchsorted(curve.accepted, n - rank + 1))
        accepted = curve.accepted[point]
        bound = float(upper_bound(errors[point], accepted, delta / n_bounds))
        visited.append((point, bound))
        if bound < target_risk:
            found, met = point, rank
        else:
            failed = rank
    return visited, found
