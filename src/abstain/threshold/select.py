"""A threshold on the confidence, chosen on validation data, for a target risk: with a guarantee, or empirically."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from abstain._checks import NoThresholdError, check_binary, check_fraction
from abstain.curve.curve import RiskCoverageCurve, risk_coverage_curve
from abstain.threshold.bounds import candidate_ranks, upper_bound
from abstain.threshold.planning import samples_enough


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold, and what it does on the data on which it was chosen.

    Attributes:
        threshold: accept where `confidence >= threshold`, in float32 or wider; -inf accepts all.
        coverage: the accepted fraction, in (0, 1].
        risk: the selective risk, the mean error of those accepted; an optimistic estimate, since it was selected for.
        guaranteed: whether P(selective risk <= target_risk) >= 1 - delta over the draw of the validation data.
        target_risk: what was asked for.
        delta: the probability with which the guarantee may fail; None without one.
        n_samples: N, of the validation data.
    """

    threshold: float
    coverage: float
    risk: float
    guaranteed: bool
    target_risk: float
    delta: float | None
    n_samples: int

    def describe(self, score: str = "confidence") -> str:
        """Two sentences: what to accept, and what is known of the risk.

        Args:
            score: the name of the confidence; for `msp`, whose thresholds are log-odds, the probability is said too.
        """
        probability = f" (a probability of at least {expit(self.threshold):.6g})" if score == "msp" else ""
        found = (
            f"Accept where {score} >= {self.threshold!r}{probability}: this accepts {self.coverage:.2%} of "
            f"{self.n_samples:,} samples with a risk of {self.risk:.2%}."
        )
        if self.delta is None:
            return f"{found} There is no guarantee: on new samples the risk may well be above {self.target_risk:.4g}."
        return (
            f"{found} With probability {1 - self.delta:.4g} over the draw of these samples, the risk on new ones from "
            f"the same distribution is at most {self.target_risk:.4g}; under a shift nothing is guaranteed."
        )


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
    check_binary("a threshold for a target risk", is_binary=curve.is_binary, instead="make errors of them first")
    return _empirical(curve, target_risk) if delta is None else _guaranteed(curve, target_risk, delta)


def _empirical(curve: RiskCoverageCurve, target_risk: float) -> OperatingPoint:
    qualifying = np.flatnonzero(curve.risk <= target_risk)
    if not len(qualifying):
        raise NoThresholdError(
            f"none of the {len(curve.risk)} thresholds on {curve.n_samples} samples has a selective risk of at most "
            f"{target_risk:g}: the lowest is {curve.risk.min():.4g}"
        )
    best = int(qualifying[-1])
    return _operating_point(curve, best, float(curve.threshold[best]), target_risk, None)


def _guaranteed(curve: RiskCoverageCurve, target_risk: float, delta: float) -> OperatingPoint:
    ranks = candidate_ranks(curve.n_samples)
    points = np.unique(np.searchsorted(curve.accepted, ranks, side="right"))  # blocks that each rank holds in whole
    points = points[points > 0] - 1
    accepted, errors = curve.accepted[points], np.rint(curve.risk[points] * curve.accepted[points])
    bounds = upper_bound(errors, accepted, delta / len(ranks))
    qualifying = np.flatnonzero(bounds <= target_risk)
    if not len(qualifying):
        raise NoThresholdError(_too_few(errors, accepted, bounds, curve.n_samples, target_risk, delta))
    best = int(points[qualifying[-1]])
    last = best == len(curve.threshold) - 1
    threshold = -np.inf if last else curve.next_above(float(curve.threshold[best + 1]))
    return _operating_point(curve, best, threshold, target_risk, delta)


def _operating_point(
    curve: RiskCoverageCurve, index: int, threshold: float, target_risk: float, delta: float | None
) -> OperatingPoint:
    return OperatingPoint(
        threshold=threshold,
        coverage=float(curve.coverage[index]),
        risk=float(curve.risk[index]),
        guaranteed=delta is not None,
        target_risk=target_risk,
        delta=delta,
        n_samples=curve.n_samples,
    )


def _too_few(
    errors: NDArray[Any], accepted: NDArray[Any], bounds: NDArray[Any], n: int, target_risk: float, delta: float
) -> str:
    found = (
        f"no threshold on {n} samples is sure to have a selective risk of at most {target_risk:g} (delta = {delta:g})"
    )
    if not len(bounds):
        return f"{found}: every rank to be looked at lies inside the block of ties at the top"
    best = int(np.argmin(bounds))
    hopeful = np.flatnonzero(errors / accepted < target_risk)
    likely = hopeful[np.argsort(bounds[hopeful])[:1]]  # a minimum over all would promise too much
    enough = samples_enough(errors[likely], accepted[likely], n, target_risk, delta)
    advice = f"about {enough:,} samples like these would be enough" if enough else "more samples like these do not help"
    return f"{found}: the lowest bound is {bounds[best]:.4g}, at a coverage of {accepted[best] / n:.3g}; {advice}"
