"""Populations whose every selective risk is known, to draw validation samples from: bad ones made up, and real ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from abstain import read_logits, released_checkpoint, scores

Array = NDArray[np.float64]
TARGET = 0.05
"""The target risk in the worlds that are made up."""
SIZE = 2**16
"""Members of a population that is made up."""
SHARE = np.arange(SIZE) / SIZE


@dataclass(frozen=True, eq=False)
class World:
    """A finite population, drawn from with replacement.

    Attributes:
        target_risk: that is asked for.
        confidence: (M,) float64 in [0, 1), ascending: the share of the population that is less confident, so that even
            steps of the confidence are even steps of coverage.
        error: (M,) the probability that a member is wrong.
    """

    target_risk: float
    confidence: Array
    error: Array

    def draw(self, random: np.random.Generator, n: int) -> tuple[Array, NDArray[np.bool_]]:
        """The confidence and the error of n samples."""
        members = random.integers(len(self.confidence), size=n)
        return self.confidence[members], random.random(n) < self.error[members]

    @cached_property
    def _errors_from(self) -> Array:
        return np.append(np.cumsum(self.error[::-1])[::-1], 0)

    def coverage_and_risk(self, threshold: float) -> tuple[float, float]:
        """Of the whole population; the risk is 0 where nothing is accepted."""
        first = int(np.searchsorted(self.confidence, threshold))
        n = len(self.confidence) - first
        return n / len(self.confidence), self._errors_from[first] / max(n, 1)

    @cached_property
    def best_coverage(self) -> float:
        """The largest whose risk is at most the target."""
        reached = (self.coverage_and_risk(threshold) for threshold in np.unique(self.confidence))
        return max((coverage for coverage, risk in reached if risk <= self.target_risk), default=0.0)


def flat() -> World:
    """Risk just above the target at every threshold, so that each one found is a violation."""
    return World(TARGET, SHARE, np.full(SIZE, 1.001 * TARGET))


def bad_top() -> World:
    """Half of the most confident 2 % wrong, and ever fewer errors below them until half of the samples."""
    return World(TARGET, SHARE, np.where(SHARE >= 0.98, 0.5, 0.12 * np.maximum(1 - SHARE / 0.98, 0) ** 1.5))


def saw() -> World:
    """Ten bands by turns without an error and with 2.1 times the target: the risk crosses the target nine times."""
    return World(TARGET, SHARE, np.where((10 * (1 - SHARE) - 1e-9) // 1 % 2 == 1, 2.1 * TARGET, 0.0))


def atoms() -> World:
    """Seven levels of confidence, of which the top one holds 30 % of the samples."""
    levels = np.array([0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.7])
    level = levels[np.searchsorted(levels, SHARE, side="right") - 1]
    return World(TARGET, level, 0.25 * (1 - SHARE) ** 1.3)


def smoothed() -> World:
    """The shape that label smoothing leaves: more errors towards the very top, fewest in the middle."""
    top = np.clip((SHARE - 0.8) / 0.2, 0, 1)
    return World(TARGET, SHARE, 0.18 * (1 - SHARE) ** 1.5 + 0.12 * top**2)


def released(name: str, target_risk: float) -> World:
    """The test samples of a released checkpoint, ordered by MSP."""
    logits, labels = read_logits(released_checkpoint(name) / "logits", "test")
    confidence = scores.msp(logits)
    order = np.argsort(confidence, kind="stable")
    share = np.searchsorted(confidence[order], confidence[order]) / len(order)
    return World(target_risk, share, np.asarray(scores.classification_error(logits, labels), float)[order])


def worlds() -> dict[str, World]:
    """Name -> world."""
    made_up = {"flat": flat(), "bad top": bad_top(), "saw": saw(), "atoms": atoms(), "smoothed": smoothed()}
    real = {
        f"CIFAR-10, {what}, {100 * risk:g} %": released(f"resnet20_cifar10_{name}", risk)
        for name, what in (("ce", "α = 0"), ("ls", "α = 0.2"))
        for risk in (0.02, 0.05)
    }
    return made_up | real
