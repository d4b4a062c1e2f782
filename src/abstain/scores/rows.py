"""Rows of logits, block by block in float64: what every score reads of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain.scores.blocks import BLOCK_ELEMENTS, in_blocks

GEN_EXPONENT, GEN_CLASSES = 0.1, 100
"""Of the generalised entropy: γ and M of Liu et al. 2023 for ImageNet."""

NORMALIZED_WITHIN = 1e-3
"""How near to 1 (or its logarithm to 0) the sum of every row must be to look like probabilities, even in float16."""


class LogitRows:
    """A block of rows of logits (n, K), and what several scores read of it, computed when first asked for.

    Everything is relative to the largest of the *other* logits, those that are not the predicted class: their sum of
    exponentials is at least 1, so that no score loses what a confident row says of its errors.
    """

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits if logits.shape[1] > 1 else torch.cat([torch.zeros_like(logits), logits], dim=1)
        self.top, self.predicted = self.logits.max(dim=1, keepdim=True)

    @cached_property
    def _others(self) -> Tensor:
        """(n, K) the logits, with -inf for the predicted class."""
        return self.logits.scatter(1, self.predicted, -torch.inf)

    @property
    def max_above_mean(self) -> Tensor:
        """(n,) the largest logit minus the mean of the row, which no shift of the row moves."""
        return self.top[:, 0] - self.logits.mean(dim=1)

    @cached_property
    def second(self) -> Tensor:
        """(n, 1) the largest of the other logits."""
        return self._others.amax(dim=1, keepdim=True)

    @property
    def gap(self) -> Tensor:
        """(n,) the largest logit minus the second."""
        return (self.top - self.second)[:, 0]

    @cached_property
    def _weights(self) -> Tensor:
        """(n, K) exponentials of the other logits minus the second; 0 for the predicted class."""
        return self._others.sub_(self.second).exp_()  # in its memory: only `second`, cached by now, reads the others

    @cached_property
    def sum_others(self) -> Tensor:
        """(n,) the sum of the weights, from 1 to K - 1."""
        return self._weights.sum(dim=1)

    @property
    def sum_others_squared(self) -> Tensor:
        """(n,) the sum of their squares."""
        return torch.linalg.vector_norm(self._weights, dim=1).square()  # no block of products, in new memory each time

    @property
    def sum_others_gap(self) -> Tensor:
        """(n,) the sum of weight times distance below the largest logit."""
        return torch.linalg.vecdot(self._weights, (self.top - self.logits).clamp_(max=torch.finfo(torch.float64).max))

    def largest_others(self, most: int) -> Tensor:
        """(n, at least min(most, K - 1)) the largest of the other logits minus the second, and -inf for any beyond."""
        below_second = (self.logits - self.second).scatter_(1, self.predicted, -torch.inf)
        if below_second.shape[1] <= most:
            return below_second
        return below_second.topk(most, dim=1, sorted=False).values

    @cached_property
    def small(self) -> Tensor:
        """(n,) the ratio of the second exponential to the first, in (0, 1]."""
        return torch.exp(-self.gap)

    @cached_property
    def denominator(self) -> Tensor:
        """(n,) the sum of all exponentials over the largest, in [1, K]."""
        return 1.0 + self.small * self.sum_others

    @cached_property
    def log_probability(self) -> Tensor:
        """(n,) log p of the predicted class."""
        return -torch.log1p(self.small * self.sum_others)

    @property
    def log_remainder(self) -> Tensor:
        """(n,) log(1 - p) of the predicted class, from the other logits."""
        return self.sum_others.log() - self.gap + self.log_probability


def score_in_blocks(
    logits: Tensor,
    score: Callable[[Tensor], Tensor],
    dtype: torch.dtype = torch.float64,
    block_elements: int = BLOCK_ELEMENTS,
) -> NDArray[np.float64]:
    """Apply `score`, (n, K) -> (..., n), to the blocks of `in_blocks`, which it may change; joined in NumPy."""
    warn_if_half(logits)
    return in_blocks(lambda block, _: score(block), logits, dtype, block_elements)


def warn_if_half(logits: Tensor) -> None:
    """Warn of half precision."""
    if logits.dtype.itemsize < 4:
        warnings.warn(
            f"logits are {str(logits.dtype).removeprefix('torch.')}: rounding ties many samples, and ties lose the "
            "order in which to abstain; compute the last layer in float32",
            stacklevel=1,  # one place for all callers, so that it is shown once
        )


def warn_if_normalized(logits: Tensor, *, log_too: bool) -> None:
    """Warn if rows look like probabilities, of which no score makes sense, or like log-probabilities with `log_too`.

    Log-probabilities have lost the shift of the rows, which some scores read.
    """
    rows = logits[: max(1, BLOCK_ELEMENTS // logits.shape[1])]
    low, high = torch.aminmax(rows)
    if low < 0 < high:
        return
    rows = rows.cpu().double()
    is_probability = bool(low >= 0) and bool(((rows.sum(dim=1) - 1).abs() < NORMALIZED_WITHIN).all())
    is_log_probability = bool(high <= 0) and bool((rows.logsumexp(dim=1).abs() < NORMALIZED_WITHIN).all())
    if is_probability and logits.shape[1] > 1:
        warnings.warn("the rows look like probabilities, but must be logits: take their logarithm", stacklevel=1)
    elif is_log_probability and log_too and logits.shape[1] > 1:
        warnings.warn(
            "the rows look like log-probabilities, but this score needs logits as the model puts them out, before "
            "softmax; msp and a centred norm do not",
            stacklevel=1,
        )


def as_pairs(logits: Tensor) -> Tensor:
    """One logit as the pair (0, z) that it stands for."""
    return torch.cat([torch.zeros_like(logits), logits], dim=1) if logits.shape[1] == 1 else logits
