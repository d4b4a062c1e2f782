"""A data set whose inputs are tensors in memory, one row a sample."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from abstain._checks import InputError


@dataclass(frozen=True, eq=False)
class TensorRows(torch.utils.data.Dataset[dict[str, Tensor]]):
    """A map-style data set for `Trainer`: items are the rows of `inputs`, by their names, and `labels`.

    Attributes:
        inputs: name -> (N, ...) tensor.
        labels: (N,) int64.

    Raises:
        InputError: the data set is empty, or an input has another number of rows.
    """

    inputs: Mapping[str, Tensor]
    labels: Tensor

    def __post_init__(self) -> None:
        if not len(self.labels):
            raise InputError("the data set is empty, but at least one sample is needed")
        for name, values in self.inputs.items():
            if len(values) != len(self.labels):
                raise InputError(f"{name} has {len(values)} rows and labels have {len(self.labels)}: not equal")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {name: values[index] for name, values in self.inputs.items()} | {"labels": self.labels[index]}

    def fingerprint(self) -> str:
        """SHA-256 of all inputs and labels, in hexadecimal."""
        digest = hashlib.sha256()
        for values in (*self.inputs.values(), self.labels):
            digest.update(values.numpy().tobytes())
        return digest.hexdigest()
