"""Paired differences of AURC: two scores of one model, or two models, on the same samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scipy.special import ndtr, ndtri

from abstain._checks import InputError, check_level
from abstain.curve.sample_influence import area_and_influence, paired_standard_error


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
    level = check_level(level)
    aurc_a, influence_a = area_and_influence(confidence_a, error_a)
    aurc_b, influence_b = area_and_influence(confidence_b, error_b)
    lengths = len(influence_a), len(influence_b)
    if lengths[0] != lengths[1]:
        raise InputError(f"a has {lengths[0]} samples and b has {lengths[1]}: a paired difference needs the same ones")
    estimate, standard_error = aurc_a - aurc_b, paired_standard_error(influence_a, influence_b)
    half = float(ndtri((1 + level) / 2)) * standard_error
    p_value = float(2 * ndtr(-abs(estimate) / standard_error)) if standard_error > 0 else float(estimate == 0)
    return Difference(estimate, standard_error, estimate - half, estimate + half, p_value)
