"""Sort many unsigned integers on several threads, in whichever of two ways is the faster on this processor.

NumPy's own sort is the fastest where its instructions are. On some processors that have them, one of them is so slow
that long arrays take five to ten times as long as elsewhere. So it is not asked which processor this is, nor which
instructions it has, but how long they take.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from abstain._threads import SLICE_LENGTH, over_slices_between
from abstain.curve.bucket_sort import ROW_BYTES, Words, bucket_sort

MANY = 2**20
"""Words from which on it is worth trying which way is faster."""
N_SAMPLED = 1000
"""Words that show how tied all of them are."""
N_TRIED = 2**16
"""Words that are tried, some milliseconds long."""
GROWTH = 1.5
"""What a word costs NumPy's sort among ten million, compared with among those tried: the ratio of the logarithms."""
TRIES = 3


def sort_words(words: Words) -> Words:
    """The words (N,) ascending, in their own memory or in as much again; the order of those given is lost."""
    if len(words) >= MANY and bucket_sort_is_faster(words.itemsize):
        return bucket_sort(words)
    sort_halves(words)
    return words


def sort_halves(words: Words) -> None:
    """Sort by NumPy in place; many words are first cut in two at their median, and each half is sorted on a thread."""
    cuts = [0, len(words)]
    if len(words) >= SLICE_LENGTH and not _median_is_tied(words):
        cuts.insert(1, len(words) // 2)
        words.partition(cuts[1])
    over_slices_between(lambda some: words[some].sort(), cuts)


def _median_is_tied(words: Words) -> bool:
    """Whether, as a sample shows, more than a fiftieth of the words are the median: they are slow to cut there."""
    sample = np.sort(words[:: len(words) // N_SAMPLED])
    return bool(np.mean(sample == sample[len(sample) // 2]) > 1 / 50)


@cache
def bucket_sort_is_faster(itemsize: int) -> bool:
    """Whether NumPy's sort of words of so many bytes takes longer than the parts of a bucket sort, each twice."""
    bits = np.random.default_rng(0).bytes(N_TRIED * itemsize)
    words: Words = np.frombuffer(bits, np.uint32 if itemsize == 4 else np.uint64)
    rows, key = words.reshape(-1, ROW_BYTES // itemsize), words.astype(np.uint16)
    arrange, sort_rows = _shortest(lambda: words[key.argsort(kind="stable")]), _shortest(lambda: np.sort(rows, axis=1))
    return 2 * (arrange + sort_rows) < GROWTH * _shortest(lambda: np.sort(words))


def _shortest(work: Callable[[], Any]) -> float:
    """The shortest of some times: in the others another program may have had the processor."""
    times = []
    for _ in range(TRIES):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)
