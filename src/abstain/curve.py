"""The risk-coverage curve: sort once, then read every area, operating point and interval from one frozen object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from abstain._checks import InputError, check_choice, check_confidence_error, check_fraction

Convention = Literal["mean", "trapezoid"]


@dataclass(frozen=True, eq=False)
class RiskCoverageCurve:
    """Every operating point that accepting by `confidence >= threshold` can reach, and what follows from them.

    Samples with equal confidence are accepted or rejected together; areas take the expectation over all their
    orders. So nothing depends on the order of the samples, nor on anything but the ranks of the confidence.

    Attributes:
        threshold: (M,) float64, the distinct confidences, descending.
        coverage: (M,) float64 in (0, 1], ascending; the fraction accepted at each threshold.
        risk: (M,) float64, the selective risk: the mean error of those accepted; in [0, 1] for 0/1 errors.
        accepted: (M,) int64, the number accepted.
        total_error: (M,) float64, the sum of the errors of those accepted.
        total_squared_error: (M,) float64, the sum of their squares.
        is_binary: whether every error is 0 or 1.
    """

    threshold: NDArray[np.float64]
    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]
    accepted: NDArray[np.int64]
    total_error: NDArray[np.float64]
    total_squared_error: NDArray[np.float64]
    is_binary: bool

    @property
    def n_samples(self) -> int:
        """N, the number of samples."""
        return int(self.accepted[-1])

    def aurc(self, convention: Convention = "mean") -> float:
        """Area under the risk-coverage curve; lower is better.

        With R(i) the expected selective risk of the i most confident samples, `"mean"` is (1/N) Σᵢ R(i)
        (Geifman and El-Yaniv 2017, arXiv 1705.08500), and `"trapezoid"` the trapezoid rule through (0, 0) and
        (i/N, R(i)), which is smaller by risk / 2N.

        Returns:
            In [0, 1] for 0/1 errors; 0.0 without any error.

        Raises:
            InputError: another convention.
        """
        check_choice("convention", convention, ("mean", "trapezoid"))
        blocks = _Blocks(self)
        inverse = 1.0 / np.arange(1, self.n_samples + 1)
        harmonic = np.add.reduceat(inverse, blocks.start)
        area = float(np.sum(blocks.size * blocks.mean_error + blocks.excess * harmonic) / self.n_samples)
        return area if convention == "mean" else area - float(self.risk[-1]) / (2 * self.n_samples)

    def aurc_standard_error(self) -> float:
        """Standard error of `aurc()`, in closed form from its influence function; 0.0 without any error."""
        slope, offset = self._influence()
        blocks = _Blocks(self)
        spread = np.maximum(blocks.sum_squared_error - blocks.sum_error * blocks.mean_error, 0.0)
        squares = blocks.size * (offset + slope * blocks.mean_error) ** 2 + slope**2 * spread
        return float(np.sqrt(np.sum(squares))) / self.n_samples

    def aurc_interval(self, level: float = 0.95) -> tuple[float, float] | None:
        """Confidence interval of `aurc()` on the log scale, for samples drawn independently.

        Reliable from about 50 errors on; with 10 errors a nominal 95 % covers 87 to 92 %.

        Args:
            level: nominal coverage of the interval, in (0, 1).

        Returns:
            (low, high), for 0/1 errors in [0, 1]; None without any error, where there is nothing to estimate.
        """
        check_fraction("level", level, open_below=True, open_above=True)
        area = self.aurc()
        if area == 0.0:
            return None
        factor = float(np.exp(norm.ppf((1 + level) / 2) * self.aurc_standard_error() / area))
        high = area * factor
        return area / factor, min(high, 1.0) if self.is_binary else high

    def coverage_at_risk(self, target_risk: float) -> float:
        """Largest coverage whose selective risk is at most `target_risk`; higher is better.

        The curve is not monotone, so all its points are searched.

        Returns:
            A fraction in [0, 1]; 0.0 if no threshold qualifies.
        """
        if self.is_binary or not target_risk >= 0:  # a real loss may exceed 1
            check_fraction("target_risk", target_risk)
        qualifying = np.flatnonzero(self.risk <= target_risk)
        return float(self.coverage[qualifying[-1]]) if len(qualifying) else 0.0

    def risk_at_coverage(self, target_coverage: float) -> float:
        """Selective risk at the smallest reachable coverage of at least `target_coverage`; lower is better.

        At 1.0 it is the risk: for 0/1 errors, the error rate.

        Returns:
            In [0, 1] for 0/1 errors.
        """
        check_fraction("target_coverage", target_coverage, open_below=True)
        return float(self.risk[np.searchsorted(self.coverage, target_coverage)])

    def summary(self, target_risks: Iterable[float] = (0.05, 0.01)) -> dict[str, float]:
        """The usual numbers under their customary keys: `risk`, `aurc`, and `cov@5` for the coverage at risk 0.05."""
        return {"risk": self.risk_at_coverage(1.0), "aurc": self.aurc()} | {
            f"cov@{100 * risk:g}": self.coverage_at_risk(risk) for risk in target_risks
        }

    def _influence(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(slope, offset), each (M,): a sample of error e in tie block j has influence e · slope_j + offset_j on AURC.

        At position i it is R_i + Σ_{i' >= i} (e - R_i') / i' - AURC; the block's is the mean over its positions,
        with the sample's own e.
        """
        blocks = _Blocks(self)
        inverse = 1.0 / np.arange(1, self.n_samples + 1)
        risk = np.repeat(blocks.mean_error, blocks.size) + np.repeat(blocks.excess, blocks.size) * inverse
        later = np.cumsum(inverse[::-1])[::-1]
        later_risk = np.cumsum((risk * inverse)[::-1])[::-1]
        slope = np.add.reduceat(later, blocks.start) / blocks.size
        offset = np.add.reduceat(risk - later_risk, blocks.start) / blocks.size - risk.mean()
        return slope, offset

    def _influence_of(self, confidence: NDArray[np.float64], error: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) the influence of each of the curve's samples on AURC, in their own order."""
        slope, offset = self._influence()
        block = np.searchsorted(-self.threshold, -confidence)
        return error * slope[block] + offset[block]


class _Blocks:
    """The tie blocks of a curve: within one, R(i) = mean_error + excess / i for the positions i = start + 1, …."""

    def __init__(self, curve: RiskCoverageCurve) -> None:
        self.start = np.concatenate(([0], curve.accepted[:-1]))
        self.size = curve.accepted - self.start
        self.sum_error = np.diff(curve.total_error, prepend=0.0)
        self.sum_squared_error = np.diff(curve.total_squared_error, prepend=0.0)
        self.mean_error = self.sum_error / self.size
        self.excess = curve.total_error - self.sum_error - self.start * self.mean_error


def risk_coverage_curve(confidence: Any, error: Any) -> RiskCoverageCurve:
    """Sort the samples by confidence, once, and count.

    Args:
        confidence: (N,) real; larger is accepted first; infinities are ranks like others. NumPy, torch, pandas or list.
        error: (N,) 0/1, or a finite loss of at least 0.

    Returns:
        The curve, with one operating point for each distinct confidence.

    Raises:
        InputError: N = 0, unequal lengths, another shape, NaN, or a negative error.

    Example:
        >>> curve = risk_coverage_curve([0.9, 0.8, 0.8, 0.6], [0, 0, 1, 1])
        >>> curve.coverage.tolist(), curve.risk.tolist()
        ([0.25, 0.75, 1.0], [0.0, 0.3333333333333333, 0.5])
        >>> curve.coverage_at_risk(0.4)
        0.75
    """
    confidence, error = check_confidence_error(confidence, error)
    is_binary = bool(((error == 0.0) | (error == 1.0)).all())
    if is_binary:
        threshold, accepted, total, squared = _count_errors(confidence, error == 1.0)
    else:
        threshold, accepted, total, squared = _sum_losses(confidence, error)
    threshold = threshold + 0.0  # -0.0 and 0.0 are one confidence, shown as 0.0
    arrays = (threshold, accepted / len(confidence), total / accepted, accepted, total, squared)
    for array in arrays:
        array.flags.writeable = False
    return RiskCoverageCurve(*arrays, is_binary)


def _count_errors(confidence: np.ndarray, wrong: np.ndarray) -> tuple[np.ndarray, ...]:
    """Distinct confidences descending, and samples and errors at or above each.

    It sorts values, which is far faster than sorting indices.
    """
    descending = np.sort(confidence)[::-1]
    last = np.flatnonzero(np.append(descending[1:] != descending[:-1], True))
    threshold = descending[last]
    errors = np.bincount(np.searchsorted(-threshold, -confidence[wrong]), minlength=len(threshold))
    total = np.cumsum(errors).astype(np.float64)
    return threshold, last + 1, total, total.copy()


def _sum_losses(confidence: np.ndarray, loss: np.ndarray) -> tuple[np.ndarray, ...]:
    """As `_count_errors`, for real losses.

    Equal confidences are summed in the order of their losses, so that rounding cannot depend on the order of samples.
    """
    order = np.lexsort((loss, confidence))[::-1]
    descending, loss = confidence[order], loss[order]
    last = np.flatnonzero(np.append(descending[1:] != descending[:-1], True))
    return descending[last], last + 1, np.cumsum(loss)[last], np.cumsum(loss**2)[last]


def aurc(confidence: Any, error: Any, *, convention: Convention = "mean") -> float:
    """Area under the risk-coverage curve; lower is better. See `RiskCoverageCurve.aurc`.

    Example:
        >>> round(aurc([5, 4, 3, 2, 1], [1, 0, 0, 0, 0]), 6)
        0.456667
    """
    return risk_coverage_curve(confidence, error).aurc(convention)


def coverage_at_risk(confidence: Any, error: Any, *, target_risk: float) -> float:
    """Largest reachable coverage whose selective risk is at most `target_risk`; higher is better.

    See `RiskCoverageCurve.coverage_at_risk`; 0.0 if no threshold qualifies.
    """
    return risk_coverage_curve(confidence, error).coverage_at_risk(target_risk)


def risk_at_coverage(confidence: Any, error: Any, *, target_coverage: float) -> float:
    """Selective risk at the smallest reachable coverage of at least `target_coverage`; lower is better."""
    return risk_coverage_curve(confidence, error).risk_at_coverage(target_coverage)


@dataclass(frozen=True)
class Difference:
    """An estimated difference a - b, with its uncertainty over the draw of the samples.

    Attributes:
        estimate: a - b.
        standard_error: of the estimate.
        low: lower end of the confidence interval.
        high: upper end.
        p_value: two-sided, of the hypothesis that there is no difference.
    """

    estimate: float
    standard_error: float
    low: float
    high: float
    p_value: float


def aurc_difference(
    confidence_a: Any, error_a: Any, confidence_b: Any, error_b: Any, *, level: float = 0.95
) -> Difference:
    """AURC of a minus AURC of b on the *same* samples in the same order; negative if a is better.

    The standard error comes from the difference of the two influence vectors, so what both share cancels.

    Args:
        confidence_a: (N,) confidence of the one score or model.
        error_a: (N,) its errors.
        confidence_b: (N,) confidence of the other.
        error_b: (N,) its errors; the same as `error_a` for two scores of one model.
        level: nominal coverage of the interval, in (0, 1).

    Raises:
        InputError: as `risk_coverage_curve`, or the two are not of one length.
    """
    check_fraction("level", level, open_below=True, open_above=True)
    pairs = [check_confidence_error(confidence_a, error_a), check_confidence_error(confidence_b, error_b)]
    lengths = [len(confidence) for confidence, _ in pairs]
    if lengths[0] != lengths[1]:
        raise InputError(f"a has {lengths[0]} samples and b has {lengths[1]}: a paired difference needs the same ones")
    curve_a, curve_b = (risk_coverage_curve(*pair) for pair in pairs)
    influence = curve_a._influence_of(*pairs[0]) - curve_b._influence_of(*pairs[1])
    estimate = curve_a.aurc() - curve_b.aurc()
    standard_error = float(np.sqrt(np.sum(influence**2))) / lengths[0]
    half = float(norm.ppf((1 + level) / 2)) * standard_error
    p_value = float(2 * norm.sf(abs(estimate) / standard_error)) if standard_error > 0 else float(estimate == 0)
    return Difference(estimate, standard_error, estimate - half, estimate + half, p_value)
