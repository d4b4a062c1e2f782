"""Work on a long range in slices, on threads: NumPy lets them run at once."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice, pairwise
from typing import Any, TypeVar

Item = TypeVar("Item")
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


def for_each(work: Callable[[Item], Any], items: Iterable[Item]) -> None:
    """Do some work on each item, while the next ones are made; no more than a few are there at once."""
    items = iter(items)
    first = list(islice(items, 2))
    if len(first) < 2:
        for item in first:
            work(item)
        return
    begun: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(N_THREADS) as pool:
        for item in chain(first, items):
            begun.append(pool.submit(work, item))
            if len(begun) > 2 * N_THREADS:
                begun.popleft().result()
        for one in begun:
            one.result()
