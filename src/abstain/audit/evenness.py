"""Whether the classes that were not predicted grow more alike as a model grows surer, as label smoothing makes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rank_correlation(a: Array, b: Array) -> tuple[float, Array] | None:
    """Spearman's correlation, in [-1, 1], of which no strictly increasing map of either is seen.

    Args:
        a: (n,) real; ties share their mean rank.
        b: (n,) real.

    Returns:
        The correlation, and influences (n,) whose sum of squares is its variance; None where a or b is constant.
    """
    ranks = _ranks(a), _ranks(b)
    stds = [float(rank.std()) for rank in ranks]
    if not all(stds):
        return None
    of_a, of_b = ((rank - rank.mean()) / std for rank, std in zip(ranks, stds, strict=True))
    correlation = float(np.clip((of_a * of_b).mean(), -1.0, 1.0))
    return correlation, (of_a * of_b - correlation * (of_a**2 + of_b**2) / 2) / len(a)


def _ranks(values: Array) -> Array:
    """As `scipy.stats.rankdata`, whose import takes as long as that of torch; of equal values rounding parts none."""
    _, place, count = np.unique(values.astype(np.float32), return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]
