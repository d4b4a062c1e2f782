"""Evidence on a probability that may be looked at after every sample, and the bounds that follow: counts are enough."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import betaincc, betaln

PRIOR = 0.5
"""Both parameters of the beta distribution (Jeffreys') from which alternatives are drawn."""
SMALLEST = 1e-12
"""Bounds are looked for from here on: there the evidence is finite in float64."""


def log_evidence_above(ones: Any, n: Any, probability: float) -> NDArray[np.float64]:
    """Log of an e-value against "each sample is 1 with a probability of at most this, whatever came before it".

    The mean of the likelihood ratio of θ against `probability`, over θ from a beta distribution that is cut off below
    `probability` (the method of mixtures, Robbins 1970). For each such θ the ratio is a supermartingale from 1 if the
    statement holds, also where the probability changes from sample to sample, and so is their mean: by Ville's
    inequality it ever reaches 1/δ with probability at most δ. For a probability that is constant it is the betting of
    Waudby-Smith and Ramdas (2024) with that mixture for a bet.

    Args:
        ones: (...,) how many samples are 1.
        n: (...,) of how many.
        probability: in (0, 1).

    Returns:
        (...,) float64, 0 where n is 0; more says more against the statement.
    """
    ones, n = np.asarray(ones, np.float64), np.asarray(n, np.float64)
    first, second = PRIOR + ones, PRIOR + n - ones
    with np.errstate(divide="ignore"):  # no mass is left above: no evidence
        posterior = betaln(first, second) + np.log(betaincc(first, second, probability))
    prior = betaln(PRIOR, PRIOR) + np.log(betaincc(PRIOR, PRIOR, probability))
    return posterior - prior - ones * np.log(probability) - (n - ones) * np.log1p(-probability)


def log_evidence_below(ones: Any, n: Any, probability: float) -> NDArray[np.float64]:
    """The same against "each sample is 1 with a probability of at least this"."""
    return log_evidence_above(np.subtract(n, ones), n, 1 - probability)


def bounds(ones: int, n: int, delta: float) -> tuple[float, float]:
    """Lower and upper bound of a constant probability, to be looked at as often as one likes; narrower is better.

    Args:
        ones: how many samples are 1.
        n: of how many; of none the bounds are 0 and 1.
        delta: the probability with which one of the two ever misses it, half of it for each.

    Returns:
        (low, high) in [0, 1], where all that lies outside is refuted by `log_evidence_above` or its twin.
    """
    enough = math.log(2 / delta)
    low = _lowest_not_refuted(lambda p: float(log_evidence_above(ones, n, p)) - enough, ones / n if n else 0.0)
    high = _lowest_not_refuted(lambda q: float(log_evidence_below(ones, n, 1 - q)) - enough, 1 - ones / n if n else 0.0)
    return low, 1 - high


def _lowest_not_refuted(excess: Callable[[float], float], share: float) -> float:
    """Where the evidence falls below what is enough, at probabilities up to the share that was seen."""
    if share <= SMALLEST or excess(SMALLEST) <= 0:
        return 0.0
    return float(brentq(excess, SMALLEST, min(share, 1 - SMALLEST), xtol=SMALLEST))
