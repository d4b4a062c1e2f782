"""Which smoothing, or else which temperature, would explain how sure a model is: estimates, never the recipe."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain.scores.batches import ValueBatches
from abstain.scores.by_kind import as_logits
from abstain.scores.kinds import Values
from abstain.scores.temperature import LIMITS, TemperatureScaling

Array = NDArray[np.float64]

MOST_VALUES = 2**22
"""Of more values than these the temperature is fitted on a part, spread evenly over the confidence."""


def smoothing_that_fits(of_label: Array, squares: Array, n_classes: int) -> float | None:
    """The α for which the softmax with its smoothing taken out, (p - α/K) / (1 - α), has the least Brier score.

    A model that has learned the smoothed target (1 - α)·π + α/K is calibrated once that is undone, and with y the
    one-hot label and u = 1/K the best α has 1 - α = Σ |p - u|² / Σ (y - u)·(p - u). Underconfidence of any other origin
    gives an α too.

    Args:
        of_label: (N,) probability of the label, in [0, 1].
        squares: (N,) sum of the squares of a row, in [1/K, 1].
        n_classes: K, at least 2.

    Returns:
        α in [0, 1); 0 for a model that is not underconfident, None for one that knows no more than chance.
    """
    known, sure = float(of_label.mean()) - 1 / n_classes, float(squares.mean()) - 1 / n_classes
    if known <= 0 or sure <= 1e-12:  # a constant row has squares of 1/K but for rounding
        return None
    return max(0.0, 1.0 - sure / known)


def temperature_that_fits(values: ValueBatches, log_odds: Array) -> float | None:
    """The T of temperature scaling, the other explanation of the same underconfidence: T < 1, and no smoothing.

    Args:
        values: what is diagnosed.
        log_odds: (N,) of their MSP, by which a part of many is chosen.

    Returns:
        T > 0; None where none fits, as without errors, or where the model is no better than chance.
    """
    n_rows = max(1, MOST_VALUES // values.n_columns)
    chosen = np.sort(np.argsort(log_odds, kind="stable")[_evenly(len(log_odds), n_rows)])
    pairs = list(_rows_at(values, chosen))
    temperature = TemperatureScaling.fit_batches(lambda: pairs).temperature
    return None if temperature in LIMITS else temperature


def _evenly(n_samples: int, most: int) -> NDArray[np.int64]:
    """Places from 0 to n_samples - 1, all of them or `most`."""
    if n_samples <= most:
        return np.arange(n_samples)
    return ((np.arange(most) + 0.5) * n_samples / most).astype(np.int64)


def _rows_at(values: ValueBatches, chosen: NDArray[np.int64]) -> Iterator[tuple[Tensor, NDArray[np.int64]]]:
    start = 0
    for batch in values.batches():
        low, high = np.searchsorted(chosen, [start, start + len(batch.labels)])
        here = chosen[low:high] - start
        start += len(batch.labels)
        if len(here):
            labels, rows = batch.labels[here], batch.rows[torch.from_numpy(here).to(batch.rows.device)]
            yield as_logits(Values(batch.kind, rows, labels)).cpu().double(), labels
