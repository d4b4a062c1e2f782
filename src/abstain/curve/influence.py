"""How much each sample moves an area under the curve: influence functions, and the standard errors they give.

On every area here the influence of a sample depends on its tie block j and, linearly, on its error e, so a function
returns two arrays over the blocks: the influence is `slope_j · e + offset_j`. Its mean over the samples is 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri  # not scipy.stats, which takes as long to import as torch does

from abstain.curve.error_blocks import ErrorBlocks

Array = NDArray[np.float64]
Influence = tuple[Array, Array]


@dataclass(frozen=True)
class TieBlocks:
    """The samples of each distinct confidence, most confident first.

    Attributes:
        start: (M,) int64, the samples of higher confidence.
        size: (M,) int64, the samples of this confidence.
        sum_error: (M,) float64, the sum of their errors.
        sum_squared_error: (M,) float64, the sum of the squares of their errors.
    """

    start: NDArray[np.int64]
    size: NDArray[np.int64]
    sum_error: Array
    sum_squared_error: Array

    @classmethod
    def of(cls, accepted: NDArray[np.int64], errors: ErrorBlocks, *, is_binary: bool) -> Self:
        """All blocks of a curve, from the number accepted at each distinct confidence and the blocks with errors."""
        start = np.concatenate(([0], accepted[:-1]))
        places = errors.start if len(start) == accepted[-1] else np.searchsorted(start, errors.start)
        sums = np.zeros((1 if is_binary else 2, len(start)))
        sums[:, places] = errors.sum_error
        if not is_binary:
            sums[1, places] = errors.sum_squared_error
        return cls(start, accepted - start, sums[0], sums[-1])

    @property
    def n_samples(self) -> int:
        """N, the number of samples."""
        return int(self.start[-1] + self.size[-1])

    @property
    def has_ties(self) -> bool:
        """Whether any block has several samples."""
        return len(self.start) < self.n_samples

    @property
    def error_before(self) -> Array:
        """(M,) the sum of the errors of higher confidence, in an array of its own."""
        before = np.cumsum(self.sum_error)
        before -= self.sum_error
        return before

    @cached_property
    def mean_error(self) -> Array:
        """(M,) the mean error of each block."""
        return self.sum_error / self.size if self.has_ties else self.sum_error

    def spread(self, of_blocks: Array) -> Array:
        """(N,) the value of its block for each position; without a tie, the same array."""
        return np.repeat(of_blocks, self.size) if self.has_ties else of_blocks

    def average(self, of_positions: Array) -> Array:
        """(M,) the mean of (N,) over each block; without a tie, the same array."""
        return np.add.reduceat(of_positions, self.start) / self.size if self.has_ties else of_positions


def risk_influence(blocks: TieBlocks) -> Influence:
    """On the mean error: e - risk."""
    risk = blocks.sum_error.sum() / blocks.n_samples
    return np.ones(len(blocks.start)), np.full(len(blocks.start), -risk)


def aurc_influence(blocks: TieBlocks) -> Influence:
    """On AURC: at position i it is R_i + Σ_{i' >= i} (e - R_i') / i' - AURC, averaged over the block's positions.

    The average is over positions alone: the sample keeps its own e.
    """
    inverse = 1.0 / np.arange(1, blocks.n_samples + 1)
    later = np.cumsum(inverse[::-1])[::-1]
    before = blocks.error_before
    before -= blocks.start * blocks.mean_error  # in place, here and below: new memory would cost as much as the sums
    risk = blocks.spread(before)
    risk *= inverse
    risk += blocks.spread(blocks.mean_error)
    aurc = risk.mean()
    inverse *= risk
    risk -= np.cumsum(inverse[::-1])[::-1]
    offset = blocks.average(risk)
    offset -= aurc
    return blocks.average(later), offset


def augrc_influence(blocks: TieBlocks) -> Influence:
    """On AUGRC, the mean over pairs of e_k · [κ_k' < κ_k, ties ½]: a sample's share as either of the two."""
    below = (blocks.n_samples - blocks.start - blocks.size / 2) / blocks.n_samples
    errors_above = (blocks.error_before + blocks.sum_error / 2) / blocks.n_samples
    return below, errors_above - 2 * float(np.sum(blocks.sum_error * below)) / blocks.n_samples


def failure_auroc_influence(blocks: TieBlocks) -> Influence:
    """On the failure AUROC, for 0/1 errors of both kinds: DeLong et al. 1988, as a mean over all samples."""
    n_wrong = blocks.sum_error.sum()
    n_right = blocks.n_samples - n_wrong
    right_above = blocks.start - blocks.error_before + (blocks.size - blocks.sum_error) / 2
    wrong_below = n_wrong - blocks.error_before - blocks.sum_error / 2
    auroc = float(np.sum(blocks.sum_error * right_above)) / (n_wrong * n_right)
    of_wrong = blocks.n_samples / n_wrong * (right_above / n_right - auroc)
    of_right = blocks.n_samples / n_right * (wrong_below / n_wrong - auroc)
    return of_wrong - of_right, of_right


def standard_error(blocks: TieBlocks, influence: Influence) -> float:
    """sqrt(Σ IF²) / N over all samples."""
    slope, offset = influence
    squares = slope * blocks.mean_error
    squares += offset
    squares *= squares
    squares *= blocks.size
    total = float(np.sum(squares))
    if blocks.has_ties:  # the spread of the errors in a block
        spread = np.maximum(blocks.sum_squared_error - blocks.sum_error * blocks.mean_error, 0.0)
        total += float(np.sum(slope**2 * spread))
    return math.sqrt(total) / blocks.n_samples


def log_interval(estimate: float, error: float, level: float) -> tuple[float, float] | None:
    """Normal interval of the logarithm, taken back; None where the estimate is 0 and says nothing of its error."""
    if estimate == 0.0:
        return None
    factor = float(np.exp(ndtri((1 + level) / 2) * error / estimate))
    return estimate / factor, estimate * factor


def logit_interval(estimate: float, error: float, level: float) -> tuple[float, float] | None:
    """Normal interval of the log-odds, taken back into (0, 1); None where the estimate is 0 or 1."""
    if not 0.0 < estimate < 1.0:
        return None
    half = ndtri((1 + level) / 2) * error / (estimate * (1 - estimate))
    low, high = expit(logit(estimate) + np.array([-half, half])).tolist()
    return low, high
