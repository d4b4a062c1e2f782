"""Images with a class for every pixel: decoded when read, augmented by (seed, epoch, index)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import Tensor
from transformers import SegformerImageProcessor

from abstain._checks import ArgumentError, InputError
from abstain.data.augmentation import Augmentation
from abstain.data.columns import find_column
from abstain.data.decoding import decode_pair
from abstain.data.normalization import Normalization

if TYPE_CHECKING:
    import datasets


@dataclass(eq=False)
class SegmentationImages(torch.utils.data.Dataset[dict[str, Tensor]]):
    """A map-style data set for `Trainer`: items are `{"pixel_values": (3, H, W) float, "labels": (H, W) int64}`.

    Attributes:
        source: with a column `image` of images and a column `annotation` of masks, of one channel of class ids.
        n_classes: K; labels are from 0 to K - 1, or `ignore_index`.
        ignore_index: the label of pixels that do not count.
        label_ids: the id that each class has in the masks, and every other id is ignored; None takes the ids in the
            masks for the labels.
        mean: of each channel, in fractions of full scale.
        std: likewise, above 0.
        augmentation: None leaves the images whole.
    """

    source: datasets.Dataset
    n_classes: int
    ignore_index: int
    label_ids: Sequence[int] | None = None
    mean: Sequence[float] = IMAGENET_DEFAULT_MEAN
    std: Sequence[float] = IMAGENET_DEFAULT_STD
    augmentation: Augmentation | None = None

    def __post_init__(self) -> None:
        for name in ("image", "annotation"):
            find_column(self.source, name, name)
        check_label_ids(self.label_ids, n_classes=self.n_classes, ignore_index=self.ignore_index)
        self._epoch = 0
        self._normalize = Normalization(self.mean, self.std)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """One image.

        Raises:
            InputError: it does not decode, its mask has another size, or a label is no class.
        """
        image, ids = decode_pair(self.source, index)
        labels = class_labels(
            ids, n_classes=self.n_classes, ignore_index=self.ignore_index, label_ids=self.label_ids, index=index
        )
        pixels = torch.from_numpy(image).permute(2, 0, 1)
        if self.augmentation is not None:
            pixels, labels = self.augmentation.of_pair(
                pixels, labels, epoch=self._epoch, index=index, ignore_index=self.ignore_index
            )
        return {"pixel_values": self._normalize(pixels), "labels": labels.contiguous()}

    def augmented(self, augmentation: Augmentation) -> SegmentationImages:
        """The same images, each with its part cut out, mirrored and coloured anew in every epoch."""
        return replace(self, augmentation=augmentation)

    def set_epoch(self, epoch: int) -> None:
        """Draw the augmentation of the epoch `epoch` (0, 1, …)."""
        self._epoch = epoch

    def fingerprint(self) -> str:
        """SHA-256 of all image files and masks as they are stored, in hexadecimal."""
        from datasets import Image

        digest = hashlib.sha256()
        stored = self.source.select_columns(["image", "annotation"])
        for column in ("image", "annotation"):
            stored = stored.cast_column(column, Image(decode=False))
        for row in stored:
            for file in (row["image"], row["annotation"]):
                digest.update(file["bytes"] if file["bytes"] is not None else Path(file["path"]).read_bytes())
        return digest.hexdigest()

    def image_processor(self) -> SegformerImageProcessor:
        """The processor that makes an image file the input this data set makes of it, to be saved beside a model."""
        return SegformerImageProcessor(do_resize=False, image_mean=list(self.mean), image_std=list(self.std))


def check_label_ids(label_ids: Sequence[int] | None, *, n_classes: int, ignore_index: int) -> None:
    """Check that there is an id for each class, and that no class is ignored.

    Raises:
        InputError: otherwise.
    """
    if label_ids is not None and len(label_ids) != n_classes:
        raise ArgumentError(f"there are {len(label_ids)} label_ids and {n_classes} classes: not equal")
    if 0 <= ignore_index < n_classes:
        raise ArgumentError(f"ignore_index is {ignore_index}, but classes have the labels 0 to {n_classes - 1}")


def class_labels(
    ids: np.ndarray, *, n_classes: int, ignore_index: int, label_ids: Sequence[int] | None, index: int
) -> Tensor:
    """The label of each pixel, from 0 to `n_classes` - 1 or `ignore_index`, (H, W) int64, of the ids in a mask (H, W).

    Args:
        ids: (H, W) unsigned integers.
        n_classes: K.
        ignore_index: the label of pixels that do not count.
        label_ids: the id of each class, and every other id is ignored; None takes the ids for the labels.
        index: the number of the image, for messages.

    Raises:
        InputError: without `label_ids`, an id is neither a class nor `ignore_index`.
    """
    labels = torch.from_numpy(ids).long()
    if label_ids is not None:
        table = torch.full((max(int(labels.max()), *label_ids) + 1,), ignore_index)
        table[torch.tensor(label_ids)] = torch.arange(n_classes)
        return table[labels]
    wrong = labels[(labels != ignore_index) & (labels >= n_classes)]
    if len(wrong):
        raise InputError(
            f"the mask of image {index} has the label {int(wrong[0])}, but labels must be from 0 to {n_classes - 1} or "
            f"ignore_index = {ignore_index}"
        )
    return labels
