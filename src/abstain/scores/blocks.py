"""Rows of logits block by block, each block on one thread.

torch divides every single operation among its threads and waits for the slowest of them. A block needs dozens of short
ones, and where other programs use the processors too, each of these waits may take longer than the arithmetic of the
block. So a thread takes a block as a whole, and then the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BLOCK_ELEMENTS = 2**16
"""Logits in one block of rows: 512 KiB in float64, so that a block and its temporaries stay in a processor's cache."""

THREAD_ELEMENTS = 2**22
"""Numbers of which a thread scores at least so many, some milliseconds, or else it is not worth its start."""


def in_blocks(
    work: Callable[[Tensor, slice], Tensor],
    rows: Tensor,
    dtype: torch.dtype = torch.float64,
    block_elements: int = BLOCK_ELEMENTS,
    elements_a_thread: int = THREAD_ELEMENTS,
) -> NDArray[Any]:
    """Apply `work` to every block of rows, and join what it gives in NumPy.

    Args:
        work: a copy of some rows (n, K) in `dtype`, which it may change, and which rows these are -> (..., n). The copy
            is on the device of `rows`, or on the CPU where that device has no float64. It is called on several threads
            at once, as many as torch has.
        rows: (N, K).
        dtype: of the copy.
        block_elements: numbers in a block.
        elements_a_thread: with fewer numbers a second thread is not worth its start.

    Returns:
        (..., N), in the order of the rows.
    """
    slices = block_slices(len(rows), rows.shape[1], block_elements)
    device = torch.device("cpu") if rows.device.type == "mps" else rows.device
    found: dict[int, NDArray[Any]] = {}
    left = iter(slices)  # the threads share it, and each takes what is next

    def run(_: int) -> None:
        with _one_thread():
            # the next block uses this memory again: new memory for each would cost more than the arithmetic
            buffer = torch.empty((slices[0].stop, rows.shape[1]), dtype=dtype, device=device)
            for some in left:
                block = buffer[: some.stop - some.start].copy_(rows[some])
                found[some.start] = work(block, some).cpu().numpy()

    worth = min(torch.get_num_threads(), len(slices), 1 + rows.numel() // elements_a_thread)
    _on_threads(run, worth if device.type == "cpu" else 1)
    return np.concatenate([found[some.start] for some in slices], axis=-1)


def block_slices(n_rows: int, n_columns: int, block_elements: int = BLOCK_ELEMENTS) -> list[slice]:
    """Which rows each block holds."""
    length = max(1, min(block_elements // n_columns, n_rows))
    return [slice(start, min(start + length, n_rows)) for start in range(0, n_rows, length)]


def _on_threads(run: Callable[[int], None], n_threads: int) -> None:
    if n_threads == 1:
        run(0)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(run, range(n_threads)))


def _one_thread() -> Any:
    """A context in which what torch computes on the thread that calls this stays on it."""
    torch.get_num_threads()  # sets the number of a new thread, which else the first operation would do
    return _openmp().limit(limits=1)


@cache
def _openmp() -> Any:
    from threadpoolctl import ThreadpoolController  # torch.set_num_threads changes the whole process

    return ThreadpoolController().select(user_api="openmp")


def by_block(numbers: NDArray[Any], n_columns: int) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Numbers (..., N) of rows with K columns, block by block: sums of these do not depend on how rows were batched."""
    for some in block_slices(numbers.shape[-1], n_columns):
        yield some, numbers[..., some]
