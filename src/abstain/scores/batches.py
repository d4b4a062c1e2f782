"""Values that may be more than memory holds: gone through batch by batch, as often as needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain.scores.blocks import BLOCK_ELEMENTS
from abstain.scores.kind_names import Kind
from abstain.scores.kinds import Values

BATCH_ELEMENTS = 2**22
"""Values in a batch, 16 MiB in float32: enough that what each call costs is nothing beside its arithmetic."""

Pair = tuple[Tensor, NDArray[np.int64]]
"""Rows (n, K) and their labels (n,)."""


@dataclass(frozen=True, eq=False)
class ValueBatches:
    """What a classifier said of samples, and what it is, without the rows themselves.

    Attributes:
        kind: one of `KINDS`.
        n_samples: N, of those that count.
        n_columns: K.
        read: about how many rows a piece shall have -> one pass over all rows and labels, in pieces of any length.
        n_ignored: how many samples were left out, because their label is the one to ignore.
    """

    kind: Kind
    n_samples: int
    n_columns: int
    read: Callable[[int], Iterable[Pair]] = field(repr=False)
    n_ignored: int = 0

    @classmethod
    def of(cls, values: Values) -> Self:
        """Values that are in memory."""
        rows, labels = values.rows, values.labels
        return cls(values.kind, len(rows), rows.shape[1], lambda _: [(rows, labels)], values.n_ignored)

    def batches(self, block_elements: int = BLOCK_ELEMENTS) -> Iterator[Values]:
        """One pass over all samples, in their order.

        Every batch but the last holds whole blocks of `block_elements` values, as scores cut them: so what is computed
        of batches is what is computed of all rows at once, to the last bit.
        """
        block = max(1, block_elements // self.n_columns)
        length = block * max(1, BATCH_ELEMENTS // (block * self.n_columns))
        for rows, labels in regrouped(self.read(length), length):
            yield Values(self.kind, rows, labels)

    def same_as(self, other: ValueBatches) -> bool:
        """Whether both hold the same numbers and labels; it is enough to read up to the first that differs.

        Equal rows with other labels are other samples, of a model that says the same of all.
        """
        if (self.n_samples, self.n_columns) != (other.n_samples, other.n_columns):
            return False
        pairs = zip(self.batches(), other.batches(), strict=True)
        return all(
            bool((one.rows == another.rows).all()) and np.array_equal(one.labels, another.labels)
            for one, another in pairs
        )


def regrouped(pieces: Iterable[Pair], length: int) -> Iterator[Pair]:
    """The same rows in pieces of `length`, but for the last one; nothing is copied where a piece need not be joined."""
    held: list[Pair] = []
    n_held = 0
    for piece in pieces:
        held.append(piece)
        n_held += len(piece[1])
        if n_held >= length:
            rows, labels = _joined(held)
            whole = n_held - n_held % length
            yield from ((rows[i : i + length], labels[i : i + length]) for i in range(0, whole, length))
            held, n_held = [(rows[whole:], labels[whole:])], n_held - whole
    if n_held:
        yield _joined(held)


def _joined(pieces: list[Pair]) -> Pair:
    filled = [piece for piece in pieces if len(piece[1])]
    if len(filled) == 1:
        return filled[0]
    return torch.cat([rows for rows, _ in filled]), np.concatenate([labels for _, labels in filled])
