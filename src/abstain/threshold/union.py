"""A union bound over a grid of ranks, all of which are looked at on the same samples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._checks import NoThresholdError
from abstain.curve.curve import RiskCoverageCurve
from abstain.threshold.bounds import MAX_RANKS, candidate_ranks, p_value, upper_bound
from abstain.threshold.operating_point import UNION, OperatingPoint, point_at
from abstain.threshold.planning import advice


def union(curve: RiskCoverageCurve, target_risk: float, delta: float) -> OperatingPoint:
    """The largest rank of a grid whose upper bound meets the target, where J bounds hold with δ/J each.

    Theorem (Bonferroni's inequality with the bound of Clopper and Pearson 1934): N alone fixes the J ranks; given the
    (n + 1)-th confidence, the n samples strictly above it are independent draws from those above it, so their errors
    are binomial and the bound at δ/J fails with probability at most δ/J. So none of the J fails with probability at
    least 1 - δ, and the errors may choose among them. Ties at the boundary move a rank to the end of the block above.

    Args:
        curve: of all samples, of 0/1 errors.
        target_risk: fraction in (0, 1).
        delta: the probability with which the guarantee may fail, in (0, 1).

    Raises:
        NoThresholdError: no bound meets the target.
    """
    points, accepted, errors = points_at_ranks(curve)
    level = delta / len(candidate_ranks(curve.n_samples))
    qualifying = np.flatnonzero(p_value(errors, accepted, target_risk) <= level)
    if not len(qualifying):
        bounds = upper_bound(errors, accepted, level)
        raise too_few(errors, accepted, bounds, curve.n_samples, target_risk, delta, n_bounds=MAX_RANKS)
    best = int(points[qualifying[-1]])
    found = point_at(curve, best, target_risk=target_risk)
    threshold = threshold_below(curve, best)
    return replace(found, threshold=threshold, guaranteed=True, delta=delta, method=UNION)


def threshold_below(curve: RiskCoverageCurve, point: int) -> float:
    """The lowest that accepts what a point does: just above the next confidence, whatever those accepted are."""
    is_last = point == len(curve.threshold) - 1
    return -np.inf if is_last else curve.next_above(float(curve.threshold[point + 1]))


def points_at_ranks(
    curve: RiskCoverageCurve,
) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.float64]]:
    """The points of a curve that hold what the ranks hold in whole blocks, how many they accept, and the errors."""
    points = np.unique(np.searchsorted(curve.accepted, candidate_ranks(curve.n_samples), side="right"))
    points = points[points > 0] - 1
    return points, curve.accepted[points], curve.errors[points]


def too_few(
    errors: NDArray[Any],
    accepted: NDArray[Any],
    bounds: NDArray[Any],
    n: int,
    target_risk: float,
    delta: float,
    *,
    n_bounds: int,
) -> NoThresholdError:
    """What to say where no bound meets the target.

    Args:
        errors: (J,) how many of the accepted are wrong.
        accepted: (J,) how many are accepted.
        bounds: (J,) of the risk; J of at least 1.
        n: the number of samples.
        target_risk: fraction in (0, 1).
        delta: the probability with which the guarantee may fail, in (0, 1).
        n_bounds: how many bounds share δ.
    """
    words, enough = advice(errors, accepted, n, target_risk, level=delta / n_bounds)
    best = int(np.argmin(bounds))
    return NoThresholdError(
        f"no threshold on {n} samples is sure to have a selective risk of at most {target_risk:g} (delta = {delta:g}): "
        f"the lowest bound is {bounds[best]:.4g}, at a coverage of {accepted[best] / n:.3g}; {words}",
        n_enough=enough,
    )
