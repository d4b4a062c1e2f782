"""Bounds on a risk that hold with a probability, and the ranks at which they are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainccinv

LINEAR_RANKS = 40
"""Ranks of the grid at equal distances; below the first of them come its halves, for targets that few samples meet."""

HALVINGS = 6


def candidate_ranks(n_samples: int) -> NDArray[np.int64]:
    """The numbers of samples to look at, ascending: they depend on N alone, so that no label has a say in them."""
    linear = np.arange(1, LINEAR_RANKS + 1) / LINEAR_RANKS
    halves = linear[0] / 2.0 ** np.arange(1, HALVINGS + 1)
    ranks = np.unique(np.floor(np.concatenate([halves, linear]) * n_samples).astype(np.int64))
    return ranks[ranks > 0]


def upper_bound(errors: Any, accepted: Any, delta: float) -> NDArray[np.float64]:
    """The one-sided Clopper-Pearson upper bound of a probability, from `errors` of `accepted`, at level 1 - delta."""
    return np.where(errors >= accepted, 1.0, betainccinv(errors + 1, np.maximum(accepted - errors, 1e-300), delta))
