"""The tie blocks that hold errors, and every area of the risk-coverage curve as a sum over them alone.

Between two of them the sum of errors stays the same, so R(i) = E / i, whose sum is a difference of harmonic numbers: a
curve of ten million samples is measured in the time that it takes to sort them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PART = 2**16
"""Error blocks that are worked on together, 512 KiB a column, so that what is made on the way stays near a core."""
N_THREADS = min(os.cpu_count() or 1, 4)
_SMALL = 256
_SMALL_HARMONIC = np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1, _SMALL))))


def harmonic(n: NDArray[np.int64]) -> Array:
    """Harmonic numbers H(n) = Σ_{i <= n} 1/i of integers n >= 0, to the last digits of float64.

    From 256 on by Euler and Maclaurin, where the first term left out is 1/(252·n⁶) < 2e-17.
    """
    inverse = 1.0 / np.maximum(n, _SMALL)
    square = inverse * inverse
    large = np.euler_gamma - np.log(inverse) + inverse / 2 - square * (1 / 12 - square / 120)
    return np.where(n < _SMALL, _SMALL_HARMONIC[np.minimum(n, _SMALL - 1)], large)


def harmonic_difference(start: NDArray[np.int64], stop: NDArray[np.int64]) -> Array:
    """H(stop) - H(start) of integers 0 <= start <= stop, to the last digits also where the two are nearly equal."""
    first, last = np.maximum(start, _SMALL), np.maximum(stop, _SMALL)
    low, high = 1.0 / first, 1.0 / last
    low_squared, high_squared = low * low, high * high
    difference = -np.log1p((last - first) * -high)
    difference += (high - low) / 2 - (high_squared - low_squared) / 12 + (high_squared**2 - low_squared**2) / 120
    few = np.flatnonzero(start < _SMALL)
    difference[few] = harmonic(stop[few]) - harmonic(start[few])
    return difference


@dataclass(frozen=True)
class ErrorBlocks:
    """The distinct confidences at which there are errors, most confident first.

    Attributes:
        start: (B,) int64, the samples of higher confidence.
        stop: (B,) int64, the samples of this confidence or higher.
        sum_error: (B,) float64, the sum of the errors in the block, above 0.
        sum_squared_error: (B,) float64, the sum of their squares.
        ascending: (L,) float64, all errors above 0, ascending; None if each is 1.
    """

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    sum_error: Array
    sum_squared_error: Array
    ascending: Array | None = None

    @cached_property
    def error_after(self) -> Array:
        """(B,) the sum of all errors of this confidence or higher."""
        return np.cumsum(self.sum_error)

    @property
    def total(self) -> float:
        """The sum of all errors."""
        return float(self.error_after[-1]) if len(self.start) else 0.0

    def sum_among(self, accepted: NDArray[np.int64]) -> Array:
        """The sum of errors among the most confident samples, for numbers of them that end a tie block."""
        return np.concatenate(([0.0], self.error_after))[np.searchsorted(self.stop, accepted, side="right")]

    def sum_of_risks(self, n_samples: int) -> float:
        """Σᵢ R(i): in a block R(i) = (before + mean·(i - start)) / i, after it R(i) = error_after / i."""
        after = np.append(self.start[1:], n_samples)

        def add(part: slice) -> float:
            start, stop, error_after = self.start[part], self.stop[part], self.error_after[part]
            inside = error_after / stop  # of a block of one sample
            tied = np.flatnonzero(stop - start > 1)
            inside[tied] = _sum_in_blocks(start[tied], stop[tied], error_after[tied], self.sum_error[part][tied])
            return float(np.sum(inside) + np.sum(error_after * harmonic_difference(stop, after[part])))

        return math.fsum(_in_parts(add, len(self.start)))

    def optimal_sum_of_risks(self, n_samples: int) -> float:
        """Σᵢ R(i) with the errors last and the largest loss last of all."""
        sums = np.arange(1, int(self.total) + 1) if self.ascending is None else np.cumsum(self.ascending)
        return float(np.sum(sums / np.arange(n_samples - len(sums) + 1, n_samples + 1)))

    def all_equal(self, n_samples: int) -> bool:
        """Whether every sample has the same error, so that no order is better than another."""
        if self.ascending is not None:
            return len(self.ascending) == n_samples and bool(self.ascending[0] == self.ascending[-1])
        return self.total in (0.0, n_samples)

    def sum_of_errors_times_below(self, n_samples: int) -> float:
        """Σ over errors of e times the number of samples below it in confidence, ties (and itself) counting ½."""
        return float(np.sum(self.sum_error * (n_samples - (self.start + self.stop) / 2)))

    def sum_of_correct_above(self, n_samples: int) -> float:
        """Σ over 0/1 errors of the number of correct samples above it in confidence, ties counting ½.

        All N above or below, less those below, less the other errors above: of two errors one is above the other.
        """
        return self.total * (n_samples - self.total / 2) - self.sum_of_errors_times_below(n_samples)

    def most_accepted(self, target_risk: float, n_samples: int) -> int:
        """The largest number of samples that end a tie block and have at most this risk; 0 if there is none.

        Just before the next error the risk is lowest, so only those places can be the answer.
        """
        accepted = np.append(self.start, n_samples)
        error = np.concatenate(([0.0], self.error_after))
        qualifying = np.flatnonzero((accepted > 0) & (error / np.maximum(accepted, 1) <= target_risk))
        return int(accepted[qualifying[-1]]) if len(qualifying) else 0


def _sum_in_blocks(start: NDArray[np.int64], stop: NDArray[np.int64], error_after: Array, error: Array) -> Array:
    """The sum of R(i) over each block of several samples."""
    difference = harmonic_difference(start, stop)
    mean = error / (stop - start)
    return (error_after - error) * difference + mean * (stop - start - start * difference)


def error_blocks(ascending: NDArray[Any], confidence: NDArray[Any], losses: NDArray[Any] | None) -> ErrorBlocks:
    """Count the errors at each confidence.

    Args:
        ascending: (N,) all confidences, sorted.
        confidence: (L,) those of the samples with an error above 0, in any order.
        losses: (L,) their errors; None if each is 1.
    """
    return _count(ascending, confidence) if losses is None else _add(ascending, confidence, losses)


def _count(ascending: NDArray[Any], of_wrong: NDArray[Any]) -> ErrorBlocks:
    """The error blocks of 0/1 errors at these confidences."""
    of_wrong = np.sort(of_wrong)
    count = np.ones(len(of_wrong))
    if (of_wrong[1:] == of_wrong[:-1]).any():
        of_wrong, sizes = np.unique(of_wrong, return_counts=True)
        count = sizes[::-1].astype(np.float64)
    return ErrorBlocks(*_places(ascending, of_wrong[::-1]), count, count)


def _add(ascending: NDArray[Any], of_losses: NDArray[Any], losses: Array) -> ErrorBlocks:
    """The error blocks of real losses; those of one confidence are added in the order of their size.

    So rounding cannot depend on the order of the samples.
    """
    order = np.lexsort((losses, of_losses))[::-1]
    of_losses, losses = of_losses[order], losses[order].astype(np.float64)
    first = np.flatnonzero(np.append(True, of_losses[1:] != of_losses[:-1]))
    sums = (np.add.reduceat(losses, first), np.add.reduceat(losses**2, first))
    return ErrorBlocks(*_places(ascending, of_losses[first]), *sums, np.sort(losses))


def _places(ascending: NDArray[Any], confidence: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many samples are above, and how many at or above, each of these distinct descending confidences."""
    n_samples = len(ascending)
    above, at_least = np.empty((2, len(confidence)), dtype=np.int64)

    def place(part: slice) -> None:
        wanted = confidence[part]
        low, high = np.searchsorted(ascending, wanted[-1]), np.searchsorted(ascending, wanted[0], side="right")
        near = ascending[low:high]  # far fewer to search among
        first = np.searchsorted(near, wanted[::-1])[::-1]
        after = first + 1
        tied = np.flatnonzero(near[np.minimum(after, len(near) - 1)] == wanted)
        after[tied] = np.searchsorted(near, wanted[tied][::-1], side="right")[::-1]
        np.subtract(n_samples - low, after, out=above[part])
        np.subtract(n_samples - low, first, out=at_least[part])

    _in_parts(place, len(confidence))
    return above, at_least


def _in_parts(work: Callable[[slice], Any], n: int) -> list[Any]:
    """Do `work` on parts of a range of `n`, on threads if there are several; NumPy lets them run at once."""
    parts = [slice(start, start + PART) for start in range(0, n, PART)]
    if len(parts) <= 1:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(N_THREADS) as pool:
        return list(pool.map(work, parts))
