"""What follows from sorted samples: every operating point of a risk-coverage curve, and the areas under it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from abstain._arguments import check_numbers
from abstain._checks import check_binary, check_choice, check_fraction, check_number
from abstain.curve.error_blocks import ErrorBlocks

Array = NDArray[np.float64]
Convention = Literal["mean", "trapezoid"]

ROUNDING = 1e-12  # of sums of real losses, as a share of them: what is less than that apart is equal


@dataclass(frozen=True, eq=False)
class CurveAreas:
    """The points and areas of a `RiskCoverageCurve`, which adds how uncertain they are."""

    n_samples: int
    is_binary: bool
    _descending: NDArray[np.floating[Any]] = field(repr=False)  # (N,) all confidences
    _errors: ErrorBlocks = field(repr=False)

    @cached_property
    def accepted(self) -> NDArray[np.int64]:
        """(M,) int64, the number accepted at each threshold."""
        return frozen(ends_of_blocks(self._descending))

    @cached_property
    def threshold(self) -> Array:
        """(M,) float64, the distinct confidences, descending."""
        return frozen(self._descending[self.accepted - 1].astype(np.float64) + 0.0)  # -0.0 is shown as 0.0

    @cached_property
    def coverage(self) -> Array:
        """(M,) float64 in (0, 1], ascending; the fraction accepted at each threshold."""
        return frozen(self.accepted / self.n_samples)

    @cached_property
    def risk(self) -> Array:
        """(M,) float64, the selective risk at each threshold: the mean error of those accepted."""
        return frozen(self.errors / self.accepted)

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

    def _needs_binary(self, what: str) -> None:
        check_binary(what, is_binary=self.is_binary, instead="take aurc() or augrc()")


def frozen(array: Any) -> Any:
    """An array, made read-only."""
    array.flags.writeable = False
    return array


def ends_of_blocks(confidence: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """(M,) after how many of some confidences in descending order each tie block ends."""
    return np.flatnonzero(np.append(confidence[1:] != confidence[:-1], True)) + 1
