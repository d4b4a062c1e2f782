"""What goes into a model at once in an extraction, and what is written of what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


@dataclass
class Batch:
    """Rows of a data set ready for the model.

    Attributes:
        inputs: what the model takes, by name, of the rows that could be read.
        rows: their numbers.
        labels: (len(rows),) int64; none where the batch has masks.
        bad: the number of each row that could not be read, and why.
    """

    inputs: dict[str, Tensor]
    rows: list[int]
    labels: Tensor
    bad: dict[int, str]

    def measured(self, logits: Tensor) -> Columns:
        """What is written of the model's logits (B, K): themselves, the labels, and no `sample`."""
        return Columns(logits.float().cpu().numpy(), self.labels.numpy())


@dataclass(frozen=True, eq=False)
class Columns:
    """Logits (n, K) float32, labels (n,) int64, and of pixels the row of the image of each, (n,) int64."""

    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    sample: NDArray[np.int64] | None = None

    @classmethod
    def joined(cls, parts: Sequence[Columns], *, n_classes: int) -> Columns:
        """One after the other; of none of them, no row."""
        if not parts:
            return cls(np.zeros((0, n_classes), np.float32), np.zeros(0, np.int64))
        samples = [part.sample for part in parts if part.sample is not None]
        logits, labels = (np.concatenate([getattr(part, name) for part in parts]) for name in ("logits", "labels"))
        return cls(logits, labels, np.concatenate(samples) if samples else None)
