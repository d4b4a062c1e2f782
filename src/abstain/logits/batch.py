"""What goes into a model at once in an extraction, and what is kept of what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

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

    inputs: dict[str, Any]
    rows: list[int]
    labels: Tensor
    bad: dict[int, str] = field(default_factory=dict)

    def labelled(self, logits: Tensor) -> LabelledLogits:
        """What is kept of the model's logits (B, K): themselves, the labels, and no `sample`."""
        return LabelledLogits(logits.float().cpu().numpy(), self.labels.cpu().numpy(), skipped=list(self.bad))


@dataclass(frozen=True, eq=False)
class LabelledLogits:
    """Rows of a logits data set.

    Attributes:
        logits: (n, K) float32.
        labels: (n,) int64.
        sample: of pixels the row of the image of each, (n,) int64.
        skipped: the rows of the data set that could not be read and are none of these.
    """

    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    sample: NDArray[np.int64] | None = None
    skipped: Sequence[int] = ()

    @classmethod
    def joined(cls, pieces: Sequence[LabelledLogits], *, n_classes: int) -> LabelledLogits:
        """One after the other; of none of them, no row."""
        if not pieces:
            return cls(np.zeros((0, n_classes), np.float32), np.zeros(0, np.int64))
        samples = [piece.sample for piece in pieces if piece.sample is not None]
        return cls(
            np.concatenate([piece.logits for piece in pieces]),
            np.concatenate([piece.labels for piece in pieces]),
            np.concatenate(samples) if samples else None,
            [row for piece in pieces for row in piece.skipped],
        )
