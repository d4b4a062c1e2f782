"""The labels of training, looked at before they reach a device, where a wrong one ends the process."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from abstain._checks import ArgumentError, InputError

IGNORED = -100
"""The label that does not count where neither the arguments nor the model say another; also what `Trainer` fills up
sentences with, so that those of all batches and processes are of one length."""


@dataclass(frozen=True)
class CheckedLabels:
    """A collator that looks at the labels of every batch while they are on the CPU.

    Attributes:
        collator: makes a batch of a list of items.
        name: what it calls the labels.
        n_logits: K of the model; 1 has the classes 0 and 1.
        ignore_index: the label of samples that do not count.
    """

    collator: Callable[[list[Any]], Any]
    name: str
    n_logits: int
    ignore_index: int

    def __call__(self, items: list[Any]) -> Any:
        """The batch of the collator.

        Raises:
            InputError: a label is no class.
        """
        batch = self.collator(items)
        labels = batch.get(self.name) if isinstance(batch, MutableMapping) else None
        if isinstance(labels, Tensor) and not labels.is_floating_point() and labels.numel():
            wrong = self._wrong(labels)
            if wrong is not None:
                raise InputError(
                    f"a label is {wrong}, but must be from 0 to {self._highest}, or {self.ignore_index} where it does "
                    "not count: look at the data, at the model's num_labels and at ignore_index"
                )
        return batch

    @property
    def _highest(self) -> int:
        return max(self.n_logits, 2) - 1

    def _wrong(self, labels: Tensor) -> int | None:
        low, high = torch.aminmax(labels)
        if low >= 0 and high <= self._highest:  # looked at first: mostly so, and quick to tell
            return None
        bad = labels[((labels < 0) | (labels > self._highest)) & (labels != self.ignore_index)]
        return int(bad[0]) if len(bad) else None


def ignored_label(given: int | None, model: Any) -> int:
    """The label of samples that do not count: what is given, else what the model's own loss leaves out, else -100."""
    if given is not None:
        return given
    return int(getattr(getattr(model, "config", None), "semantic_loss_ignore_index", IGNORED))


def label_name(names: list[str]) -> str:
    """What a trainer calls the labels of a batch: the only one of its `label_names`, or `labels` without any.

    Raises:
        InputError: there are several.
    """
    if len(names) > 1:
        raise ArgumentError(
            f"the model or label_names have several labels ({', '.join(names)}), but a classifier has one a sample: "
            "name it in label_names"
        )
    return names[0] if names else "labels"


def named_classes(model: Any) -> tuple[str, ...] | None:
    """What a model calls its classes, in their order; None where it has only numbers, or one logit for two of them."""
    names = getattr(getattr(model, "config", None), "id2label", None) or {}
    found = tuple(str(names[index]) for index in sorted(names))
    return None if len(found) < 2 or found == tuple(f"LABEL_{index}" for index in range(len(found))) else found
