"""What figures read of each sample, in one pass over its logits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain._arrays import check_labels, check_logits, check_same_order
from abstain.scores.blocks import in_blocks
from abstain.scores.rows import LogitRows
from abstain.scores.softmax import log_odds

Array = NDArray[np.float64]
Pair = tuple[Any, Any]
"""Logits (n, K) and labels (n,)."""


@dataclass(frozen=True, eq=False)
class SampleValues:
    """Of each of N samples.

    Attributes:
        log_odds: (N,) float64, MSP as log-odds.
        max_logit: (N,) float64, the largest logit minus the mean of its row, which a shift of the row does not change.
        predicted: (N,) int64, the class of the largest logit.
        labels: (N,) int64.
        n_classes: K, at least 2.
    """

    log_odds: Array
    max_logit: Array
    predicted: NDArray[np.int64]
    labels: NDArray[np.int64]
    n_classes: int

    @property
    def error(self) -> NDArray[np.bool_]:
        """(N,) whether the predicted class is wrong."""
        return self.predicted != self.labels

    @classmethod
    def of(cls, batches: Iterable[Pair]) -> SampleValues:
        """From batches of logits (n, K), NumPy or torch on any device, not changed, and labels (n,) int in [0, K).

        Raises:
            InputError: as `scores.classification_error`.
        """
        read, labels, n_classes = [], [], 2
        for logits, of_logits in batches:
            check_same_order(logits=logits, labels=of_logits)
            rows = check_logits(logits)
            labels.append(check_labels(of_logits, n_samples=rows.shape[0], n_logits=rows.shape[1]))
            read.append(in_blocks(_read, rows))
            n_classes = max(rows.shape[1], 2)
        log_odds, max_logit, predicted = (np.concatenate(parts) for parts in zip(*read, strict=True))
        return cls(log_odds, max_logit, predicted.astype(np.int64), np.concatenate(labels), n_classes)


def _read(block: Tensor, _: slice) -> Tensor:
    """(3, n): MSP as log-odds, the centred largest logit, and its class."""
    rows = LogitRows(block)
    return torch.stack([log_odds(rows), rows.max_above_mean, rows.predicted[:, 0].double()])
