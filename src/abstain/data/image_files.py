"""Images decoded one by one as they are asked for, so that a set of any size takes no memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode, functional
from transformers import BaseImageProcessor

from abstain._checks import InputError
from abstain.data.augmentation import draw_crop
from abstain.data.columns import read_labels
from abstain.data.decoding import read_image
from abstain.data.fingerprint import data_digest
from abstain.data.processors import input_size, mean_and_std

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(eq=False)
class ImageFiles(torch.utils.data.Dataset[dict[str, Tensor]]):
    """A map-style data set of images of any sizes, for `Trainer`: items are `{"pixel_values", "labels"}`.

    Attributes:
        dataset: with a column `image` and a column `label` of integers; its images stay where they are.
        processor: makes of an image the input of the model when nothing is augmented.
        split: for messages.
        random_resized_crop: augment by a random crop of random size instead of a shift.
    """

    dataset: Dataset
    processor: BaseImageProcessor
    split: str = ""
    random_resized_crop: bool = False
    _augmentation: _Augmentation | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.labels = torch.from_numpy(read_labels(self.dataset, "label"))
        self.mean, self.std = mean_and_std(self.processor)
        if not len(self.labels):
            raise InputError("the set of images is empty, but at least one image is needed")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        image = read_image(self.dataset, index, split=self.split)
        if self._augmentation is None or not self.random_resized_crop:
            pixels = self.processor(image, return_tensors="pt")["pixel_values"][0]
        else:
            pixels = self._normalised(self._augmentation.resized_crop(functional.pil_to_tensor(image), index))
        if self._augmentation is not None and not self.random_resized_crop:
            pixels = self._augmentation.shifted(pixels, index, black=self._normalised(torch.zeros(3, 1, 1)))
        return {"pixel_values": pixels, "labels": self.labels[index]}

    def _normalised(self, pixels: Tensor) -> Tensor:
        mean, std = (torch.tensor(values)[:, None, None] for values in (self.mean, self.std))
        return (pixels.float() / 255 - mean) / std

    def augmented(self, *, crop_padding: int, flip: bool, seed: int) -> ImageFiles:
        """The same images, cropped at random and half of them mirrored if `flip`.

        With `random_resized_crop` a part of 8 to 100 % of the image is resized (bicubic), else the evaluated image is
        shifted by up to `crop_padding` pixels. What happens depends on (seed, epoch, index) alone.
        """
        augmentation = _Augmentation(input_size(self.processor), crop_padding, flip, seed)
        return replace(self, _augmentation=augmentation)

    def set_epoch(self, epoch: int) -> None:
        """Draw the augmentation of the epoch `epoch` (0, 1, …)."""
        if self._augmentation is not None:
            self._augmentation.epoch = epoch

    def fingerprint(self) -> str:
        """SHA-256 of all labels and of the stored bytes of 1,000 evenly spaced images (or all), in hexadecimal."""
        return data_digest(self.dataset, ["image"], self.labels.numpy()).hexdigest()

    def image_processor(self) -> BaseImageProcessor:
        """The processor that makes an image file the input of the model, to be saved beside it."""
        return self.processor


@dataclass
class _Augmentation:
    """Random crops and flips, drawn anew for each image of each epoch."""

    size: tuple[int, int]
    padding: int
    flip: bool
    seed: int
    epoch: int = 0

    def _generator(self, index: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, self.epoch, index))

    def _flipped(self, pixels: Tensor, generator: np.random.Generator) -> Tensor:
        return functional.horizontal_flip(pixels) if self.flip and generator.random() < 0.5 else pixels

    def resized_crop(self, pixels: Tensor, index: int) -> Tensor:
        generator = self._generator(index)
        box = draw_crop(generator, height=pixels.shape[-2], width=pixels.shape[-1])
        cut = functional.resized_crop(
            pixels, *box, size=list(self.size), interpolation=InterpolationMode.BICUBIC, antialias=True
        )
        return self._flipped(cut, generator)

    def shifted(self, pixels: Tensor, index: int, *, black: Tensor) -> Tensor:
        generator, (height, width) = self._generator(index), pixels.shape[-2:]
        padded = black.expand(-1, height + 2 * self.padding, width + 2 * self.padding).clone()
        padded[:, self.padding : self.padding + height, self.padding : self.padding + width] = pixels
        top, left = generator.integers(0, 2 * self.padding + 1, size=2).tolist()
        return self._flipped(padded[:, top : top + height, left : left + width], generator)
