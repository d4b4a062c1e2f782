"""The tie blocks that hold errors, and every area of the risk-coverage curve as a sum over them alone.

Between two of them the sum of errors stays the same, so R(i) = E / i, whose sum is a difference of harmonic numbers: a
curve of ten million samples is measured in the time that it takes to sort them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._threads import SLICE_LENGTH, over_slices
from abstain.curve.harmonic import harmonic_difference
from abstain.curve.value_sort import sort_values

Array = NDArray[np.float64]

FEW = 2**10
"""Error blocks that are searched together."""
FAR_DOWN = 1000
"""A block that begins after this many times its size is a small one far down."""


@dataclass(frozen=True)
class ErrorBlocks:
    """The distinct confidences at which there are errors, most confident first.

    Attributes:
        start: (B,) int64, the samples of higher confidence.
        stop: (B,) int64, the samples of this confidence or higher.
        sum_error: (B,) float64, the sum of the errors in the block, above 0.
        count: (B,) float64, how many of its samples have an error above 0.
        losses: (L,) float64, all errors above 0, block by block; None if each is 1.
    """

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    sum_error: Array
    count: Array
    losses: Array | None = None

    @cached_property
    def error_after(self) -> Array:
        """(B,) the sum of all errors of this confidence or higher."""
        after = np.empty_like(self.sum_error)
        over_slices(lambda some: np.cumsum(self.sum_error[some], out=after[some]), len(after))
        for start in range(SLICE_LENGTH, len(after), SLICE_LENGTH):
            after[start : start + SLICE_LENGTH] += after[start - 1]
        return after

    @cached_property
    def ascending(self) -> Array | None:
        """(L,) float64, all errors above 0, ascending; None if each is 1."""
        return None if self.losses is None else sort_values(self.losses)

    @property
    def total(self) -> float:
        """The sum of all errors."""
        return float(self.error_after[-1]) if len(self.start) else 0.0

    def sum_among(self, accepted: NDArray[np.int64]) -> Array:
        """The sum of errors among the most confident samples, for numbers of them that end a tie block."""
        return self._error_before(np.searchsorted(self.stop, accepted, side="right"))

    def sum_of_risks(self, n_samples: int) -> float:
        """Σᵢ R(i), to which each error adds 1/i for every i after its block, and a share of that within."""
        if self.all_equal(n_samples):
            return self._sum_of_equal(n_samples)

        def add(some: slice) -> float:
            start, stop, error = self.start[some], self.stop[some], self.sum_error[some]
            end = stop[-1:]
            inside = 1.0 / stop  # of one sample
            tied = np.flatnonzero(stop - start > 1)
            inside[tied] = _share_in_blocks(start[tied], stop[tied])
            inside += harmonic_difference(stop, end)
            inside *= error
            return float(np.sum(inside) + np.sum(error) * harmonic_difference(end, n_samples)[0])

        return math.fsum(over_slices(add, len(self.start)))

    def optimal_sum_of_risks(self, n_samples: int) -> float:
        """Σᵢ R(i) with the errors last and the largest loss last of all."""
        if self.all_equal(n_samples):
            return self._sum_of_equal(n_samples)
        if self.ascending is not None:
            places = np.arange(n_samples - len(self.ascending), n_samples) + 1
            return float(np.sum(np.cumsum(self.ascending) / places))
        wrong, right = int(self.total), n_samples - int(self.total)
        if self.start[0] == right:  # this is the best order: to the last digit
            return self.sum_of_risks(n_samples)
        if wrong > n_samples / 100:  # in closed form, which has digits to spare then
            return wrong * float(_share_in_blocks(np.array([right]), np.array([n_samples]))[0])

        def add(some: slice) -> float:
            so_far = np.arange(some.start + 1.0, some.stop + 1.0)
            return float(np.sum(so_far / (right + so_far)))

        return math.fsum(over_slices(add, wrong))

    @cached_property
    def effective_number(self) -> float:
        """How many errors of equal size are as good as these, (Σ e)² / Σ e² (Kish 1965); their number if each is 1."""
        return self.total if self.losses is None else effective_number(self.losses)

    def all_equal(self, n_samples: int) -> bool:
        """Whether every sample has the same error, so that no order is better than another."""
        if self.losses is not None:
            return len(self.losses) == n_samples and bool(self.losses.min() == self.losses.max())
        return self.total in (0.0, n_samples)

    def _sum_of_equal(self, n_samples: int) -> float:
        """Σᵢ R(i) where every sample has the same error."""
        return self.total if self.losses is None else n_samples * float(self.losses[0])

    def sum_of_errors_times_below(self, n_samples: int) -> float:
        """Σ over errors of e times the number of samples below it in confidence, ties (and itself) counting ½."""

        def add(some: slice) -> float:
            below = n_samples - (self.start[some] + self.stop[some]) / 2
            return float(np.sum(self.sum_error[some] * below))

        return math.fsum(over_slices(add, len(self.start)))

    def sum_of_correct_above(self, n_samples: int) -> float:
        """Σ over 0/1 errors of the number of correct samples above it in confidence, ties counting ½.

        All N above or below, less those below, less the other errors above: of two errors one is above the other.
        """
        return self.total * (n_samples - self.total / 2) - self.sum_of_errors_times_below(n_samples)

    def most_accepted(self, target_risk: float, n_samples: int) -> int:
        """The largest number of samples that end a tie block and have at most this risk; 0 if there is none.

        Just before the next error the risk is lowest, so only those places can be the answer, and the last comes first.
        """
        if self.total / n_samples <= target_risk:
            return n_samples
        firsts = np.arange(0, len(self.start), FEW)
        lasts = np.minimum(firsts + FEW, len(self.start)) - 1
        at_least = self._error_before(firsts) / np.maximum(self.start[lasts], 1)  # the risk of all places between
        for group in np.flatnonzero(at_least <= target_risk)[::-1]:
            places = np.arange(firsts[group], lasts[group] + 1)
            accepted = self.start[places]
            risk = self._error_before(places) / np.maximum(accepted, 1)
            qualifying = np.flatnonzero((accepted > 0) & (risk <= target_risk))
            if len(qualifying):
                return int(accepted[qualifying[-1]])
        return 0

    def _error_before(self, places: NDArray[np.int64]) -> Array:
        """The sum of all errors before these blocks, of which the last may be the end."""
        return np.where(places > 0, self.error_after[places - 1], 0.0) if len(self.start) else np.zeros(len(places))


def effective_number(sums: Array) -> float:
    """(Σ x)² / Σ x²: how many equal sums are as good as these (Kish 1965); 0 where all are 0."""
    largest = float(sums.max(initial=0.0))
    if not largest > 0:
        return 0.0

    def add(some: slice) -> tuple[float, float]:
        shares = sums[some] / largest  # whose squares are neither inf nor 0
        return float(np.sum(shares)), float(np.sum(shares * shares))

    shares, squares = (math.fsum(column) for column in zip(*over_slices(add, len(sums)), strict=True))
    return shares**2 / squares


def _share_in_blocks(start: NDArray[np.int64], stop: NDArray[np.int64]) -> Array:
    """What an error adds to Σᵢ R(i) in its block, Σᵢ (i - start) / i / (stop - start): the mean over all its places."""
    share = np.empty(len(start))
    far_down = (stop - start) * FAR_DOWN < start
    near, far = np.flatnonzero(~far_down), np.flatnonzero(far_down)
    first, last = start[near], stop[near]
    share[near] = 1 - first * harmonic_difference(first, last) / (last - first)
    share[far] = _share_far_down(start[far].astype(np.float64), stop[far].astype(np.float64))
    return share


def _share_far_down(start: Array, stop: Array) -> Array:
    """As above, of small blocks far down, in a series where the difference from 1 would lose its digits.

    1 - log(1 + u)/u of u = size / start, and what Euler and Maclaurin add to the logarithm.
    """
    growth = (stop - start) / start
    logarithmic = growth * (1 / 2 - growth * (1 / 3 - growth * (1 / 4 - growth * (1 / 5 - growth / 6))))
    low, high = 1 / start, 1 / stop
    sums = (low + high) * high
    return logarithmic + high / 2 - sums / 12 + sums * low * (low**2 + high**2) * start / 120


def error_blocks(ascending: NDArray[Any], of_wrong: NDArray[Any]) -> ErrorBlocks:
    """Count the errors at each confidence, each of which is 1.

    Args:
        ascending: (N,) all confidences, sorted.
        of_wrong: (L,) those of the samples with an error, in any order.
    """
    of_wrong = sort_values(of_wrong)
    count = np.ones(len(of_wrong))
    if (of_wrong[1:] == of_wrong[:-1]).any():
        of_wrong, sizes = np.unique(of_wrong, return_counts=True)
        count = sizes[::-1].astype(np.float64)
    return ErrorBlocks(*_places(ascending, of_wrong[::-1]), count, count)


def _places(ascending: NDArray[Any], confidence: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many samples are above, and how many at or above, each of these distinct descending confidences."""
    n_samples = len(ascending)
    above, at_least = np.empty((2, len(confidence)), dtype=np.int64)

    def place(some: slice) -> None:
        wanted = confidence[some]
        low, high = np.searchsorted(ascending, wanted[-1]), np.searchsorted(ascending, wanted[0], side="right")
        near = ascending[low:high]  # far fewer to search among
        first = np.searchsorted(near, wanted[::-1])[::-1]
        after = first + 1
        tied = np.flatnonzero(near[np.minimum(after, len(near) - 1)] == wanted)
        after[tied] = np.searchsorted(near, wanted[tied][::-1], side="right")[::-1]
        np.subtract(n_samples - low, after, out=above[some])
        np.subtract(n_samples - low, first, out=at_least[some])

    over_slices(place, len(confidence))
    return above, at_least
