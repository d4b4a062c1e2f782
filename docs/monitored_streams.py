"""Many streams at once through the tests of `abstain.RiskMonitor`, and when each first raises an alarm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain.threshold.confidence_sequence import log_evidence_above, log_evidence_below
from abstain.threshold.rank_test import RankTest
from abstain.threshold.sequential_test import BLOCK, combined, live_starts

Evidence = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
OFTEN, SO_LONG = 10, 1000
"""Samples from look to look so long after the beginning or a change; else they are those of a block."""


def first_alarms(
    evidence: Evidence, blocks: Iterator[NDArray[Any]], n_categories: int, delta: float, change: int = 0
) -> NDArray[Any]:
    """(R,) the number of samples at which the alarm of each stream rises; 0 where it never does.

    Args:
        evidence: of one start, of counts (R, J, C).
        blocks: (R, 100) the categories of the next samples of all streams; the last may be shorter.
        n_categories: C.
        delta: of the test.
        change: the number of samples after which is looked more often.
    """
    alarms, n, starts = np.zeros(0, np.int64), 0, np.zeros(1, np.int64)
    for block in blocks:
        kinds = block[..., None] == np.arange(n_categories)
        if n == 0:
            alarms = np.zeros(len(block), np.int64)
            counts = np.zeros((len(block), n_categories), np.int64)
            before = counts[:, None]
        for end in looks(n, block.shape[1], change):
            now = combined(evidence, starts, before, counts + kinds[:, :end].sum(axis=1)) >= -np.log(delta)
            alarms[now & (alarms == 0)] = n + end
        counts, n = counts + kinds.sum(axis=1), n + block.shape[1]
        if n % BLOCK == 0:
            starts, before = np.append(starts, n // BLOCK), np.concatenate([before, counts[:, None]], axis=1)
            kept = np.isin(starts, live_starts(n // BLOCK))
            starts, before = starts[kept], before[:, kept]
    return alarms


def looks(n: int, more: int, change: int = 0) -> list[int]:
    """After how many of the next samples the evidence is looked at."""
    step = OFTEN if change <= n < change + SO_LONG else BLOCK
    return sorted({*range(step, more + 1, step), more})


def blocks_of(categories: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """(R, T) in blocks (R, 100)."""
    return (categories[:, start : start + BLOCK] for start in range(0, categories.shape[1], BLOCK))


class ManyRanks:
    """The bins of many validation sets of one size, whose gaps are the same."""

    def __init__(self, tests: list[RankTest]) -> None:
        self.edges = np.array([test.edges for test in tests])[:, None]
        self.tie_breaks = np.array([test.tie_breaks for test in tests])[:, None]
        self.log_evidence = tests[0].log_evidence

    def bins(self, confidence: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
        """(R, T) the bins of the confidences of each stream by its own validation set."""
        value, number = confidence[..., None], random.random(confidence.shape)[..., None]
        return ((value > self.edges) | ((value == self.edges) & (number > self.tie_breaks))).sum(axis=-1)


def share_evidence(low: NDArray[Any], high: NDArray[Any]) -> Evidence:
    """That of `AcceptedShare` with a band (R,) for each stream."""
    has_above, has_below = (high < 1)[:, None], (low > 0)[:, None]
    high, low = high[:, None], low[:, None]

    def log_evidence(before: NDArray[Any], since: NDArray[Any]) -> NDArray[Any]:
        accepted, n = since[..., 1], since.sum(axis=-1)
        above = np.where(has_above, log_evidence_above(accepted, n, np.where(has_above, high, 0.5)), -np.inf)
        below = np.where(has_below, log_evidence_below(accepted, n, np.where(has_below, low, 0.5)), -np.inf)
        return np.logaddexp(above, below) - np.log(2)

    return log_evidence


def risk_evidence(target_risk: float) -> Evidence:
    """That of the labels."""
    return lambda before, since: log_evidence_above(since[..., 1], since.sum(axis=-1), target_risk)
