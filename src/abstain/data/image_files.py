"""Images decoded one by one as they are asked for, so that a set of any size takes no memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torchvision.transforms.v2.functional import pil_to_tensor
from tqdm.auto import tqdm
from transformers import BaseImageProcessor

from abstain._checks import InputError
from abstain.data.augmentation import Augmentation
from abstain.data.columns import read_labels
from abstain.data.decoding import read_image
from abstain.data.fingerprint import data_digest
from abstain.data.preprocessing import Preprocessing
from abstain.data.processors import PerChannel

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(eq=False)
class ImageFiles(torch.utils.data.Dataset[dict[str, Tensor]]):
    """A map-style data set of images of any sizes, for `Trainer`: items are `{"pixel_values", "labels"}`.

    Attributes:
        dataset: with a column `image` and a column `label` of integers; its images stay where they are.
        preprocessing: what is done to every image, whether it is augmented or not.
        split: for messages.
        augmentation: None leaves the images alone.
    """

    dataset: Dataset
    preprocessing: Preprocessing = field(repr=False)
    split: str = ""
    augmentation: Augmentation | None = None

    def __post_init__(self) -> None:
        if not len(self.dataset):
            raise InputError("the set of images is empty, but at least one image is needed")
        self.labels = torch.from_numpy(read_labels(self.dataset, "label"))
        self._epoch = 0

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        pixels = self._pixels(index) if self.augmentation is None else self._augmented(index, self.augmentation)
        return {"pixel_values": self.preprocessing.normalized(pixels), "labels": self.labels[index]}

    def _pixels(self, index: int) -> Tensor:
        return self.preprocessing.read(self.dataset, index, split=self.split)

    def _augmented(self, index: int, augmentation: Augmentation) -> Tensor:
        if augmentation.random_resized_crop:  # of the whole image
            pixels = pil_to_tensor(read_image(self.dataset, index, split=self.split))
        else:
            pixels = self._pixels(index)
        return augmentation.of_image(pixels, epoch=self._epoch, index=index)

    def augmented(self, augmentation: Augmentation) -> ImageFiles:
        """The same images, each changed anew in every epoch, as (seed, epoch, index) alone decide.

        A random resized crop is taken of the whole image, anything else of the resized one, as in memory.
        """
        if augmentation.random_resized_crop:
            augmentation = replace(augmentation, crop_size=self.preprocessing.size)
        augmentation.check_size(*self.preprocessing.size)
        return replace(self, augmentation=augmentation)

    def set_epoch(self, epoch: int) -> None:
        """Draw the augmentation of the epoch `epoch` (0, 1, …)."""
        self._epoch = epoch

    def in_bytes(self) -> Iterator[Tensor]:
        """All images as the processor resizes and crops them, (3, H, W) uint8, with a progress bar."""
        for index in tqdm(range(len(self)), desc="mean and standard deviation", unit="img", leave=False):
            yield self._pixels(index)

    def normalized_by(self, mean: PerChannel, std: PerChannel) -> ImageFiles:
        """The same images, with another mean and standard deviation of each channel."""
        return replace(self, preprocessing=self.preprocessing.normalized_by(mean, std))

    def fingerprint(self) -> str:
        """SHA-256 of all labels and of the stored bytes of 1,000 evenly spaced images (or all), in hexadecimal."""
        return data_digest(self.dataset, ["image"], self.labels.numpy()).hexdigest()

    def image_processor(self) -> BaseImageProcessor:
        """The processor that makes an image file the input this data set makes of it, to be saved beside a model."""
        return self.preprocessing.processor
