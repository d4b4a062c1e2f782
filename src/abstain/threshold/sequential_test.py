"""A test that may be looked at after every sample: what its counts say since the start, and since later ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from abstain._arguments import check_whole
from abstain._checks import InputError, check_keys, shown

Counts = NDArray[np.int64]
Evidence = Callable[[Counts, Counts], NDArray[np.float64]]
"""(counts before a start, counts since then), each (..., C) -> (...,) log of an e-value of what came since."""

BLOCK = 100
"""Samples from one start to the next."""
KEPT = 8
"""Blocks that a start is kept; one at an even block twice as long, at every fourth four times, and so on."""


def live_starts(n_blocks: int) -> NDArray[np.int64]:
    """The starts that are still kept after so many blocks, ascending, each as the number of blocks before it.

    The first one is kept for ever. Of the others about 8 + 4·log2(`n_blocks` / 8) are, so that a change is noticed
    about as fast after a long time without one as after a short.

    Example:
        >>> live_starts(20).tolist()
        [0, 4, 6, 8, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20]
    """
    start = np.arange(n_blocks + 1)
    return start[are_live(start, n_blocks)]


def are_live(starts: NDArray[np.int64], n_blocks: int) -> NDArray[np.bool_]:
    """Which of some starts are kept after so many blocks; what it takes does not grow with the stream."""
    return (starts == 0) | (n_blocks - starts <= KEPT * (starts & -starts))


def log_weights(starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log of the share that each start has of the wager: half for the first, and 1 / 2k(k + 1) for the kth."""
    later = np.maximum(starts, 1).astype(np.float64)
    return np.where(starts == 0, math.log(0.5), -np.log(2 * later * (later + 1)))


def combined(evidence: Evidence, starts: NDArray[np.int64], before: Counts, counts: Counts) -> NDArray[np.float64]:
    """Log of the e-value of all starts together.

    A start yet to come holds its share unbet, and one that is dropped forfeits it. So the sum is a supermartingale from
    at most 1 where the evidence of each start is one, and Ville's inequality holds of it.

    Args:
        evidence: of one start.
        starts: (J,) from `live_starts`.
        before: (..., J, C) the counts before each of them.
        counts: (..., C) all counts.

    Returns:
        (...,) float64, without the shares of starts yet to come.
    """
    since = counts[..., None, :] - before
    return np.asarray(logsumexp(evidence(before, since) + log_weights(starts), axis=-1))


class SequentialTest:
    """Counts of samples by category, and when they first refuted what the evidence speaks against.

    Attributes:
        counts: (C,) samples of each category.
        starts: (J,) in blocks, see `live_starts`; after a merge the first, and those since.
        before: (J, C) the counts before each start.
        delta: the probability of a false alarm, ever.
        alarm_at: the number of samples at which the alarm rose, for good; None before.
    """

    def __init__(self, evidence: Evidence, n_categories: int, delta: float) -> None:
        self._evidence = evidence
        self.delta = delta
        self.counts: Counts = np.zeros(n_categories, np.int64)
        self.starts: NDArray[np.int64] = np.zeros(1, np.int64)
        self.before: Counts = np.zeros((1, n_categories), np.int64)
        self.alarm_at: int | None = None

    @property
    def n(self) -> int:
        """The number of samples counted."""
        return int(self.counts.sum())

    @property
    def log_evidence(self) -> float:
        """Log of the e-value at this moment; more says more against the statement that is tested."""
        return float(combined(self._evidence, self.starts, self.before, self.counts))

    def add(self, categories: NDArray[np.integer[Any]]) -> None:
        """Count samples in their order, and look at the evidence at the end of each block and of all.

        Args:
            categories: (N,) int in [0, C).
        """
        for block in self._blocks(categories):
            self.counts = self.counts + np.bincount(block, minlength=len(self.counts))
            self._look()
            if self.n % BLOCK == 0:
                self._start()

    def merged(self, other: SequentialTest) -> SequentialTest:
        """A test of the samples of both: of its starts only the first is left, and it has an alarm of its own."""
        total = SequentialTest(self._evidence, len(self.counts), self.delta)
        total.counts = self.counts + other.counts
        total._look()
        return total

    def _blocks(self, categories: NDArray[np.integer[Any]]) -> Iterator[NDArray[np.integer[Any]]]:
        cuts = range(BLOCK - self.n % BLOCK, len(categories), BLOCK)
        return (block for block in np.split(categories, list(cuts)) if len(block))

    def _look(self) -> None:
        if self.alarm_at is None and self.log_evidence >= -math.log(self.delta):
            self.alarm_at = self.n

    def _start(self) -> None:
        n_blocks = self.n // BLOCK
        starts = np.append(self.starts, n_blocks)
        kept = are_live(starts, n_blocks)
        self.starts, self.before = starts[kept], np.vstack([self.before, self.counts])[kept]

    def to_dict(self) -> dict[str, Any]:
        """What `restore` takes, ready for JSON."""
        arrays = {name: getattr(self, name).tolist() for name in ("counts", "starts", "before")}
        return arrays | {"alarm_at": self.alarm_at}

    def restore(self, values: Any) -> None:
        """Go on from what `to_dict` wrote.

        Raises:
            InputError: it is no state of this test.
        """
        names = ("counts", "starts", "before", "alarm_at")
        held = check_keys("test of a monitor", values, known=names, needed=names)
        counts, starts, before = (_whole_numbers(name, held[name]) for name in names[:3])
        n_categories = len(self.counts)
        shapes = counts.shape == (n_categories,) and starts.ndim == 1 and before.shape == (len(starts), n_categories)
        if not (shapes and _go_together(counts, starts, before)):
            raise InputError("the counts of a monitor contradict each other: give what to_dict wrote")
        self.counts, self.starts, self.before = counts, starts, before
        alarm_at = held["alarm_at"]
        self.alarm_at = None if alarm_at is None else check_whole("alarm_at", alarm_at, at_least=1, at_most=self.n)


def _go_together(counts: Counts, starts: NDArray[np.int64], before: Counts) -> bool:
    """Whether the starts ascend from 0, and the counts before each are some of all, as many as it says."""
    return bool(
        len(starts)
        and starts[0] == 0
        and np.all(np.diff(starts) > 0)
        and np.array_equal(before.sum(axis=1), BLOCK * starts)
        and np.all(np.diff(before, axis=0, append=counts[None]) >= 0)
    )


def _whole_numbers(name: str, values: Any) -> NDArray[np.int64]:
    try:
        array = np.array(values)
    except ValueError:  # rows of unequal lengths
        array = np.array(None)
    if array.dtype.kind not in "iu" or array.min(initial=0) < 0:
        raise InputError(f"{name} of a monitor are {shown(values)}, but must be whole numbers of at least 0")
    return array.astype(np.int64)
