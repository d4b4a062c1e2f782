"""Paired differences of AURC: two scores of one model, or two models, on the same samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_confidence_error
from abstain._checks import InputError, check_level
from abstain.curve.clusters import Clusters
from abstain.curve.error_blocks import effective_number
from abstain.curve.intervals import FEWEST, skewed_interval, skewed_p_value
from abstain.curve.moments import Moments, sums_of_powers, unit_of
from abstain.curve.sample_influence import binary_as_bool, each_influence

Checked = tuple[NDArray[np.floating[Any]], NDArray[Any]]
"""Confidences and errors, 0/1 errors as booleans."""


@dataclass(frozen=True)
class Difference:
    """An estimated difference a - b, with its uncertainty over the draw of the samples.

    Attributes:
        estimate: a - b.
        standard_error: of the estimate.
        low: lower end of the confidence interval; None, as `high` and `p_value`, where there are too few errors, or
            correct samples, to tell, or where a and b are the same order of the same errors.
        high: upper end.
        p_value: two-sided, of the hypothesis that there is no difference.
    """

    estimate: float
    standard_error: float
    low: float | None
    high: float | None
    p_value: float | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """(low, high); None where they are."""
        return None if self.low is None or self.high is None else (self.low, self.high)


def aurc_difference(
    confidence_a: Any, error_a: Any, confidence_b: Any, error_b: Any, *, level: float = 0.95, clusters: Any = None
) -> Difference:
    """AURC of a minus AURC of b on the *same* samples in the same order; negative if a is better.

    The standard error comes from the difference of the two influence vectors, so what both share cancels. Its skewness
    is corrected for by Hall's transformation (1992), with Student's quantile. How often the interval covers the truth,
    and why it is None with fewer than 20 errors: see docs/intervals.md.

    Args:
        confidence_a: (N,) confidence of the one score or model.
        error_a: (N,) its errors.
        confidence_b: (N,) confidence of the other.
        error_b: (N,) its errors; the same as `error_a` for two scores of one model.
        level: nominal coverage of the interval, in (0, 1).
        clusters: (N,) what each sample belongs to, as in `risk_coverage_curve`.

    Returns:
        The difference, with its standard error, interval and p-value.

    Raises:
        InputError: as `risk_coverage_curve`, or the two are not of one length.
    """
    level = check_level(level)
    a, b = check_confidence_error(confidence_a, error_a), check_confidence_error(confidence_b, error_b)
    n_samples = len(a[1])
    if n_samples != len(b[1]):
        raise InputError(f"a has {n_samples} samples and b has {len(b[1])}: a paired difference needs the same ones")
    groups = None if clusters is None else Clusters.read(clusters, n_samples)
    a, b = ((confidence, binary_as_bool(error)) for confidence, error in (a, b))
    estimate, moments = _estimate(a, b, groups)
    low = high = p_value = None
    if not _are_few(a[1], b[1], groups):
        interval, p_value = skewed_interval(estimate, moments, level), skewed_p_value(estimate, moments)
        low, high = interval or (None, None)
    return Difference(estimate, moments.standard_error, low, high, p_value)


def _estimate(a: Checked, b: Checked, groups: Clusters | None) -> tuple[float, Moments]:
    """AURC of a less that of b, and the moments of the influences on it, of samples or of their sums over clusters."""
    n_samples, unit = len(a[1]), unit_of(max(float(a[1].max()), float(b[1].max())))
    influence = np.empty(n_samples)

    def subtract(samples: NDArray[np.int64], of_b: NDArray[np.float64]) -> None:
        influence[samples] -= of_b

    def sum_powers(samples: NDArray[np.int64], of_b: NDArray[np.float64]) -> tuple[float, float, float]:
        of_difference = np.take(influence, samples, mode="clip")
        of_difference -= of_b
        of_difference /= unit
        return sums_of_powers(of_difference)

    of_a, _ = each_influence(influence.__setitem__, *a)
    if groups is None:
        of_b, sums = each_influence(sum_powers, *b)
        return of_a - of_b, Moments.of_sums(sums, n_samples, unit)
    of_b, _ = each_influence(subtract, *b)
    return of_a - of_b, Moments.of_values(groups.sums(influence), n_samples, unit, n_clusters=groups.n_clusters)


def _are_few(error_a: NDArray[Any], error_b: NDArray[Any], groups: Clusters | None) -> bool:
    """Whether the errors of the two together, or their correct samples, are few, or lie in few clusters."""
    is_binary = error_a.dtype == error_b.dtype == bool
    if is_binary and groups is None:
        return min(_binary_numbers(error_a, error_b)) < FEWEST
    wrong = np.add(error_a, error_b, dtype=np.float64)
    kinds = [wrong, 2 - wrong] if is_binary else [wrong]
    few = any(effective_number(kind) < FEWEST for kind in kinds)
    return few or (groups is not None and groups.are_few(*kinds))


def _binary_numbers(wrong_a: NDArray[np.bool_], wrong_b: NDArray[np.bool_]) -> Iterator[float]:
    """The effective numbers of errors of the two together, each sample with 0, 1 or 2, and of correct ones."""
    twice, once = int(np.count_nonzero(wrong_a & wrong_b)), int(np.count_nonzero(wrong_a ^ wrong_b))
    for both in (twice, len(wrong_a) - twice - once):
        yield (2 * both + once) ** 2 / (4 * both + once) if both + once else 0.0
