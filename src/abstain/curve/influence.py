"""How much each sample moves an area under the curve: influence functions, block by block.

On every area here the influence of a sample depends on its tie block j and, linearly, on its error e, so a function
returns two arrays over the blocks: the influence is `slope_j · e + offset_j`. Its mean over the samples is 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from abstain.curve.tie_blocks import TieBlocks

Array = NDArray[np.float64]
Influence = Callable[[TieBlocks], tuple[Array, Array]]
"""Slope and offset of some tie blocks; called once for each slice of `tie_blocks`, in their order."""


def risk_influence(n_samples: int, total: float) -> Influence:
    """On the mean error: e - risk."""
    risk = total / n_samples
    return lambda blocks: (np.ones(len(blocks.start)), np.full(len(blocks.start), -risk))


def aurc_influence(n_samples: int, aurc: float) -> Influence:
    """On AURC: at position i it is R_i + Σ_{i' >= i} (e - R_i') / i' - AURC, averaged over the block's positions.

    The average is over positions alone: the sample keeps its own e. In a block R_i = mean + rest / i, so it takes no
    more than sums of 1/i and of 1/i² over its positions.
    """
    inverse_after = weighted_after = 0.0  # Σ 1/i and Σ R_i/i of the slices that follow, which came before

    def of(blocks: TieBlocks) -> tuple[Array, Array]:
        nonlocal inverse_after, weighted_after
        slope, offset, inverse, weighted = _of_ties(blocks) if blocks.has_ties else _of_samples(blocks)
        slope += inverse_after
        offset -= weighted_after + aurc
        inverse_after += inverse
        weighted_after += weighted
        return slope, offset

    return of


def _of_samples(blocks: TieBlocks) -> tuple[Array, Array, float, float]:
    """Slope and offset of blocks of one sample each, as if they were the last, and their Σ 1/i and Σ R_i/i."""
    inverse = 1.0 / blocks.stop
    offset = blocks.error_before + blocks.sum_error
    offset *= inverse
    slope, weighted = _sums_from(inverse), _sums_from(offset * inverse)
    offset -= weighted
    return slope, offset, float(slope[0]), float(weighted[0])


def _of_ties(blocks: TieBlocks) -> tuple[Array, Array, float, float]:
    """The same of blocks of any size."""
    inverse, weighted = blocks.inverse_sums()
    weighted *= blocks.error_before - blocks.start * blocks.mean_error
    weighted += blocks.mean_error * inverse
    before = blocks.start / blocks.size
    inverse_from, weighted_from = _sums_from(inverse), _sums_from(weighted)
    offset = before * weighted
    offset -= weighted_from - weighted
    slope = 1.0 - before * inverse
    slope += inverse_from - inverse
    return slope, offset, float(inverse_from[0]), float(weighted_from[0])


def _sums_from(values: Array) -> Array:
    """For each value the sum of it and those after it."""
    return np.cumsum(values[::-1])[::-1]


def augrc_influence(n_samples: int, augrc: float) -> Influence:
    """On AUGRC, the mean over pairs of e_k · [κ_k' < κ_k, ties ½]: a sample's share as either of the two."""

    def of(blocks: TieBlocks) -> tuple[Array, Array]:
        below = 1.0 - (blocks.start + blocks.size / 2) / n_samples
        return below, (blocks.error_before + blocks.sum_error / 2) / n_samples - 2 * augrc

    return of


def failure_auroc_influence(n_samples: int, n_wrong: float, auroc: float) -> Influence:
    """On the failure AUROC, for 0/1 errors of both kinds: DeLong et al. 1988, as a mean over all samples."""
    n_right = n_samples - n_wrong

    def of(blocks: TieBlocks) -> tuple[Array, Array]:
        wrong_above = blocks.error_before + blocks.sum_error / 2
        right_above = blocks.start + blocks.size / 2 - wrong_above
        of_wrong = n_samples / n_wrong * (right_above / n_right - auroc)
        of_right = n_samples / n_right * (1 - wrong_above / n_wrong - auroc)
        return of_wrong - of_right, of_right

    return of
