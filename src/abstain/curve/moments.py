"""Sums of powers of influences over independent samples: the standard error of an area, and how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abstain._threads import in_turn, over_slices
from abstain.curve.influence import Influences
from abstain.curve.tie_blocks import TieBlocks

Array = NDArray[np.float64]


def unit_of(largest: float) -> float:
    """A power of 2 of the size of the largest loss: in it the influences have powers that are neither inf nor 0."""
    return 2.0 ** math.frexp(largest)[1] if largest > 1 or 0 < largest < 1 else 1.0


@dataclass(frozen=True)
class Moments:
    """Sums of powers of the influence.

    Attributes:
        n_samples: N.
        unit: in which the influences are taken, so that no power of them is too large or too small for float64.
        second: Σ IF².
        third: Σ IF³.
        fourth: Σ IF⁴.
        n_clusters: over how many clusters of samples, each with the sum of its influences, these are sums; None where
            samples are independent.
    """

    n_samples: int
    unit: float
    second: float
    third: float
    fourth: float
    n_clusters: int | None = None

    @classmethod
    def of(cls, slices: Iterable[Influences], n_samples: int, unit: float) -> Moments:
        """Over all samples of a curve, of which each slice has some."""
        sums = in_turn(lambda influences: _of_blocks(influences.blocks, *influences.slope_and_offset(), unit), slices)
        return cls.of_sums(sums, n_samples, unit)

    @classmethod
    def of_values(cls, values: Array, n_samples: int, unit: float, *, n_clusters: int | None = None) -> Moments:
        """Of the influences of samples, or of their sums over clusters."""
        sums = over_slices(lambda some: sums_of_powers(values[some] / unit), len(values))
        return cls.of_sums(sums, n_samples, unit, n_clusters=n_clusters)

    @classmethod
    def of_sums(
        cls, sums: Iterable[tuple[float, float, float]], n_samples: int, unit: float, *, n_clusters: int | None = None
    ) -> Moments:
        """Of the `sums_of_powers` of some values each, which are influences in this unit."""
        second, third, fourth = (math.fsum(column) for column in zip(*sums, strict=True))
        return cls(n_samples, unit, second, third, fourth, n_clusters)

    @property
    def standard_error(self) -> float:
        """sqrt(Σ IF²) / N; of sums over G clusters sqrt(G / (G - 1)) times that."""
        clusters = self.n_clusters
        few = 1.0 if clusters is None else clusters / (clusters - 1)
        return math.sqrt(few * self.second) * self.unit / self.n_samples

    @property
    def skewness(self) -> float:
        """Σ IF³ / (Σ IF²)^1.5, the skewness of the sum, which falls as 1/√N; 0 where all influences are 0."""
        return self.third / self.second**1.5 if self.second > 0 else 0.0

    @property
    def effective_number(self) -> float:
        """(Σ IF²)² / Σ IF⁴: of so many influences of equal size the variance would be known as well."""
        return self.second**2 / self.fourth if self.fourth > 0 else 0.0


def _of_blocks(blocks: TieBlocks, slope: Array, offset: Array, unit: float) -> tuple[float, float, float]:
    """Σ IF², Σ IF³ and Σ IF⁴ over the samples of some blocks."""
    if unit != 1.0:
        slope, offset = slope / unit, offset / unit
    of_correct = sums_of_powers(offset, blocks.n_correct)
    of_wrong = slope[blocks.place]
    if blocks.value is not None:
        of_wrong *= blocks.value
    of_wrong += offset[blocks.place]
    sums = zip(of_correct, sums_of_powers(of_wrong, blocks.count), strict=True)
    second, third, fourth = (correct + wrong for correct, wrong in sums)
    return second, third, fourth


def sums_of_powers(values: Array, weight: Array | None = None) -> tuple[float, float, float]:
    """The sums of squares, cubes and fourth powers, each value as often as it weighs."""
    squares = values * values
    weighted = squares if weight is None else squares * weight
    return float(np.sum(weighted)), float(np.sum(weighted * values)), float(np.sum(weighted * squares))
