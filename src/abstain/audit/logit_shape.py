"""The few numbers of each row of logits in which label smoothing shows: all that is kept of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain.scores.batches import ValueBatches
from abstain.scores.blocks import in_blocks
from abstain.scores.by_kind import as_logits, error_of
from abstain.scores.rows import LogitRows, as_pairs, warn_if_half
from abstain.scores.softmax import log_odds as log_odds_of

Array = NDArray[np.float64]
MOST_TIED = 0.5
"""With a larger share of rows whose least value several classes hold, the spread of the others says nothing."""


@dataclass(frozen=True, eq=False)
class LogitShape:
    """Of each sample what does not depend on a shift of its row.

    Attributes:
        error: (N,) in {0, 1}.
        log_odds: (N,) of MSP.
        height: (N,) the largest logit minus the mean of the row, the centred z_max.
        spread: (N,) standard deviation of the other logits, those that are not the largest.
        of_label: (N,) softmax probability of the label.
        squares: (N,) sum of the squares of the softmax, in [1/K, 1].
        is_tied: (N,) whether several classes hold the least logit of a row that is not constant, as where values were
            cut off or classes are masked.
    """

    error: Array
    log_odds: Array
    height: Array
    spread: Array
    of_label: Array
    squares: Array
    is_tied: NDArray[np.bool_]

    @property
    def has_ties(self) -> bool:
        """Whether so many rows are tied that what is said of the other logits is said of the least."""
        return bool(self.is_tied.mean() > MOST_TIED)

    @classmethod
    def of(cls, values: ValueBatches) -> LogitShape:
        """In one pass over the values, row block by row block.

        Raises:
            InputError: probabilities of exactly 0, which have no logarithm.
        """
        error, of_rows = zip(*_pieces(values), strict=True)
        log_odds, height, spread, of_label, squares, is_tied = np.concatenate(of_rows, axis=1)
        return cls(np.concatenate(error), log_odds, height, spread, of_label, squares, is_tied > 0)


def _pieces(values: ValueBatches) -> Iterator[tuple[Array, Array]]:
    for batch in values.batches():
        rows = as_pairs(as_logits(batch))
        warn_if_half(batch.rows)
        labels = torch.tensor(batch.labels, device="cpu" if rows.device.type == "mps" else rows.device)
        yield error_of(batch), in_blocks(partial(_shape_of, labels=labels), rows)


def _shape_of(block: Tensor, some: slice, labels: Tensor) -> Tensor:
    """(6, n) the numbers of `LogitShape` after the error."""
    rows = LogitRows(block.sub_(block.mean(dim=1, keepdim=True)))
    log_odds, least = log_odds_of(rows), block.amin(dim=1, keepdim=True)
    of_label = torch.exp(block.gather(1, labels[some, None])[:, 0] - rows.top[:, 0]) / rows.denominator
    squares = (1.0 + rows.small**2 * rows.sum_others_squared) / rows.denominator**2
    is_tied = ((block == least).sum(dim=1) > 1) & (rows.top > least)[:, 0]
    height = rows.top[:, 0].clone()
    return torch.stack([log_odds, height, _spread(block, rows), of_label, squares, is_tied.double()])


def _spread(block: Tensor, rows: LogitRows) -> Tensor:
    """(n,) it changes the block."""
    n_others = block.shape[1] - 1
    block.scatter_(1, rows.predicted, 0.0)
    of_others = block.sum(dim=1, keepdim=True) / n_others
    deviations = block.sub_(of_others).scatter_(1, rows.predicted, 0.0)
    return torch.linalg.vector_norm(deviations, dim=1) / n_others**0.5
