"""What goes with what among samples of equal confidence, and so why logit normalisation repairs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from abstain._arguments import check_flag
from abstain._arrays import check_logits, to_numpy
from abstain._checks import InputError, check_level
from abstain.audit.estimate import Estimate
from abstain.scores import LogitNorm, centered_max_logit, max_logit, msp

Array = NDArray[np.float64]
MOST_BINS, FEWEST_IN_BIN = 20, 25
"""Bins of confidence, and samples in each."""
NOTHING = 1e-12
"""The share of its spread below which what varies at equal confidence is rounding."""


def partial_correlation(first: Any, second: Any, confidence: Any, *, level: float = 0.95) -> Estimate:
    """Correlation of two numbers among samples of equal confidence, in [-1, 1]; 0 where they have nothing in common.

    Both are taken off their least-squares lines on the confidence in each of up to 20 bins at its quantiles, of 25
    samples at least, and what is left is correlated over all bins. The standard error is that of its influence
    function for independent samples, and too small for the pixels of some images; the interval is symmetric after
    Fisher's transformation.

    Args:
        first: (N,) real, such as the max logit.
        second: (N,) real, such as whether each sample is an error.
        confidence: (N,) real, such as `scores.msp`.
        level: nominal coverage of the interval, in (0, 1).

    Raises:
        InputError: unequal lengths, NaN or infinite values, less than 25 samples, or one that does not vary at equal
            confidence.
    """
    level = check_level(level)
    columns = [_column(values, what) for values, what in ((first, "first"), (second, "second"))]
    given = _column(confidence, "confidence")
    if len({len(one) for one in (*columns, given)}) > 1:
        lengths = ", ".join(str(len(one)) for one in (*columns, given))
        raise InputError(f"first, second and confidence have {lengths} samples: they must be equal")
    bins, n_bins = _bins(given)
    one, other = (_scaled(_off_the_lines(values, given, bins, n_bins), values) for values in columns)
    correlation = float(np.mean(one * other))
    influence = one * other - correlation * (one**2 + other**2) / 2
    error = float(np.sqrt(np.mean(influence**2) / (len(given) - 2 * n_bins)))
    return _fisher(correlation, error, level)


def normalization_at_equal_msp(logits: Any, *, p: float, center: bool = True, level: float = 0.95) -> Estimate:
    """Correlation of the max logit and the normalised max logit at equal MSP; below 0, the repair reads it as doubt.

    As the paper concludes: of samples with the same MSP, that with the larger max logit has the smaller normalised one.

    Args:
        logits: (N, K) real, with K at least 3.
        p: exponent of the norm, finite and at least 1.
        center: whether the mean of a row is taken off before both: what `LogitNorm` does, and the paper does not.
        level: nominal coverage of the interval, in (0, 1).

    Raises:
        InputError: bad logits, K of 1 or 2, where both follow from MSP, a p below 1, or as `partial_correlation`.
    """
    center = check_flag("center", center)
    logits = check_logits(logits)
    normalized = LogitNorm(p=p, center=center).score(logits)
    return partial_correlation(
        centered_max_logit(logits) if center else max_logit(logits), normalized, msp(logits), level=level
    )


def _column(values: Any, what: str) -> Array:
    values = to_numpy(values, what)
    if values.ndim != 1 or values.dtype.kind not in "biuf" or not np.isfinite(values).all():
        raise InputError(f"{what} has shape {values.shape}, but must be one-dimensional and hold finite numbers")
    return values.astype(np.float64)


def _bins(confidence: Array) -> tuple[NDArray[np.int64], int]:
    """(N,) the bin of each sample, at quantiles: equal confidences share one."""
    n_bins = min(MOST_BINS, len(confidence) // FEWEST_IN_BIN)
    if n_bins == 0:
        raise InputError(f"there are {len(confidence)} samples, but {FEWEST_IN_BIN} at least are needed")
    edges = np.quantile(confidence, np.arange(1, n_bins) / n_bins)
    return np.searchsorted(edges, confidence, side="right"), n_bins


def _off_the_lines(values: Array, confidence: Array, bins: NDArray[np.int64], n_bins: int) -> Array:
    """(N,) residuals of the least-squares line on the confidence in each bin."""
    count = np.maximum(np.bincount(bins, minlength=n_bins), 1)
    left, apart = (of - (np.bincount(bins, of, n_bins) / count)[bins] for of in (values, confidence))
    squares = np.bincount(bins, apart**2, n_bins)
    slope = np.divide(np.bincount(bins, apart * left, n_bins), squares, where=squares > 0, out=np.zeros(n_bins))
    return left - slope[bins] * apart


def _scaled(residuals: Array, values: Array) -> Array:
    """To a mean square of 1."""
    spread = float(np.sqrt(np.mean(residuals**2)))
    if spread <= NOTHING * max(float(np.abs(values).max()), np.finfo(float).tiny):
        raise InputError("one of the two does not vary among samples of equal confidence, so nothing can go with it")
    return residuals / spread


def _fisher(correlation: float, error: float, level: float) -> Estimate:
    inside = float(np.clip(correlation, -1 + 1e-15, 1 - 1e-15))
    half = float(ndtri((1 + level) / 2)) * error / (1 - inside**2)
    low, high = np.tanh(np.arctanh(inside) + np.array([-half, half]))
    return Estimate(correlation, error, float(low), float(high))
