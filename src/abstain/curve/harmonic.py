"""Sums of 1/i and of 1/i² between two places, to the last digits: what areas and influences add up over tie blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SMALL = 256
_SMALL_HARMONIC = np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1, _SMALL))))
_SMALL_SQUARES = np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1, _SMALL + 1) ** 2)))


def _harmonic(n: NDArray[np.int64]) -> Array:
    """Harmonic numbers H(n) = Σ_{i <= n} 1/i of integers n >= 0, to the last digits of float64."""
    inverse = 1.0 / np.maximum(n, _SMALL)
    large = np.euler_gamma - np.log(inverse) + _beyond_logarithm(inverse)
    return np.where(n < _SMALL, _SMALL_HARMONIC[np.minimum(n, _SMALL - 1)], large)


def harmonic_difference(start: NDArray[np.int64], stop: NDArray[np.int64] | int) -> Array:
    """H(stop) - H(start) of integers 0 <= start <= stop, to the last digits also where the two are nearly equal."""
    first, last = np.maximum(start, _SMALL), np.maximum(stop, _SMALL)
    inverse = 1.0 / first
    difference = np.log1p((last - first) * inverse)
    difference -= _beyond_logarithm(inverse)
    difference += _beyond_logarithm(1.0 / last)
    few = np.flatnonzero(start < _SMALL)
    difference[few] = _harmonic(np.broadcast_to(stop, start.shape)[few]) - _harmonic(start[few])
    return difference


def _beyond_logarithm(inverse: Array) -> Array:
    """H(n) - log n - γ of 1/n by Euler and Maclaurin; from n = 256 on the first term left out is below 2e-17."""
    return inverse * (0.5 - inverse * (1 / 12 - inverse * inverse / 120))


def inverse_squares(start: NDArray[np.int64], stop: NDArray[np.int64]) -> Array:
    """Σ 1/i² over start < i <= stop of integers 0 <= start <= stop, to the last digits."""
    low, high = np.minimum(start, _SMALL), np.minimum(stop, _SMALL)
    return (_SMALL_SQUARES[high] - _SMALL_SQUARES[low]) + _far_squares(
        np.maximum(start, _SMALL), np.maximum(stop, _SMALL)
    )


def _far_squares(start: NDArray[np.int64], stop: NDArray[np.int64]) -> Array:
    """The same from 256 on, by Euler and Maclaurin: 1/n - 1/2n² + 1/6n³ - 1/30n⁵, each difference divided out."""
    low, high = 1.0 / start, 1.0 / stop
    both = low * high
    squares = low * low + high * high
    terms = 1 - (low + high) / 2 + (squares + both) / 6 - (squares * squares - both * (both - squares)) / 30
    return (stop - start) * both * terms
