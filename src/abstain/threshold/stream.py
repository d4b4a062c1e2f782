"""Samples as a stream gives them: one or many at once, with labels for some of them or for none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_confidence_error, check_same_order, to_numpy
from abstain._checks import InputError, are_binary

MOST_SEED = 2**32 - 1
"""Several seeds up to here make up one without two sets of them making the same."""


def confidences(values: Any, what: str = "confidence") -> NDArray[np.float64]:
    """Confidences (N,) of at least one sample, or one number, as float64 (N,).

    Raises:
        InputError: they are none, or hold NaN.
    """
    array = np.atleast_1d(to_numpy(values, what))
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise InputError(f"{what} holds {int(np.isnan(array).sum())} NaN, but NaN has no rank: remove them")
    return check_confidence_error(array, np.zeros(array.shape))[0].astype(np.float64)


def read_stream(confidence: Any, error: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as float64 (N,), the error 0, 1 or NaN.

    Args:
        confidence: (N,) real, or one number.
        error: (N,) or one number, each 0, 1, or NaN or None where there is no label; None where there is none at all.

    Raises:
        InputError: they are not.
    """
    check_same_order(confidence=confidence, error=error)
    confidence = confidences(confidence)
    if isinstance(error, (list, tuple)):
        error = [np.nan if one is None else one for one in error]
    error = np.full(len(confidence), np.nan) if error is None else np.atleast_1d(to_numpy(error, "error"))
    known = ~np.isnan(error) if error.dtype.kind == "f" else np.ones(error.shape, dtype=bool)
    _, checked = check_confidence_error(confidence, np.where(known, error, 0))
    if not are_binary(checked):
        raise InputError("error holds another value than 0, 1 and NaN, but a monitor counts errors: make them 0 or 1")
    return confidence, np.where(known, checked, np.nan)
