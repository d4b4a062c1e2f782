"""The risk-coverage curve: sort once, then read every area, operating point and interval from one frozen object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from abstain._arguments import check_numbers
from abstain._arrays import check_confidence_error
from abstain._checks import check_binary, check_choice, check_fraction, check_level, check_number
from abstain.curve import influence
from abstain.curve.bootstrap import coverage_at_risk_interval
from abstain.curve.error_blocks import ErrorBlocks
from abstain.curve.packed_sort import sort_samples

Array = NDArray[np.float64]
Convention = Literal["mean", "trapezoid"]
Interval = tuple[float, float] | None

ROUNDING = 1e-12  # of sums of real losses, as a share of them: what is less than that apart is equal


@dataclass(frozen=True, eq=False)
class RiskCoverageCurve:
    """Every operating point that accepting by `confidence >= threshold` can reach, and what follows from them.

    Samples with equal confidence are accepted or rejected together; areas take the expectation over all their
    orders. So nothing depends on the order of the samples, nor on anything but the ranks of the confidence.
    Made by `risk_coverage_curve`; its arrays are read-only.

    Attributes:
        n_samples: N.
        is_binary: whether every error is 0 or 1.
    """

    n_samples: int
    is_binary: bool
    _descending: NDArray[np.floating[Any]] = field(repr=False)  # (N,) all confidences
    _errors: ErrorBlocks = field(repr=False)

    @cached_property
    def accepted(self) -> NDArray[np.int64]:
        """(M,) int64, the number accepted at each threshold."""
        last = np.append(self._descending[1:] != self._descending[:-1], True)
        return _frozen(np.flatnonzero(last) + 1)

    @cached_property
    def threshold(self) -> Array:
        """(M,) float64, the distinct confidences, descending."""
        return _frozen(self._descending[self.accepted - 1].astype(np.float64) + 0.0)  # -0.0 is shown as 0.0

    @cached_property
    def coverage(self) -> Array:
        """(M,) float64 in (0, 1], ascending; the fraction accepted at each threshold."""
        return _frozen(self.accepted / self.n_samples)

    @cached_property
    def risk(self) -> Array:
        """(M,) float64, the selective risk at each threshold: the mean error of those accepted."""
        return _frozen(self.errors / self.accepted)

    @property
    def errors(self) -> Array:
        """(M,) float64, the sum of the errors of those accepted at each threshold; whole numbers of 0/1 errors."""
        return self._errors.sum_among(self.accepted)

    def counts_at(self, thresholds: Array) -> tuple[NDArray[np.int64], Array]:
        """How many any thresholds accept, and the sum of the errors of these: each (J,), of J thresholds."""
        reached = np.searchsorted(-self.threshold, -np.asarray(thresholds), side="right")
        return np.append(0, self.accepted)[reached], np.append(0.0, self.errors)[reached]

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
        area = self._mean_aurc
        return area if convention == "mean" else area - self._full_risk / (2 * self.n_samples)

    @cached_property
    def _mean_aurc(self) -> float:
        return self._errors.sum_of_risks(self.n_samples) / self.n_samples

    @property
    def _full_risk(self) -> float:
        return self._errors.total / self.n_samples

    def optimal_aurc(self) -> float:
        """AURC* of `aurc()`, never above it: what the same errors would give if the confidence put all of them last."""
        return min(self._optimal_aurc, self._mean_aurc)

    @cached_property
    def _optimal_aurc(self) -> float:
        return self._errors.optimal_sum_of_risks(self.n_samples) / self.n_samples

    def excess_aurc(self) -> float:
        """E-AURC, `aurc()` minus the AURC of a perfect order of the same errors; lower is better, 0.0 is perfect."""
        return max(self.aurc() - self.optimal_aurc(), 0.0)

    def normalized_aurc(self) -> float | None:
        """NAURC, (AURC - AURC*) / (risk - AURC*); lower is better: 0 is a perfect order, 1 a random one.

        Returns:
            A float, above 1 for a confidence worse than chance; None where every order is as good as any other: without
            errors, with nothing else, or with all losses equal up to rounding.
        """
        gap = self._full_risk - self.optimal_aurc()
        if self._errors.all_equal(self.n_samples) or (not self.is_binary and gap <= ROUNDING * self._full_risk):
            return None
        return self.excess_aurc() / gap

    def augrc(self) -> float:
        """Area under the generalised risk-coverage curve, i·R(i)/N against coverage; lower is better.

        Trapezoid through (0, 0) and (i/N, i·R(i)/N) (Traub et al. 2024, arXiv 2407.01032). For 0/1 errors it is
        (1 - AUROC)·r·(1 - r) + r²/2 exactly, with r the risk and AUROC that of `failure_auroc`.

        Returns:
            In [0, 1/2] for 0/1 errors.
        """
        return self._errors.sum_of_errors_times_below(self.n_samples) / self.n_samples**2

    def failure_auroc(self) -> float | None:
        """P(confidence of a correct sample > that of an error), ties counting ½; higher is better, ½ is chance.

        Returns:
            In [0, 1]; None where all samples are correct, or all wrong.

        Raises:
            InputError: the errors are not 0/1.
        """
        self._needs_binary("the failure AUROC")
        wrong = self._errors.total
        right = self.n_samples - wrong
        if not (wrong and right):
            return None
        return self._errors.sum_of_correct_above(self.n_samples) / (wrong * right)

    def coverage_at_risk(self, target_risk: float) -> float:
        """Largest coverage whose selective risk is at most `target_risk`; higher is better.

        The curve is not monotone, so all its points are searched.

        Returns:
            A fraction in [0, 1]; 0.0 if no threshold qualifies.

        Raises:
            InputError: `target_risk` is negative, or above 1 for 0/1 errors.
        """
        target_risk = check_number("target_risk", target_risk)
        if self.is_binary or not target_risk >= 0:  # a real loss may exceed 1
            check_fraction("target_risk", target_risk)
        return self._errors.most_accepted(target_risk, self.n_samples) / self.n_samples

    def risk_at_coverage(self, target_coverage: float) -> float:
        """Selective risk at the smallest reachable coverage of at least `target_coverage`; lower is better.

        At 1.0 it is the risk: for 0/1 errors, the error rate.

        Returns:
            In [0, 1] for 0/1 errors.

        Raises:
            InputError: `target_coverage` outside (0, 1].
        """
        target_coverage = check_fraction("target_coverage", target_coverage, open_below=True)
        n = max(int(target_coverage * self.n_samples) - 1, 1)  # a lower bound, whatever the product rounds to
        while n / self.n_samples < target_coverage:
            n += 1
        accepted = self.n_samples - int(np.searchsorted(self._descending[::-1], self._descending[n - 1]))
        return float(self._errors.sum_among(np.array([accepted]))[0]) / accepted

    def next_above(self, confidence: float) -> float:
        """The next number above one of the confidences, in the width in which they came: float32 stays float32."""
        kind = self._descending.dtype.type
        return float(np.nextafter(kind(check_number("confidence", confidence)), kind(np.inf)))

    def summary(self, target_risks: Iterable[float] = (0.05, 0.01)) -> dict[str, float]:
        """The usual numbers under their customary keys: `risk`, `aurc`, and `cov@5` for the coverage at risk 0.05."""
        return {"risk": self.risk_at_coverage(1.0), "aurc": self.aurc()} | {
            f"cov@{100 * risk:g}": self.coverage_at_risk(risk) for risk in check_numbers("target_risks", target_risks)
        }

    def aurc_standard_error(self) -> float:
        """Standard error of `aurc()`, in closed form from its influence function; 0.0 without any error."""
        return influence.standard_error(self.tie_blocks, influence.aurc_influence(self.tie_blocks))

    def aurc_interval(self, level: float = 0.95) -> Interval:
        """Confidence interval of `aurc()` on the log scale, for samples drawn independently.

        Reliable from about 50 errors on; with 10 errors a nominal 95 % covers 87 to 92 %.

        Args:
            level: nominal coverage of the interval, in (0, 1).

        Returns:
            (low, high), for 0/1 errors in [0, 1]; None without any error, where there is nothing to estimate.
        """
        return self._log_interval(self.aurc(), influence.aurc_influence, level)

    def augrc_interval(self, level: float = 0.95) -> Interval:
        """Confidence interval of `augrc()`, as `aurc_interval`; for 0/1 errors in [0, 1/2]."""
        return self._log_interval(self.augrc(), influence.augrc_influence, level, highest=0.5)

    def risk_interval(self, level: float = 0.95) -> Interval:
        """Confidence interval of the risk at full coverage, as `aurc_interval`."""
        return self._log_interval(self._full_risk, influence.risk_influence, level)

    def failure_auroc_interval(self, level: float = 0.95) -> Interval:
        """Confidence interval of `failure_auroc()` on the scale of log-odds (DeLong et al. 1988).

        Returns:
            (low, high) in (0, 1); None where it is undefined, 0 or 1.

        Raises:
            InputError: the errors are not 0/1.
        """
        level = check_level(level)
        auroc = self.failure_auroc()
        if auroc is None:
            return None
        error = influence.standard_error(self.tie_blocks, influence.failure_auroc_influence(self.tie_blocks))
        return influence.logit_interval(auroc, error, level)

    def coverage_at_risk_interval(
        self, target_risk: float, level: float = 0.95, *, n_resamples: int = 1000, seed: int = 0
    ) -> tuple[float, float]:
        """Percentile interval of `coverage_at_risk`, by a seeded bootstrap that never sorts again.

        Args:
            target_risk: fraction in [0, 1].
            level: nominal coverage of the interval, in (0, 1).
            n_resamples: at least 1; the time is proportional to it; `seed` chooses them.
            seed: at least 0.

        Raises:
            InputError: the errors are not 0/1, or an argument is out of its range.
        """
        self._needs_binary("the interval of the coverage at a risk")
        return coverage_at_risk_interval(
            self._errors, self.n_samples, target_risk, level=level, n_resamples=n_resamples, seed=seed
        )

    def _log_interval(self, estimate: float, of: Any, level: float, *, highest: float = 1.0) -> Interval:
        level = check_level(level)
        error = influence.standard_error(self.tie_blocks, of(self.tie_blocks))
        interval = influence.log_interval(estimate, error, level)
        if interval is None or not self.is_binary:
            return interval
        return interval[0], min(interval[1], highest)

    @cached_property
    def tie_blocks(self) -> influence.TieBlocks:
        """All tie blocks, those without errors too: what the influence of a sample is computed from."""
        return influence.TieBlocks.of(self.accepted, self._errors, is_binary=self.is_binary)

    def _needs_binary(self, what: str) -> None:
        check_binary(what, is_binary=self.is_binary, instead="take aurc() or augrc()")


def _frozen(array: Any) -> Any:
    array.flags.writeable = False
    return array


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
    return curve_of_checked(*check_confidence_error(confidence, error))


def curve_of_checked(confidence: NDArray[np.floating[Any]], error: NDArray[Any]) -> RiskCoverageCurve:
    """The curve of samples that `check_confidence_error` has passed."""
    ascending, blocks, is_binary = sort_samples(confidence, error)
    return RiskCoverageCurve(len(confidence), is_binary, _frozen(ascending)[::-1], blocks)
