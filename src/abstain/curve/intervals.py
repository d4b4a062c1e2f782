"""Confidence intervals in closed form, from an estimate and the moments of its influences.

Which scale, which quantile and from how many errors on was chosen by simulation: docs/intervals.md.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit, ndtri, stdtr, stdtrit  # not scipy.stats, which takes as long to import as torch

from abstain.curve.moments import Moments

Interval = tuple[float, float] | None

FEWEST = 20
"""With fewer errors, or fewer correct answers, than this most areas have no interval: it would be a guess."""
FEWEST_FOR_AUGRC = 5
"""AUGRC weighs all errors nearly alike, so fewer of them tell how it varies."""
FEWEST_CLUSTERS = 5
"""With fewer clusters that hold errors, or correct answers, nothing tells how others would differ."""


def t_quantile(level: float, moments: Moments) -> float:
    """Student's, of as many degrees of freedom as influences of equal size would know the variance as well."""
    return float(stdtrit(moments.effective_number, (1 + level) / 2))


def normal_quantile(level: float) -> float:
    """Of the normal law."""
    return float(ndtri((1 + level) / 2))


def log_interval(estimate: float, error: float, quantile: float) -> Interval:
    """Symmetric interval of the logarithm, taken back; None where the estimate or its standard error is 0."""
    if not (estimate > 0.0 and error > 0.0):
        return None
    with np.errstate(over="ignore"):
        factor = float(np.exp(quantile * error / estimate))
    return estimate / factor, estimate * factor


def logit_interval(estimate: float, error: float, quantile: float) -> Interval:
    """Symmetric interval of the log-odds, taken back into (0, 1); None where the estimate is 0 or 1."""
    if not (0.0 < estimate < 1.0 and error > 0.0):
        return None
    half = quantile * error / (estimate * (1 - estimate))
    low, high = expit(logit(estimate) + np.array([-half, half])).tolist()
    return low, high


def skewed_interval(estimate: float, moments: Moments, level: float) -> Interval:
    """Interval of a difference by Hall's transformation (1992), which takes the skewness of the influences out.

    The quantile is Student's, as `t_quantile`. None where every influence is 0.
    """
    error, skewness = moments.standard_error, moments.skewness
    if not error > 0.0:
        return None
    quantile = t_quantile(level, moments)
    high, low = (estimate - error * _untransformed(q, skewness) for q in (-quantile, quantile))
    return low, high


def skewed_p_value(estimate: float, moments: Moments) -> float | None:
    """Two-sided p-value of "no difference" that belongs to `skewed_interval`."""
    error, c = moments.standard_error, moments.skewness
    if not error > 0.0:
        return None
    t = estimate / error
    transformed = t + c * t**2 / 3 + c**2 * t**3 / 27 + c / 6
    return float(2 * stdtr(moments.effective_number, -abs(transformed)))


def _untransformed(quantile: float, skewness: float) -> float:
    """What Hall's transformation, of this skewness, takes to the quantile."""
    u = quantile - skewness / 6
    grown = skewness * u
    if abs(grown) < 1e-6:  # where 1 + grown has lost its digits, its cube root is 1 + grown/3 - grown²/9
        return u - skewness * u * u / 3
    return float(3 / skewness * (np.cbrt(1 + grown) - 1))
