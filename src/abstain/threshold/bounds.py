"""A bound on a risk that holds with a probability, and the ranks at which it is asked for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc, betainccinv

LINEAR_RANKS = 40
"""Ranks of the grid at equal distances; below the first of them come its halves, for targets that few samples meet."""

HALVINGS = 6

MAX_RANKS = LINEAR_RANKS + HALVINGS
"""J at most: so many bounds share the probability of failing."""


def candidate_ranks(n_samples: int) -> NDArray[np.int64]:
    """The numbers of samples to look at, ascending: they depend on N alone, so that no label has a say in them.

    Args:
        n_samples: N, at least 1.

    Returns:
        (J,) int64 in [1, N], the last of them N, J of at most `MAX_RANKS`.

    Example:
        >>> candidate_ranks(100)[:8].tolist()
        [1, 2, 5, 7, 10, 12, 15, 17]
    """
    linear = np.arange(1, LINEAR_RANKS + 1) / LINEAR_RANKS
    halves = linear[0] / 2.0 ** np.arange(1, HALVINGS + 1)
    ranks = np.unique(np.floor(np.concatenate([halves, linear]) * n_samples).astype(np.int64))
    return ranks[ranks > 0]


def upper_bound(errors: Any, accepted: Any, delta: float) -> NDArray[np.float64]:
    """The one-sided upper bound of a probability by Clopper and Pearson (1934); lower is better.

    It is the p at which so few errors, or fewer, have the probability delta: a quantile of a beta distribution.

    Args:
        errors: (J,) or one number, how many are wrong.
        accepted: (J,) or one number, of how many, at least 1.
        delta: the probability that the bound is too low, in (0, 1).

    Returns:
        float64 in (0, 1], of the shape of the numbers; 1 where all are wrong.
    """
    right = np.maximum(accepted - errors, 1e-300)  # above 0, where the quantile is defined
    return np.where(errors >= accepted, 1.0, betainccinv(errors + 1, right, delta))


def p_value(errors: Any, accepted: Any, target_risk: float) -> NDArray[np.float64]:
    """The p-value of "the risk is above the target"; lower is better.

    It is the probability of so few errors, or fewer, at a risk of just the target: at most δ if and only if the bound
    of Clopper and Pearson at δ is at most the target.

    Args:
        errors: (J,) or one number, how many are wrong; between whole numbers the beta distribution interpolates.
        accepted: (J,) or one number, of how many; 0 gives 1.
        target_risk: fraction in (0, 1).

    Returns:
        float64 in [0, 1], of the shape of the numbers.
    """
    right = np.maximum(np.subtract(accepted, errors), 1e-300)  # above 0, where the function is defined
    return np.where(np.greater_equal(errors, accepted), 1.0, betaincc(np.add(errors, 1), right, target_risk))


def fewest_to_show(risk: float, delta: float = 0.05) -> int:
    """How many answers, all right, it takes to show with probability 1 - delta that at most such a share is wrong."""
    return math.ceil(math.log(delta) / math.log1p(-risk)) if 0 < risk < 1 else 1
