"""Paired differences of AURC: two scores of one model, or two models, on the same samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from abstain._checks import InputError, check_confidence_error, check_fraction
from abstain.curve.curve import risk_coverage_curve


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

    Returns:
        The difference, with its standard error, interval and p-value; all 0 and a p-value of 1 where a is b.

    Raises:
        InputError: as `risk_coverage_curve`, or the two are not of one length.
    """
    check_fraction("level", level, open_below=True, open_above=True)
    pairs = [check_confidence_error(confidence_a, error_a), check_confidence_error(confidence_b, error_b)]
    lengths = [len(confidence) for confidence, _ in pairs]
    if lengths[0] != lengths[1]:
        raise InputError(f"a has {lengths[0]} samples and b has {lengths[1]}: a paired difference needs the same ones")
    curve_a, curve_b = (risk_coverage_curve(*pair) for pair in pairs)
    estimate = curve_a.aurc() - curve_b.aurc()
    standard_error = paired_standard_error(curve_a.influence_on_aurc(*pairs[0]), curve_b.influence_on_aurc(*pairs[1]))
    half = float(norm.ppf((1 + level) / 2)) * standard_error
    p_value = float(2 * norm.sf(abs(estimate) / standard_error)) if standard_error > 0 else float(estimate == 0)
    return Difference(estimate, standard_error, estimate - half, estimate + half, p_value)


def paired_standard_error(influence_a: NDArray[np.float64], influence_b: NDArray[np.float64]) -> float:
    """Standard error of a difference from the influence (N,) of the same samples on both of its parts."""
    squares = np.square(influence_a - influence_b)  # not a BLAS norm, whose threads would fight with those of torch
    return float(np.sqrt(np.sum(squares))) / len(influence_a)
