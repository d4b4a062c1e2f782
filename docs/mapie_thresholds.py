"""The threshold of MAPIE's `BinaryClassificationController` on `y = correct`, restated.

Precision is 1 - selective risk there, and its 100 thresholds are 0, 0.01, ..., 0.99. The controller predicts and counts
for each threshold anew, in tens of milliseconds a draw, and learns an order in a second; here one sort counts for all.
`tests/docs/test_mapie_thresholds.py` holds both against the controller itself, where it is installed. One thing is
mended in its favour: where a threshold accepts nothing its p-value is NaN, at which every correction stops; here it
is 1.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, xlogy

try:
    from mapie.risk_control import BinaryClassificationController
except ImportError:  # an extra
    BinaryClassificationController = None

Array = NDArray[np.float64]
GRID = np.linspace(0, 0.99, 100)
BETAS = np.logspace(-25, 0, 1000)


def p_values(confidence: Array, error: NDArray[Any], target_risk: float, *, factor: float = 1) -> Array:
    """(100,) the smaller of the p-values of Hoeffding and of Bentkus, which is `factor` times the binomial tail."""
    order = np.argsort(confidence)
    wrong_from = np.append(np.cumsum(error[order][::-1])[::-1], 0)
    first = np.searchsorted(confidence[order], GRID)
    accepted = len(confidence) - first
    some = np.maximum(accepted, 1)
    risk = np.where(accepted > 0, 1 - (accepted - wrong_from[first]) / some, 1.0)
    least = np.minimum(risk, target_risk)
    divergence = xlogy(least, least / target_risk) + (1 - least) * np.log((1 - least) / (1 - target_risk))
    tail = factor * bdtr(np.minimum(np.ceil(some * risk), some), some, target_risk)
    return np.where(accepted > 0, np.minimum(np.exp(-some * divergence), tail), 1.0)


def learned_order(confidence: Array, error: NDArray[Any], target_risk: float) -> NDArray[np.intp]:
    """Indices of the grid in the order of `learn_fixed_sequence_order`: nearest to ever larger p-values."""
    p = p_values(confidence, error, target_risk, factor=np.e)
    nearest = np.abs(p[None, :] - BETAS[:, None]).argmin(axis=1)
    _, first = np.unique(nearest, return_index=True)
    return nearest[np.sort(first)]


def best_threshold(p: Array, order: NDArray[np.intp] | None, delta: float) -> float | None:
    """The smallest threshold that is valid, which has the largest recall; None where none is.

    Args:
        p: (100,) of the samples that certify.
        order: of the fixed sequence; None for the correction of Holm, the controller's default.
        delta: one less its confidence level.
    """
    tried = np.argsort(p, kind="stable") if order is None else order
    level = delta / np.arange(len(p), 0, -1) if order is None else delta
    failed = np.flatnonzero(p[tried] > level)
    valid = tried[: failed[0]] if len(failed) else tried
    return float(GRID[valid].min()) if len(valid) else None


def of_controller(
    certifying: tuple[Array, NDArray[Any]], tuning: tuple[Array, NDArray[Any]] | None, target_risk: float, delta: float
) -> float | None:
    """What MAPIE itself finds: with its default correction, or with an order that it learns on a tuning part."""
    method = "bonferroni_holm" if tuning is None else "split_fixed_sequence"
    controller = BinaryClassificationController(
        lambda confidence: np.stack([1 - confidence, confidence], axis=1),
        "precision",
        1 - target_risk,
        confidence_level=1 - delta,
        fwer_method=method,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NaN, and where nothing is found
        if tuning is not None:
            controller.learn_fixed_sequence_order(tuning[0], 1 - tuning[1])
        return controller.calibrate(certifying[0], 1 - certifying[1]).best_predict_param
