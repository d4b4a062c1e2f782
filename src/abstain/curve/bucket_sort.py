"""Sort unsigned integers by their leading bits into ever smaller buckets, and then in short rows.

On every processor NumPy is fast at two things: to arrange by keys of 8 or 16 bits, which is a radix sort, and to sort
short rows. So words go by their leading bits into buckets that fit into a cache of the processor, and within these into
cells of a few dozen words. Each is then less than half a row from its place, where rows that overlap by half put it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._threads import over_slices_between

Words = NDArray[np.unsignedinteger[Any]]
Counts = NDArray[np.int64]

PIECE_BYTES = 2**19
"""Of words that are arranged together, and lie in a processor's cache with their places: 2¹⁷ or 2¹⁶ words."""
BUCKET = 2**16
"""Words in a bucket, about, as long as there are no more buckets than a key of 8 bits can tell apart."""
MOST_BUCKETS = 2**8
DENSE = 4
"""A bucket of this many times as many words as the mean is divided as all words were."""
DEPTH = 4
"""How often words are divided before NumPy sorts the rest: their bits are used up, or they are unlike their sample."""
SAMPLED_A_BUCKET = 2**6
"""Words that show where a bucket ends."""
CELL = 2**6
"""Words in a cell, at most and in the mean."""
KEY_BITS = 16
ROW_BYTES = 2**11
"""Rows of so many bytes NumPy sorts without a branch where it can: 256 or 512 words."""


@dataclass(frozen=True)
class Buckets:
    """Which words go together: those whose distance from `low`, less its last `shift` bits, has the same bucket.

    Attributes:
        n_buckets: how many there are.
        are_tied: whether more than half of the words are equal, as a sample shows.
    """

    low: Any
    high: Any
    shift: Any
    bucket: NDArray[np.uint8]
    n_buckets: int
    are_tied: bool

    @classmethod
    def of(cls, words: Words) -> Buckets:
        """Buckets of about equal size, as a sample shows, if the words lie not too densely. The outer have no end."""
        kind = words.dtype.type
        n_buckets = min(MOST_BUCKETS, 1 + len(words) // BUCKET)
        sample = np.sort(words[:: max(1, len(words) // (SAMPLED_A_BUCKET * n_buckets))])
        outer = min(SAMPLED_A_BUCKET, len(sample) // 4)
        low, high, middle = sample[outer], sample[-1 - outer], sample[len(sample) // 2]
        shift = kind(max(0, int(high - low).bit_length() - KEY_BITS))
        before = np.searchsorted((np.clip(sample, low, high) - low) >> shift, np.arange(2**KEY_BITS, dtype=kind))
        bucket = (before * n_buckets // (len(sample) + 1)).astype(np.uint8)
        return cls(low, high, shift, bucket, n_buckets, bool(np.mean(sample == middle) > 1 / 2))

    def __call__(self, words: Words) -> NDArray[np.uint8]:
        """The bucket of each word; that of a larger word is never a lower one."""
        within = np.clip(words, self.low, self.high)
        within -= self.low
        within >>= self.shift
        return np.take(self.bucket, within.astype(np.uint16))


def bucket_sort(words: Words, *, depth: int = DEPTH) -> Words:
    """The words (N,) ascending, in new memory; those given are put into another order."""
    buckets = Buckets.of(words)
    if buckets.are_tied or not depth:
        return np.sort(words)  # which takes little time of ties
    cuts = np.array([*range(0, len(words), max(1, PIECE_BYTES // words.itemsize)), len(words)])
    sizes = np.array(over_slices_between(lambda some: _arrange_piece(words[some], buckets), cuts.tolist()))
    stops = np.cumsum(sizes, axis=1) + cuts[:-1, None]
    parts = [zip(*ends, strict=True) for ends in zip((stops - sizes).T.tolist(), stops.T.tolist(), strict=True)]
    ends = np.cumsum(np.sum(sizes, axis=0))
    found = np.empty_like(words)

    def fill(some: slice) -> None:
        bucket = int(np.searchsorted(ends, some.start, side="right"))  # the first that ends after it: not an empty one
        here = np.concatenate([words[start:stop] for start, stop in parts[bucket]])
        if len(here) > DENSE * BUCKET and len(here) > DENSE * len(words) // buckets.n_buckets:
            found[some] = bucket_sort(here, depth=depth - 1)
        else:
            _sort_bucket(here, found[some])

    over_slices_between(fill, np.unique(np.append(0, ends)).tolist())
    return found


def _arrange_piece(piece: Words, buckets: Buckets) -> Counts:
    """Put the words of one bucket beside each other, in place, and count those of each."""
    bucket = buckets(piece)
    piece[:] = np.take(piece, bucket.argsort(kind="stable"))  # keys of 8 or 16 bits are sorted by radix
    return np.bincount(bucket, minlength=buckets.n_buckets)


def _sort_bucket(words: Words, found: Words) -> None:
    """Sort the words of a bucket into the memory of `found`."""
    key = _cells(words)
    np.take(words, key.argsort(kind="stable"), out=found, mode="clip")  # any mode but "raise" writes at once
    row = ROW_BYTES // words.itemsize
    _sort_rows(found, row)
    _sort_rows(found[row // 2 :], row)
    if not np.all(found[:-1] <= found[1:]):  # each word is still in its cell, and some cells are larger than half a row
        _sort_large_cells(found, np.bincount(key), row // 2)


def _cells(words: Words) -> NDArray[np.unsignedinteger[Any]]:
    """The cell of each word: its leading bits, as many as tell enough cells apart."""
    low, high = words.min(), words.max()
    wanted = min(KEY_BITS, (len(words) // CELL).bit_length())
    shift = max(0, int(high - low).bit_length() - wanted)
    cell = words - low
    cell >>= words.dtype.type(shift)
    return cell.astype(np.uint8 if int(high - low) >> shift < 2**8 else np.uint16)


def _sort_large_cells(words: Words, sizes: Counts, largest: int) -> None:
    """Sort the cells of more words than the rows can: where there are ties, or most words are close together."""
    large = np.flatnonzero(sizes > largest)
    if len(large):
        ends = np.cumsum(sizes)[large].tolist()
        for end, size in zip(ends, sizes[large].tolist(), strict=True):
            words[end - size : end].sort()


def _sort_rows(words: Words, length: int) -> None:
    """Sort each row of some words, and what is left of the last."""
    whole = len(words) // length * length
    words[:whole].reshape(-1, length).sort(axis=1)
    words[whole:].sort()
