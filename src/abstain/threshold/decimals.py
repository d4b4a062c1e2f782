"""A threshold as people read it: the number of fewest digits that accepts the same samples."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_FLOOR, Context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain.threshold.operating_point import SPLIT, OperatingPoint

BFLOAT16 = "bfloat16"
"""A type that NumPy does not have: the upper half of the bits of float32."""


def shortest_between(below: float, threshold: float, dtype: Any = np.float64) -> float:
    """The number with the fewest digits in (below, threshold]: where no confidence lies between, it accepts the same.

    Args:
        below: the largest confidence that is not accepted; -inf where all are.
        threshold: a number above it that accepts what is to be accepted.
        dtype: in which the confidence may be compared with the number, which is then rounded to it; of NumPy, or
            `BFLOAT16`.

    Returns:
        Such that it is in (below, threshold] in float64 and in `dtype`; `threshold` where no shorter one is.

    Example:
        >>> shortest_between(0.91, 0.9299999999999999)
        0.92
    """
    low, high = _rounded(below, dtype), _rounded(threshold, dtype)
    cut = (float(Context(digits, ROUND_FLOOR).create_decimal(repr(threshold))) for digits in range(1, 17))
    return next((x for x in cut if below < x and low < _rounded(x, dtype) <= high), threshold)


def as_percent(threshold: float) -> float:
    """The shortest number of percent at or above which are just those that divided by 100 reach the threshold.

    Args:
        threshold: finite, on fractions in float64.

    Returns:
        In float64; where two of its numbers are one fraction, as accurate as 100 times the threshold can be.

    Example:
        >>> as_percent(0.617), as_percent(0.6800000000000002)
        (61.7, 68.00000000000001)
    """
    near = 100 * threshold
    shortened = [float(f"{near:.{digits}g}") for digits in range(1, 18)]
    numbers = [*shortened, float(np.nextafter(near, np.inf))]
    return next(x for x in numbers if np.nextafter(x, -np.inf) / 100 <= threshold <= x / 100)


def with_fewest_digits(point: OperatingPoint, confidence: NDArray[np.floating[Any]], dtype: Any) -> OperatingPoint:
    """The same operating point, with the shortest threshold that accepts just these samples.

    A guaranteed threshold must not depend on the samples that it was tested on. That of `"union"` is the next number
    above the largest confidence that is not accepted; here it is the next one in `dtype`. That of
    `"split_fixed_sequence"` is a confidence of the tuning part, and is only shortened as far as no number of `dtype`
    lies between.

    Args:
        point: selected on this confidence.
        confidence: (N,) real.
        dtype: in which the confidence is stored, or what it was made of.
    """
    if point.guaranteed and point.threshold == -np.inf:
        return point
    if point.method == SPLIT:
        return replace(point, threshold=shortest_between(_next_below(point.threshold, dtype), point.threshold, dtype))
    accepted = confidence >= point.threshold
    below = float(confidence[~accepted].max(initial=-np.inf))
    lowest = float(confidence[accepted].min())
    if point.guaranteed:
        lowest = min(lowest, _next_above(below, dtype))
    return replace(point, threshold=shortest_between(below, lowest, dtype))


def _rounded(value: float, dtype: Any) -> float:
    if dtype != BFLOAT16:
        return float(np.dtype(dtype).type(value))
    bits = np.float32(value).view(np.uint32)
    return _of_bits(bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1)))


def _next_above(value: float, dtype: Any) -> float:
    if dtype != BFLOAT16:
        kind = np.dtype(dtype).type
        return float(np.nextafter(kind(value), kind(np.inf)))
    bits, step = np.float32(value + 0.0).view(np.uint32), np.uint32(0x10000)  # no -0, which counts downwards
    return _of_bits(bits - step if value < 0 else bits + step)


def _next_below(value: float, dtype: Any) -> float:
    return -_next_above(-value, dtype)


def _of_bits(bits: np.uint32) -> float:
    return float((bits & np.uint32(0xFFFF0000)).view(np.float32))
