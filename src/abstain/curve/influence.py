"""How much each sample moves an area under the curve: influence functions, block by block.

On every area here the influence of a sample depends on its tie block j and, linearly, on its error e: it is
`slope_j · e + offset_j`, of two arrays over the blocks. Its mean over the samples is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abstain._threads import in_turn
from abstain.curve.tie_blocks import TieBlocks

Array = NDArray[np.float64]


class Influences(NamedTuple):
    """On an area, of the samples of some tie blocks.

    Attributes:
        blocks: M tie blocks.
        slope_here: (M,) float64, the slopes but for what the samples after these blocks add to each.
        offset_here: (M,) float64, the offsets but for that.
        slope_after: what they add to each slope.
        offset_after: what they add to each offset.
    """

    blocks: TieBlocks
    slope_here: Array
    offset_here: Array
    slope_after: float = 0.0
    offset_after: float = 0.0

    def slope_and_offset(self) -> tuple[Array, Array]:
        """(M,) and (M,): a sample with the error e has the influence `slope · e + offset` of its block."""
        return self.slope_here + self.slope_after, self.offset_here + self.offset_after

    def of_samples(self, error: NDArray[Any]) -> Array:
        """(N,) the influence of each sample of these blocks, from their errors in the same order."""
        values, offset = map(self.blocks.spread, self.slope_and_offset())  # the slopes, in memory of their own
        values *= error
        values += offset
        return values


InfluenceFunction = Callable[[Iterable[TieBlocks]], Iterator[Influences]]
"""Takes the slices of `tie_blocks`, in their order, and gives the influences of each."""


def risk_influence(n_samples: int, total: float) -> InfluenceFunction:
    """On the mean error: e - risk."""
    risk = total / n_samples
    return _of_each(lambda blocks: (np.ones(len(blocks.start)), np.full(len(blocks.start), -risk)))


def aurc_influence(n_samples: int, aurc: float) -> InfluenceFunction:
    """On AURC: at position i it is R_i + Σ_{i' >= i} (e - R_i') / i' - AURC, averaged over the block's positions.

    The average is over positions alone: the sample keeps its own e. In a block R_i = mean + rest / i, so it takes no
    more than sums of 1/i and of 1/i² over its positions.
    """

    def of(slices: Iterable[TieBlocks]) -> Iterator[Influences]:
        inverse_after = weighted_after = 0.0  # Σ 1/i and Σ R_i/i of the slices that follow, which came before
        for influences, inverse, weighted in in_turn(_as_if_last, slices):
            yield influences._replace(slope_after=inverse_after, offset_after=-weighted_after - aurc)
            inverse_after += inverse
            weighted_after += weighted

    return of


def _as_if_last(blocks: TieBlocks) -> tuple[Influences, float, float]:
    """Influences on AURC as if no samples followed, AURC not yet subtracted; and Σ 1/i and Σ R_i/i of these blocks."""
    slope, offset, inverse, weighted = _of_ties(blocks) if blocks.has_ties else _of_samples(blocks)
    return Influences(blocks, slope, offset), inverse, weighted


def _of_samples(blocks: TieBlocks) -> tuple[Array, Array, float, float]:
    """Slope and offset of blocks of one sample each, as if they were the last, and their Σ 1/i and Σ R_i/i."""
    inverse = 1.0 / blocks.stop
    offset = blocks.error_before + blocks.sum_error
    offset *= inverse
    slope, weighted = _sums_from(inverse, offset * inverse)
    offset -= weighted
    return slope, offset, float(slope[0]), float(weighted[0])


def _of_ties(blocks: TieBlocks) -> tuple[Array, Array, float, float]:
    """The same of blocks of any size."""
    inverse, weighted = blocks.inverse_sums()
    weighted *= blocks.error_before - blocks.start * blocks.mean_error
    weighted += blocks.mean_error * inverse
    before = blocks.start / blocks.size
    inverse_from, weighted_from = _sums_from(inverse, weighted)
    offset = before * weighted
    offset -= weighted_from - weighted
    slope = 1.0 - before * inverse
    slope += inverse_from - inverse
    return slope, offset, float(inverse_from[0]), float(weighted_from[0])


def _sums_from(some: Array, others: Array) -> tuple[Array, Array]:
    """For each place the sum of the values there and after it, of two kinds of values."""
    both = np.empty(len(some), np.complex128)  # two sums in the time of one, which waits for the sum before
    both.real, both.imag = some, others
    sums = np.cumsum(both[::-1])[::-1]
    return sums.real, sums.imag


def augrc_influence(n_samples: int, augrc: float) -> InfluenceFunction:
    """On AUGRC, the mean over pairs of e_k · [κ_k' < κ_k, ties ½]: a sample's share as either of the two."""

    def of(blocks: TieBlocks) -> tuple[Array, Array]:
        below = 1.0 - (blocks.start + blocks.size / 2) / n_samples
        return below, (blocks.error_before + blocks.sum_error / 2) / n_samples - 2 * augrc

    return _of_each(of)


def failure_auroc_influence(n_samples: int, n_wrong: float, auroc: float) -> InfluenceFunction:
    """On the failure AUROC, for 0/1 errors of both kinds: DeLong et al. 1988, as a mean over all samples."""
    n_right = n_samples - n_wrong

    def of(blocks: TieBlocks) -> tuple[Array, Array]:
        wrong_above = blocks.error_before + blocks.sum_error / 2
        right_above = blocks.start + blocks.size / 2 - wrong_above
        of_wrong = n_samples / n_wrong * (right_above / n_right - auroc)
        of_right = n_samples / n_right * (1 - wrong_above / n_wrong - auroc)
        return of_wrong - of_right, of_right

    return _of_each(of)


def _of_each(of: Callable[[TieBlocks], tuple[Array, Array]]) -> InfluenceFunction:
    """An influence whose slope and offset need nothing of the other slices."""
    return lambda slices: in_turn(lambda blocks: Influences(blocks, *of(blocks)), slices)
