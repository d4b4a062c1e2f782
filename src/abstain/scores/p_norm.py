"""The max logit over the p-norm of a block of rows, for every p of a grid at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import torch
from torch import Tensor

MAX_MULTIPLIED = 64
"""Whole exponents up to here are made by repeated multiplication, which is far faster than a power each."""


class PNorms:
    """The score of a block of rows for every p, in the memory of the block and of one more."""

    def __init__(self, grid: Sequence[float], *, center: bool) -> None:
        self.grid, self.center = grid, center
        self.multiplied = all(p == int(p) and p <= MAX_MULTIPLIED for p in grid)
        self._of_thread = threading.local()  # each thread that scores blocks has memory of its own

    def __call__(self, block: Tensor) -> Tensor:
        """(P, n), from a block (n, K) that is changed."""
        high, low = block.amax(dim=1), block.amin(dim=1)
        _divide_by_largest(block, high, low)  # so that neither the mean nor a power overflows; equal logits are ±1
        if self.center:
            mean = block.mean(dim=1)
            block -= mean[:, None]
            high, low = high - mean, low - mean
        largest = _divide_by_largest(block, high, low)
        sums = self._power_sums(block.abs_())
        confidence = high / sums.pow_(1 / sums.new_tensor(self.grid)[:, None])
        return confidence.where(largest > 0, -1.0)

    def _power_sums(self, magnitude: Tensor) -> Tensor:
        """(P, n): the sum of |z|^p along each row for every p; whole exponents by repeated multiplication."""
        if not self.multiplied:
            return torch.stack([magnitude.pow(p).sum(dim=1) for p in self.grid])
        power = self._memory_for(magnitude).copy_(magnitude)
        sums = {1.0: magnitude.sum(dim=1)}
        for exponent in range(2, int(max(self.grid)) + 1):
            power *= magnitude
            sums[float(exponent)] = power.sum(dim=1)
        return torch.stack([sums[p] for p in self.grid])

    def _memory_for(self, block: Tensor) -> Tensor:
        """A block of that shape, in the memory of the one before."""
        held = getattr(self._of_thread, "power", None)
        if held is None or len(held) < len(block):
            held = self._of_thread.power = torch.empty_like(block)
        return held[: len(block)]


def _divide_by_largest(block: Tensor, high: Tensor, low: Tensor) -> Tensor:
    """Divide each row and its extremes, in place, by its largest magnitude, which is returned; rows of zeros stay."""
    largest = torch.maximum(high, -low)
    divisor = largest.where(largest > 0, 1.0)
    block /= divisor[:, None]
    high /= divisor
    low /= divisor
    return largest
