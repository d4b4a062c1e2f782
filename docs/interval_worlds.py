"""Populations whose areas are known, draws from them, and the moments of many draws at once: for `intervals.py`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Array = NDArray[np.float64]
Blocks = tuple[Array, Array, Array]
"""(D, M) the samples before each tie block of D draws, in it, and the errors in it; most confident first."""


@dataclass(frozen=True)
class World:
    """A population: the confidence of the correct is normal around `shift`, that of errors around 0.

    Attributes:
        risk: the error rate.
        auroc: P(a correct sample has the higher confidence), of the errors that are not at the top.
        top: the share of the errors that are at the very top instead, as label smoothing leaves them.
        levels: into how many, of equal size, the confidence is rounded; None: it is not.
    """

    risk: float
    auroc: float
    top: float = 0.0
    levels: int | None = None

    @property
    def shift(self) -> float:
        """Of the correct against the errors, in standard deviations."""
        return float(np.sqrt(2) * ndtri(self.auroc))

    def accepted(self, threshold: Array) -> tuple[Array, Array]:
        """The share of samples at or above each threshold, and that of errors among all."""
        at_top = ndtr(-(threshold - self.shift - 4) / 0.5)
        wrong = self.risk * ((1 - self.top) * ndtr(-threshold) + self.top * at_top)
        return wrong + (1 - self.risk) * ndtr(self.shift - threshold), wrong

    @cached_property
    def cuts(self) -> Array:
        """Between the levels."""
        grid = np.linspace(-8, self.shift + 8, 200_001)
        return np.interp(np.arange(1, self.levels or 1) / (self.levels or 1), 1 - self.accepted(grid)[0], grid)

    @cached_property
    def points(self) -> tuple[Array, Array]:
        """(coverage, share of errors) at every threshold; without levels at two million, which is as good."""
        if self.levels:
            threshold = np.append(self.cuts[::-1], -np.inf)
        else:
            threshold = np.append(np.linspace(self.shift + 10, -9, 2_000_000), -np.inf)
        return self.accepted(threshold)

    def areas(self) -> dict[str, float]:
        """The true areas: integrals over the straight lines of errors between the points."""
        coverage, wrong = (np.append(0.0, of_points) for of_points in self.points)
        width = np.diff(coverage)
        slope = np.divide(np.diff(wrong), width, out=np.zeros_like(width), where=width > 0)
        rest = wrong[:-1] - coverage[:-1] * slope
        growth = np.divide(width, coverage[:-1], out=np.zeros_like(width), where=coverage[:-1] > 0)
        augrc = float(np.sum((wrong[1:] + wrong[:-1]) / 2 * width))
        auroc = 1 - (augrc - self.risk**2 / 2) / (self.risk * (1 - self.risk))
        aurc = float(np.sum(slope * width + rest * np.log1p(growth)))
        return {"risk": self.risk, "aurc": aurc, "augrc": augrc, "failure_auroc": auroc}

    def coverage_at_risk(self, target: float) -> float:
        """The true one."""
        coverage, wrong = self.points
        reached = np.flatnonzero((coverage > 0) & (wrong <= target * coverage))
        return float(coverage[reached[-1]]) if len(reached) else 0.0

    def confidence(self, wrong: NDArray[np.bool_], noise: Array, generator: np.random.Generator) -> Array:
        """Of samples of which these are wrong; `noise` is standard normal."""
        values = noise + np.where(wrong, 0.0, self.shift)
        if self.top:
            at_top = wrong & (generator.random(wrong.shape) < self.top)
            values = np.where(at_top, self.shift + 4 + 0.5 * noise, values)
        return np.searchsorted(self.cuts, values).astype(np.float64) if self.levels else values


def blocks_of(confidence: Array, wrong: NDArray[np.bool_], levels: int | None) -> Blocks:
    """Of (D, N) draws; the confidence is in levels from 0, or has no ties."""
    draws, n_samples = confidence.shape
    if levels is None:
        error = np.take_along_axis(wrong, np.argsort(-confidence, axis=1), axis=1).astype(np.float64)
        return np.broadcast_to(np.arange(n_samples, dtype=np.float64), error.shape), np.ones_like(error), error
    place = (levels - 1 - confidence).astype(int) * 2 + wrong + 2 * levels * np.arange(draws)[:, None]
    count = np.bincount(place.ravel(), minlength=2 * levels * draws).reshape(draws, levels, 2).astype(np.float64)
    size = count.sum(axis=2)
    return np.cumsum(size, axis=1) - size, size, count[:, :, 1]


def influences(blocks: Blocks, n_samples: int) -> dict[str, tuple[Array, Array, Array]]:
    """Name of an area -> (D,) its value, and (D, M) slope and offset of the influence: DESIGN of `curve/influence`."""
    start, size, error = blocks
    sums = [np.append(0.0, np.cumsum(1.0 / np.arange(1, n_samples + 1) ** power)) for power in (1, 2)]
    first, last, some = start.astype(int), (start + size).astype(int), np.maximum(size, 1)
    inverse, squares = (of_power[last] - of_power[first] for of_power in sums)
    mean, after = error / some, np.cumsum(error, axis=1)
    before, total = after - error, after[:, -1:]
    rest = before - start * mean
    weighted = mean * inverse + rest * squares
    aurc = (mean * size + rest * inverse).sum(axis=1) / n_samples
    later = np.cumsum(weighted[:, ::-1], axis=1)[:, ::-1] - weighted
    below, above = 1 - (start + size / 2) / n_samples, before + error / 2
    augrc = (error * below).sum(axis=1) / n_samples
    with np.errstate(divide="ignore", invalid="ignore"):  # of draws without an error
        correct = n_samples - total
        auroc = (error * (start + size / 2 - above)).sum(axis=1, keepdims=True) / (total * correct)
        of_wrong = n_samples / total * ((start + size / 2 - above) / correct - auroc)
        of_correct = n_samples / correct * (1 - above / total - auroc)
    there = size > 0
    return {
        "risk": (total[:, 0] / n_samples, np.ones_like(error), -total / n_samples * np.ones_like(error)),
        "aurc": (
            aurc,
            there * (sums[0][n_samples] - sums[0][last] + 1 - start * inverse / some),
            there * (start * weighted / some - later - aurc[:, None]),
        ),
        "augrc": (augrc, below, above / n_samples - 2 * augrc[:, None]),
        "failure_auroc": (auroc[:, 0], of_wrong - of_correct, of_correct),
    }


def power_sums(slope: Array, offset: Array, blocks: Blocks) -> Array:
    """(3, D) the sums of squares, cubes and fourth powers of the influences."""
    _, size, error = blocks
    wrong = slope + offset
    return np.stack([((size - error) * offset**power + error * wrong**power).sum(axis=1) for power in (2, 3, 4)])
