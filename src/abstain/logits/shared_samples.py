"""Which samples of one set are also in another, as far as their values and labels tell."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain.logits.predictions import CONFIDENCE, Predictions
from abstain.scores.batches import ValueBatches, regrouped

Prints = NDArray[np.uint64]
MOST_SHARED = 0.1
"""The share of samples that may be equal to others beyond what is seen within one set: inputs come twice in data."""
AT_ONCE = 2**20
"""Values that are looked at together, 8 MiB."""


def n_shared(one: Any, other: Any) -> int:
    """How many samples of the one are samples of the other too; 0 where that cannot be told.

    In memory all rows are compared, in any order. Rows that rounding made alike, such as probabilities of two digits,
    tell nothing; of these, and of what is read in batches, only the whole set can be the same.

    Args:
        one: predictions of N samples, in memory or opened.
        other: predictions of the same kind.
    """
    if not (isinstance(one, Predictions) and isinstance(other, Predictions)):
        return len(one) if other.in_batches().same_as(one.in_batches()) else 0
    if one.kind != CONFIDENCE and one.in_batches().n_columns != other.in_batches().n_columns:
        return 0
    prints, others = np.sort(_prints(one)), np.sort(_prints(other))
    if np.array_equal(prints, others):
        return len(one)
    alike = 1 - len(np.unique(others)) / len(others)
    found = int(np.isin(prints, others).sum())
    return found if found > (MOST_SHARED + 2 * alike) * len(prints) else 0


def _prints(samples: Predictions) -> Prints:
    """(N,) a number that equal values and labels share, and others as good as never."""
    if samples.confidence is not None and samples.error is not None:
        return _mixed(np.column_stack([samples.confidence, samples.error]))
    values: ValueBatches = samples.in_batches()
    length = max(1, AT_ONCE // values.n_columns)
    pairs = regrouped(values.read(length), length)
    return np.concatenate([_mixed(np.column_stack([rows.double().cpu().numpy(), labels])) for rows, labels in pairs])


def _mixed(columns: NDArray[Any]) -> Prints:
    """(N,) sums of the bits of the columns (N, M), each multiplied by an odd number of its own, which overflow."""
    bits = (columns.astype(np.float64, order="C") + 0.0).view(np.uint64)  # -0.0 becomes 0.0
    bits ^= bits >> np.uint64(32)
    odd = np.random.default_rng(0).integers(0, 2**63, bits.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    bits *= odd
    bits ^= bits >> np.uint64(29)
    return np.add.reduce(bits, axis=1, dtype=np.uint64)
