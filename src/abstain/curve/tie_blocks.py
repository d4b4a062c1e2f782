"""The tie blocks of a curve, with and without errors, in slices of bounded memory from the least confident up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from abstain.curve.error_blocks import ErrorBlocks
from abstain.curve.harmonic import harmonic_difference, inverse_squares

Array = NDArray[np.float64]

SLICE = 2**16
"""Samples whose blocks are worked on together: in fewer threads would wait for each other, in more for memory."""


@dataclass(frozen=True)
class TieBlocks:
    """The samples of each of some distinct confidences that follow each other, most confident first.

    Attributes:
        start: (M,) int64, the samples of higher confidence.
        stop: (M,) int64, the samples of this confidence or higher.
        error_before: (M,) float64, the sum of the errors of higher confidence.
        sum_error: (M,) float64, the sum of their errors.
        place: (L,) int64, in which of these blocks each error above 0 is, ascending.
        value: (L,) float64, the errors; None if each is 1.
        count: (L,) float64, of how many samples each is the error; None if of one.
    """

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    error_before: Array
    sum_error: Array
    place: NDArray[np.int64]
    value: Array | None
    count: Array | None

    @cached_property
    def size(self) -> Array:
        """(M,) float64, how many samples each has."""
        return (self.stop - self.start).astype(np.float64)

    @property
    def positions(self) -> slice:
        """Where the samples of these blocks are among all, most confident first."""
        return slice(int(self.start[0]), int(self.stop[-1]))

    @property
    def has_ties(self) -> bool:
        """Whether any block has several samples."""
        return len(self.start) < self.stop[-1] - self.start[0]

    @cached_property
    def mean_error(self) -> Array:
        """(M,) the mean error of each block."""
        return self.sum_error / self.size if self.has_ties else self.sum_error

    @cached_property
    def n_correct(self) -> Array:
        """(M,) how many samples of each block have an error of 0."""
        counts = np.ones(len(self.place)) if self.count is None else self.count
        return self.size - np.bincount(self.place, weights=counts, minlength=len(self.start))

    def inverse_sums(self) -> tuple[Array, Array]:
        """(M,) the sums of 1/i and of 1/i² over the positions i = 1, 2, … of each block."""
        inverse = 1.0 / self.stop
        squares = inverse * inverse
        tied = np.flatnonzero(self.stop - self.start > 1) if self.has_ties else ()
        if len(tied):
            start, stop = self.start[tied], self.stop[tied]
            inverse[tied], squares[tied] = harmonic_difference(start, stop), inverse_squares(start, stop)
        return inverse, squares

    def spread(self, of_blocks: Array) -> Array:
        """The value of its block for each position; without a tie, the same array."""
        return np.repeat(of_blocks, self.stop - self.start) if self.has_ties else of_blocks


class Ranks(Protocol):
    """The numbers accepted at each threshold, of which a part can be had without the rest."""

    def ranks_up_to(self, stop: int, length: int) -> NDArray[np.int64]:
        """Some of those up to `stop`, which is one of them, about `length` of them; before them the last one left out.

        It is 0 where none is left out.
        """


def tie_blocks(ranks: Ranks, errors: ErrorBlocks, n_samples: int, length: int = SLICE) -> Iterator[TieBlocks]:
    """All tie blocks, in slices of which the last, the least confident, comes first."""
    stop = n_samples
    losses_left = 0 if errors.losses is None else len(errors.losses)
    while stop:
        accepted = ranks.ranks_up_to(stop, length)
        start, stops = accepted[:-1], accepted[1:]
        low, high = np.searchsorted(errors.start, [start[0], stop]).tolist()
        place = _places(start, stops, errors.start[low:high])
        count: Array | None = errors.count[low:high]
        sum_error = np.zeros(len(start))
        sum_error[place] = errors.sum_error[low:high]
        after = np.append(errors.error_after[low - 1] if low else 0.0, errors.error_after[low:high])
        before = np.repeat(after, np.diff(place, prepend=-1, append=len(start) - 1))
        value = None
        if errors.losses is not None:
            counts = errors.count[low:high].astype(np.int64)
            value = errors.losses[losses_left - int(counts.sum()) : losses_left]
            place, count, losses_left = np.repeat(place, counts), None, losses_left - len(value)
        yield TieBlocks(start, stops, before, sum_error, place, value, count)
        stop = int(start[0])


def _places(start: NDArray[np.int64], stop: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of the blocks begin at these places."""
    return wanted - start[0] if len(start) == stop[-1] - start[0] else np.searchsorted(start, wanted)
