"""Of losses of samples the one number that is minimised."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

Reduction = Literal["mean", "sum", "none"]
REDUCTIONS = ("mean", "sum", "none")


def reduced(losses: Tensor, counts: Tensor, reduction: Reduction) -> Tensor:
    """Losses of samples, which each count something already: as they are, their sum, or that over what counts.

    Args:
        losses: (N, …), 0 where a sample does not count.
        counts: (N, …), as `sample_weights` gives them.
        reduction: "mean" is 0 where nothing counts.
    """
    if reduction == "none":
        return losses
    return mean_over(losses.sum(), counts) if reduction == "mean" else losses.sum()


def mean_over(total: Tensor, counts: Tensor) -> Tensor:
    """A sum over samples, divided by what they count; 0 where nothing does."""
    count = counts.sum()
    return total / count.where(count > 0, 1)
