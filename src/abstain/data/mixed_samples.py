"""A data set whose samples are mixed with each other, inputs and labels alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import one_hot
from torch.utils.data import Dataset

from abstain._checks import ArgumentError, InputError
from abstain.data.items import items_of
from abstain.data.mixing import Mixes, Mixing, mix_inputs, weighted

ASKED = "mixup_alpha and cutmix_alpha"
"""The arguments of training that ask for it."""


@dataclass(eq=False)
class MixedSamples(Dataset[dict[str, Tensor]]):
    """The samples of a map-style data set, each mixed anew in every epoch with another one of it.

    Both are as they are in that epoch, each with the augmentation of its own index; their labels become one
    distribution over the classes. What a sample becomes depends on (seed, epoch, index), whatever the batch.

    Attributes:
        dataset: items have one input of floats, such as `pixel_values`, and a label.
        mixing: what is drawn.
        n_logits: K, the length of the distributions; of 1 they are the probability of class 1.
        label_name: what the items call their label, a class or a distribution (K,).

    Raises:
        InputError: a data set without a length or samples, labels of pixels or tokens, inputs that are no floats or
            more than one, or CutMix of what is no image.
    """

    dataset: Any
    mixing: Mixing
    n_logits: int
    label_name: str = "labels"

    def __post_init__(self) -> None:
        self._epoch, self._drawn = 0, cast("Mixes | None", None)
        if not (hasattr(self.dataset, "__len__") and hasattr(self.dataset, "__getitem__") and len(self.dataset)):
            raise ArgumentError(
                f"{ASKED} choose a partner among numbered samples, but the training set has no length, or none: leave "
                "them out"
            )
        item = self.dataset[0]
        if self.label_name not in item:
            raise InputError(f"{ASKED} mix labels, but the training samples have no {self.label_name!r}: name them")
        label = torch.as_tensor(item[self.label_name])
        if label.ndim and not label.is_floating_point():
            raise ArgumentError(
                f"{ASKED} mix samples of one class each, but the labels of the training set are of pixels or tokens: "
                "leave them out"
            )
        self._input_name = self._name_of_input(item)

    def _name_of_input(self, item: dict[str, Any]) -> str:
        names = [name for name in item if name != self.label_name]
        if len(names) != 1 or not _is_float(item[names[0]]):
            raise ArgumentError(
                f"{ASKED} mix one input of floats, such as images or encoded rows of a table, but the training samples "
                f"have {', '.join(names) or 'none'}: leave them out"
            )
        shape = tuple(torch.as_tensor(item[names[0]]).shape)
        if self.mixing.cutmix_alpha and len(shape) != 3:
            raise ArgumentError(
                f"cutmix_alpha pastes a part of an image (C, H, W), but {names[0]} has the shape {shape}: take "
                "mixup_alpha"
            )
        return names[0]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[dict[str, Tensor]]:
        """The items of a batch, which are read together with their partners."""
        mixes = self._of_epoch().of(indices)
        items = items_of(self.dataset, [*indices, *mixes.partner.tolist()])
        own, partners = slice(len(indices)), slice(len(indices), None)
        inputs, targets = self._column(items, self._input_name), self._targets(items)
        mixed, shares = mix_inputs(inputs[own], inputs[partners], mixes)
        targets = weighted(targets[own], targets[partners], shares)
        return [{self._input_name: one, self.label_name: target} for one, target in zip(mixed, targets, strict=True)]

    def _of_epoch(self) -> Mixes:
        """What is drawn for all samples in this epoch, once."""
        if self._drawn is None:
            self._drawn = self.mixing.draw(len(self), epoch=self._epoch)
        return self._drawn

    @staticmethod
    def _column(items: list[dict[str, Any]], name: str) -> Tensor:
        columns = [torch.as_tensor(item[name]) for item in items]
        if len({column.shape for column in columns}) > 1:
            raise InputError(f"{ASKED} mix samples of one shape, but {name} has several: resize them, or leave it out")
        return torch.stack(columns)

    def _targets(self, items: list[dict[str, Any]]) -> Tensor:
        """The labels as distributions (n, K)."""
        labels = self._column(items, self.label_name)
        if labels.is_floating_point():
            return labels
        highest = max(self.n_logits, 2) - 1
        if bad := labels[(labels < 0) | (labels > highest)].tolist():
            raise InputError(
                f"a label is {bad[0]}, but {ASKED} need one from 0 to {highest}, and none that does not count: leave "
                "such samples out of the training set"
            )
        return labels.float()[:, None] if self.n_logits == 1 else one_hot(labels.long(), self.n_logits).float()

    def set_epoch(self, epoch: int) -> None:
        """Draw for the epoch `epoch` (0, 1, …), here and in the data set itself."""
        self._epoch, self._drawn = epoch, None
        if hasattr(self.dataset, "set_epoch"):
            self.dataset.set_epoch(epoch)


def _is_float(value: Any) -> bool:
    try:
        return torch.as_tensor(value).is_floating_point()
    except (TypeError, ValueError, RuntimeError):  # of texts, or of lists of unequal lengths
        return False
