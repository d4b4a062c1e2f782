"""Work on a long range in slices, on threads: NumPy lets them run at once."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice, pairwise
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

N_THREADS = min(os.cpu_count() or 1, 4)
SLICE_LENGTH = 2**18
"""Of a range, what is worked on together: in shorter slices threads would wait for each other, in longer for memory."""
FEW = 4
"""Items of less than a millisecond from which on it is worth beginning threads."""


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


def in_turn(work: Callable[[Item], Result], items: Iterable[Item], *, few: int = FEW) -> Iterator[Result]:
    """Yield `work(item)` of each item, in order; meanwhile threads work on the next few, and no more are in memory.

    Fewer than `few` items are worked on without threads. Threads live until all is taken or the iterator is closed.
    """
    items = iter(items)
    first = deque(islice(items, few))
    if len(first) < few:
        yield from map(work, first)
        return
    begun: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(N_THREADS) as pool:
        for item in chain(_taken_from(first), items):
            begun.append(pool.submit(work, item))
            del item  # the worker alone holds it
            if len(begun) > N_THREADS + 1:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()


def _taken_from(queue: deque[Item]) -> Iterator[Item]:
    while queue:
        yield queue.popleft()
