"""A threshold on the confidence, chosen on validation data for a target risk, guaranteed or not, or for a coverage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._checks import NoThresholdError, check_binary, check_fraction
from abstain.curve.curve import RiskCoverageCurve, risk_coverage_curve
from abstain.threshold.bounds import candidate_ranks, upper_bound
from abstain.threshold.operating_point import ExpectedCost, OperatingPoint
from abstain.threshold.planning import advice

INSTEAD_OF_LOSSES = "make errors of them first"


def select_threshold(confidence: Any, error: Any, target_risk: float, delta: float | None = None) -> OperatingPoint:
    """The operating point of largest coverage whose selective risk is at most `target_risk`.

    With `delta`, the risk on new data from the same distribution is at most `target_risk` with probability at least
    1 - delta over the draw of the validation data. It is void under a shift of the distribution. The candidates are a
    grid of J ranks that N alone fixes; at each, the errors among the samples strictly above the next confidence are
    binomial, and the one-sided Clopper-Pearson bound at delta / J must be at most `target_risk`. All candidates are
    looked at, since the risk may be highest at the very top. Without `delta` the result is what this data shows, and
    on new data its risk exceeds the target about half of the time.

    Args:
        confidence: (N,) real, of validation data; larger is accepted first.
        error: (N,) in {0, 1}.
        target_risk: fraction in (0, 1).
        delta: fraction in (0, 1), such as 0.05; None for an empirical threshold.

    Raises:
        NoThresholdError: no threshold qualifies; the message says about how many samples would be enough.
        InputError: a fraction outside its range, errors that are not 0/1, or as `risk_coverage_curve`.

    Example:
        >>> point = select_threshold(range(1000), [1] * 100 + [0] * 900, target_risk=0.05, delta=0.05)
        >>> point.guaranteed, point.coverage
        (True, 0.925)
    """
    target_risk = check_fraction("target_risk", target_risk, open_below=True, open_above=True)
    if delta is not None:
        delta = check_fraction("delta", delta, open_below=True, open_above=True)
    curve = risk_coverage_curve(confidence, error)
    check_binary("a threshold for a target risk", is_binary=curve.is_binary, instead=INSTEAD_OF_LOSSES)
    return _empirical(curve, target_risk) if delta is None else _guaranteed(curve, target_risk, delta)


def select_threshold_for_coverage(confidence: Any, error: Any, target_coverage: float) -> OperatingPoint:
    """The operating point of smallest coverage among those of at least `target_coverage`.

    The errors have no say in the threshold, so the risk there is not selected for; ties can make the coverage larger
    than what was asked for.

    Args:
        confidence: (N,) real, of validation data; larger is accepted first.
        error: (N,) in {0, 1}.
        target_coverage: fraction in (0, 1].

    Raises:
        InputError: a fraction outside its range, errors that are not 0/1, or as `risk_coverage_curve`.

    Example:
        >>> point = select_threshold_for_coverage([0.9, 0.8, 0.8, 0.6], [0, 0, 1, 1], target_coverage=0.5)
        >>> point.threshold, point.coverage
        (0.8, 0.75)
    """
    target_coverage = check_fraction("target_coverage", target_coverage, open_below=True)
    curve = risk_coverage_curve(confidence, error)
    check_binary("a threshold for a target coverage", is_binary=curve.is_binary, instead=INSTEAD_OF_LOSSES)
    index = int(np.searchsorted(curve.coverage, target_coverage))
    return point_at(curve, index, target_coverage=target_coverage)


def _empirical(curve: RiskCoverageCurve, target_risk: float) -> OperatingPoint:
    qualifying = np.flatnonzero(curve.risk <= target_risk)
    if not len(qualifying):
        tied = ", that of all of them, whose confidence is one and the same" if len(curve.risk) == 1 else ""
        raise NoThresholdError(
            f"no threshold on {curve.n_samples} samples has a selective risk of at most {target_risk:g}: the lowest is "
            f"{curve.risk.min():.4g}{tied}, so ask for a higher one, or for another confidence"
        )
    return point_at(curve, int(qualifying[-1]), target_risk=target_risk)


def _guaranteed(curve: RiskCoverageCurve, target_risk: float, delta: float) -> OperatingPoint:
    ranks = candidate_ranks(curve.n_samples)
    points = np.unique(np.searchsorted(curve.accepted, ranks, side="right"))  # blocks that each rank holds in whole
    points = points[points > 0] - 1
    accepted, errors = curve.accepted[points], np.rint(curve.risk[points] * curve.accepted[points])
    bounds = upper_bound(errors, accepted, delta / len(ranks))
    qualifying = np.flatnonzero(bounds <= target_risk)
    if not len(qualifying):
        raise _too_few(errors, accepted, bounds, curve.n_samples, target_risk, delta)
    best = int(points[qualifying[-1]])
    last = best == len(curve.threshold) - 1
    threshold = -np.inf if last else curve.next_above(float(curve.threshold[best + 1]))
    found = point_at(curve, best, target_risk=target_risk)
    return replace(found, threshold=threshold, guaranteed=True, delta=delta)


def point_at(
    curve: RiskCoverageCurve,
    index: int,
    *,
    target_risk: float | None = None,
    target_coverage: float | None = None,
    cost: ExpectedCost | None = None,
) -> OperatingPoint:
    """The point of a curve of this index, with what it was selected for, and no guarantee."""
    return OperatingPoint(
        threshold=float(curve.threshold[index]),
        coverage=float(curve.coverage[index]),
        risk=float(curve.risk[index]),
        guaranteed=False,
        target_risk=target_risk,
        delta=None,
        n_samples=curve.n_samples,
        target_coverage=target_coverage,
        cost=cost,
    )


def _too_few(
    errors: NDArray[Any], accepted: NDArray[Any], bounds: NDArray[Any], n: int, target_risk: float, delta: float
) -> NoThresholdError:
    found = (
        f"no threshold on {n} samples is sure to have a selective risk of at most {target_risk:g} (delta = {delta:g})"
    )
    if not len(bounds):
        return NoThresholdError(
            f"{found}: every rank to be looked at lies inside the block of ties at the "
            "top, so give the confidence with more digits, or another one"
        )
    order = np.argsort(bounds, kind="stable")
    words, enough = advice(errors[order], accepted[order], n, target_risk, delta)
    best = order[0]
    return NoThresholdError(
        f"{found}: the lowest bound is {bounds[best]:.4g}, at a coverage of {accepted[best] / n:.3g}; {words}",
        n_enough=enough,
    )
