"""Work on a long range in parts, on threads: NumPy lets them run at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

Result = TypeVar("Result")

N_THREADS = min(os.cpu_count() or 1, 4)
PART = 2**18
"""Of a range, what is worked on together: in smaller parts threads would wait for each other, in larger for memory."""


def in_parts(work: Callable[[slice], Result], n: int) -> list[Result]:
    """What `work` gives of each part of a range of `n`, in their order."""
    return between(work, [*range(0, n, PART), n])


def between(work: Callable[[slice], Result], cuts: Iterable[int]) -> list[Result]:
    """What `work` gives of the part between each cut and the next, in their order."""
    parts = [slice(start, stop) for start, stop in pairwise(cuts)]
    if len(parts) <= 1:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(N_THREADS) as pool:
        return list(pool.map(work, parts))
