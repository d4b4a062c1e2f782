"""What `abstain.select_threshold` finds for a δ, from tables, so that thousands of draws take seconds.

A test is passed if and only if the accepted have at most so many errors, which a table knows for each number accepted.
`thresholds.py` holds the first draws of each row against the functions themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrik

from abstain.threshold.bounds import candidate_ranks, p_value

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Counted:
    """Samples by their distinct confidences, descending: how many each accepts, and how many of these are wrong."""

    confidence: Array
    accepted: Array
    errors: Array

    @classmethod
    def of(cls, confidence: Array, error: Array) -> Counted:
        """Sort once."""
        order = np.argsort(confidence)[::-1]
        descending = confidence[order]
        accepted = np.flatnonzero(np.append(descending[1:] != descending[:-1], True)) + 1
        return cls(descending[accepted - 1], accepted, np.cumsum(error[order])[accepted - 1])

    def at(self, thresholds: Array) -> tuple[Array, Array]:
        """How many these accept, and how many of them are wrong."""
        points = np.searchsorted(-self.confidence, -thresholds, side="right")
        return np.append(0, self.accepted)[points], np.append(0, self.errors)[points]

    @property
    def n(self) -> int:
        """Of all samples."""
        return int(self.accepted[-1])


@cache
def most_errors(n_samples: int, target_risk: float, level: float) -> Array:
    """(N + 1,) the most errors among n = 0, ..., N accepted of which the p-value is at most the level; -1 for none."""
    n = np.arange(n_samples + 1)
    most = np.floor(np.nan_to_num(bdtrik(level, n, target_risk), nan=-1)).clip(-1, None)
    most -= np.where(most >= 0, p_value(np.maximum(most, 0), n, target_risk) > level, False)
    most += p_value(most + 1, n, target_risk) <= level
    return most


@cache
def predicted(n_tuning: int, n_certifying: int, target_risk: float) -> Array:
    """(n + 1, n + 1) the p-value that is to be expected, by accepted and errors of the tuning part."""
    accepted, errors = np.meshgrid(np.arange(n_tuning + 1), np.arange(n_tuning + 1), indexing="ij")
    risk, expected = (errors + target_risk) / (accepted + 1), accepted * (n_certifying / n_tuning)
    return np.where(errors <= accepted, p_value(risk * expected, expected, target_risk), np.nan)


def split_fixed_sequence(tuning: Counted, certifying: Counted, target_risk: float, delta: float) -> float | None:
    """The threshold of the method of that name; None where none is found."""
    p = predicted(tuning.n, certifying.n, target_risk)[tuning.accepted, tuning.errors]
    start = np.flatnonzero(p == p.min())[-1]
    thresholds = np.append(tuning.confidence[:-1], -np.inf)[start:]
    accepted, errors = certifying.at(thresholds)
    passed = errors <= most_errors(certifying.n, target_risk, delta)[accepted]
    n_passed = len(passed) if passed.all() else int(np.argmin(passed))
    return float(thresholds[n_passed - 1]) if n_passed else None


def union(whole: Counted, target_risk: float, delta: float) -> float | None:
    """The threshold of the method of that name; None where none is found."""
    ranks = candidate_ranks(whole.n)
    points = np.searchsorted(whole.accepted, ranks, side="right") - 1
    points = points[points >= 0]
    met = points[whole.errors[points] <= most_errors(whole.n, target_risk, delta / len(ranks))[whole.accepted[points]]]
    if not len(met):
        return None
    is_last = met[-1] == len(whole.accepted) - 1
    return -np.inf if is_last else float(np.nextafter(whole.confidence[met[-1] + 1], np.inf))


def sgr(whole: Counted, target_risk: float, delta: float) -> float | None:
    """The threshold of the method of that name; None where none is found."""
    steps = max(math.ceil(math.log2(whole.n)), 1)
    most = most_errors(whole.n, target_risk, delta / steps)
    failed, met, found = 1, whole.n, None
    for _ in range(steps):
        rank = (failed + met + 1) // 2
        point = np.searchsorted(whole.accepted, whole.n - rank + 1)
        if whole.errors[point] <= most[whole.accepted[point]]:
            found, met = float(whole.confidence[point]), rank
        else:
            failed = rank
    return found
