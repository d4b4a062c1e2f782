"""The labels of training, looked at before they reach a device, where a wrong one ends the process."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from abstain._checks import ArgumentError, InputError
from abstain.losses.targets import check_distributions, kind_of

IGNORED = -100
"""The label that does not count where neither the arguments nor the model say another; also what `Trainer` fills up
sentences with, so that those of all batches and processes are of one length."""


@dataclass(frozen=True)
class CheckedLabels:
    """A collator that looks at the labels of every batch while they are on the CPU.

    Attributes:
        collator: makes a batch of a list of items.
        name: what it calls the labels.
        n_logits: K of the model; 1 has the classes 0 and 1; None where the model does not say it.
        ignore_index: the label of samples that do not count.
    """

    collator: Callable[[list[Any]], Any]
    name: str
    n_logits: int | None
    ignore_index: int

    def __call__(self, items: list[Any]) -> Any:
        """The batch of the collator, with classes as int64.

        Raises:
            InputError: a label is no class, or no distribution over the classes.
        """
        batch = self.collator(items)
        labels = batch.get(self.name) if isinstance(batch, MutableMapping) else None
        if isinstance(labels, Tensor) and labels.numel():
            batch[self.name] = self._soft(labels) if labels.is_floating_point() else self._classes(labels)
        return batch

    def _soft(self, labels: Tensor) -> Tensor:
        if labels.ndim < 2 or self.n_logits not in (None, labels.shape[1]):
            raise InputError(
                f"labels hold {kind_of(labels)} in shape {tuple(labels.shape)}, as those of a regression do, but must "
                f"be classes, or distributions (N, {self.n_logits or 'K'}) over them"
            )
        check_distributions("labels", labels)
        return labels

    def _classes(self, labels: Tensor) -> Tensor:
        labels = labels.long()  # a narrow type has no room for every `ignore_index`, and would wrap it around
        if self.n_logits is None:
            return labels
        low, high = torch.aminmax(labels)
        highest = max(self.n_logits, 2) - 1
        if low >= 0 and high <= highest:  # looked at first: mostly so, and quick to tell
            return labels
        bad = labels[((labels < 0) | (labels > highest)) & (labels != self.ignore_index)]
        if len(bad):
            raise InputError(
                f"a label is {int(bad[0])}, but must be from 0 to {highest}, or {self.ignore_index} where it does not "
                "count: look at the data, at the model's num_labels and at ignore_index"
            )
        return labels


def ignored_label(given: int | None, model: Any) -> int:
    """The label of samples that do not count: what is given, else what the model's own loss leaves out, else -100."""
    if given is not None:
        return given
    config = getattr(model, "config", None)
    said = (getattr(config, name, None) for name in ("semantic_loss_ignore_index", "loss_ignore_index"))
    return next((int(label) for label in said if label is not None), IGNORED)


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
