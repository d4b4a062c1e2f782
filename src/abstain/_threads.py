"""Work on a long range in slices, on threads: NumPy lets them run at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

Result = TypeVar("Result")

N_THREADS = min(os.cpu_count() or 1, 4)
SLICE_LENGTH = 2**18
"""Of a range, what is worked on together: in shorter slices threads would wait for each other, in longer for memory."""


def over_slices(work: Callable[[slice], Result], n: int) -> list[Result]:
    """What `work` gives of each slice of a range of `n`, in their order."""
    return over_slices_between(work, [*range(0, n, SLICE_LENGTH), n])


def over_slices_between(work: Callable[[slice], Result], cuts: Iterable[int]) -> list[Result]:
    """What `work` gives of the slice between each cut and the next, in their order."""
    slices = [slice(start, stop) for start, stop in pairwise(cuts)]
    if len(slices) <= 1:
        return [work(here) for here in slices]
    with ThreadPoolExecutor(N_THREADS) as pool:
        return list(pool.map(work, slices))
