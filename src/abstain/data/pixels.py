"""Labelled pixels of images, a seeded few of each: the same ones for every model, on every machine."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from abstain._checks import ArgumentError
from abstain.data.masks import check_label_ids, class_labels


def choose_pixels(labels: Any, *, count: int, seed: int, index: int, ignore_index: int = -100) -> Tensor:
    """The labels of an image with all but `count` of them ignored, chosen by (seed, index) and the labels alone.

    Args:
        labels: (H, W) int, `ignore_index` where there is none. Not changed.
        count: how many to keep; all of them if there are fewer.
        seed: of the choice, whatever the seed of training.
        index: the number of the image in its set.
        ignore_index: the label of pixels that do not count.

    Returns:
        (H, W) int64.
    """
    labels = torch.as_tensor(labels).long()
    labelled = (labels.flatten() != ignore_index).nonzero().flatten()
    if len(labelled) <= count:
        return labels
    chosen = np.random.default_rng((seed, index)).choice(len(labelled), size=count, replace=False)
    kept = labelled[torch.from_numpy(chosen)]
    return torch.full_like(labels, ignore_index).flatten().index_copy_(0, kept, labels.flatten()[kept]).view_as(labels)


@dataclass(eq=False)
class ChosenPixels(Dataset[dict[str, Any]]):
    """The items of a data set, with the labels that `choose_pixels` leaves of them."""

    dataset: Dataset[Any]
    count: int
    seed: int
    ignore_index: int

    def __len__(self) -> int:
        return len(cast(Sized, self.dataset))

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = dict(self.dataset[index])
        item["labels"] = choose_pixels(
            item["labels"], count=self.count, seed=self.seed, index=index, ignore_index=self.ignore_index
        )
        return item


def has_dense_labels(dataset: Any) -> bool:
    """Whether each item of a map-style data set has `labels` (H, W), as segmentation does."""
    if isinstance(dataset, torch.utils.data.IterableDataset) or not (hasattr(dataset, "__len__") and len(dataset)):
        return False
    item = dataset[0]
    return isinstance(item, dict) and item.get("labels") is not None and np.ndim(item["labels"]) == 2


@dataclass(frozen=True)
class PixelChoice:
    """Which pixels of an image count, and as what.

    Attributes:
        n_classes: K; labels are from 0 to K - 1, or `ignore_index`.
        count: labelled pixels of an image at most.
        seed: of their choice; with the same count, the same pixels for every model.
        ignore_index: the label of pixels that do not count.
        label_ids: the id that each class has in the masks, and every other id is ignored; None takes the ids in the
            masks for the labels.

    Raises:
        InputError: a count below 1, another number of `label_ids` than of classes, or a class that is ignored.
    """

    n_classes: int
    count: int = 5000
    seed: int = 0
    ignore_index: int = -100
    label_ids: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ArgumentError(f"the count of pixels is {self.count}, but must be at least 1")
        check_label_ids(self.label_ids, n_classes=self.n_classes, ignore_index=self.ignore_index)

    def labels(self, ids: np.ndarray, *, index: int) -> Tensor:
        """Of the ids (H, W) in the mask of image `index`, the labels (H, W) of the pixels that count; no other has one.

        Raises:
            InputError: as `class_labels`.
        """
        kinds = {"ignore_index": self.ignore_index, "index": index}
        labels = class_labels(ids, n_classes=self.n_classes, label_ids=self.label_ids, **kinds)
        return choose_pixels(labels, count=self.count, seed=self.seed, **kinds)
