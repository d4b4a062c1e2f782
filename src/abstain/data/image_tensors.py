"""Images held in memory: decoded once, in bytes, and normalised and augmented when they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torchvision.transforms.v2.functional import pad_image
from tqdm.auto import tqdm
from transformers import BaseImageProcessor

from abstain._checks import InputError
from abstain.data.augmentation import Augmentation
from abstain.data.columns import read_labels
from abstain.data.decoding import read_image, read_images
from abstain.data.preprocessing import Preprocessing, channel_statistics
from abstain.data.processors import PerChannel

if TYPE_CHECKING:
    from datasets import Dataset
    from PIL.Image import Image as PILImage

COUNTED = 1000
"""Images whose bytes are counted at once for their statistics, so that it takes no memory."""


@dataclass(eq=False)
class ImageTensors(torch.utils.data.Dataset[dict[str, Tensor]]):
    """A map-style data set of images of one size, for `Trainer`: items are `{"pixel_values", "labels"}`.

    Attributes:
        pixels: (N, 3, H, W) uint8.
        labels: (N,) int64.
        preprocessing: what made `pixels` of the images, and normalises them.
        augmentation: None leaves the images alone.
    """

    pixels: Tensor
    labels: Tensor
    preprocessing: Preprocessing = field(repr=False)
    augmentation: Augmentation | None = None

    def __post_init__(self) -> None:
        self._epoch = 0
        self._margin = 0 if self.augmentation is None else self.augmentation.crop_padding
        self._padded = pad_image(self.pixels, [self._margin]) if self._margin else self.pixels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[dict[str, Tensor]]:
        """The items of a batch, which are normalised all at once."""
        inputs = self.preprocessing.normalized(self._augmented(indices))
        return [
            {"pixel_values": pixels, "labels": label}
            for pixels, label in zip(inputs, self.labels[list(indices)], strict=True)
        ]

    def _augmented(self, indices: Sequence[int]) -> Tensor:
        if self.augmentation is None:
            return self.pixels[list(indices)]
        draws = {"epoch": self._epoch, "margin": self._margin}
        return torch.stack([self.augmentation.of_image(self._padded[i], index=i, **draws) for i in indices])

    def augmented(self, augmentation: Augmentation) -> ImageTensors:
        """The same images, each changed anew in every epoch, as (seed, epoch, index) alone decide.

        Raises:
            InputError: a random resized crop, which needs the whole images.
        """
        if augmentation.random_resized_crop:
            raise InputError("random_resized_crop needs the whole images, but only the resized ones are held in memory")
        augmentation.check_size(*self.preprocessing.size)
        return replace(self, augmentation=augmentation)

    def set_epoch(self, epoch: int) -> None:
        """Draw the augmentation of the epoch `epoch` (0, 1, …)."""
        self._epoch = epoch

    def in_bytes(self) -> Iterator[Tensor]:
        """All images as they are held, (n, 3, H, W) uint8, in pieces."""
        yield from self.pixels.split(COUNTED)

    def normalized_by(self, mean: PerChannel, std: PerChannel) -> ImageTensors:
        """The same images, with another mean and standard deviation of each channel."""
        return replace(self, preprocessing=self.preprocessing.normalized_by(mean, std))

    def fingerprint(self) -> str:
        """SHA-256 of all pixels and labels, in hexadecimal."""
        digest = hashlib.sha256(self.pixels.numpy().tobytes())
        digest.update(self.labels.numpy().tobytes())
        return digest.hexdigest()

    def image_processor(self) -> BaseImageProcessor:
        """The processor that makes an image file the input this data set makes of it, to be saved beside a model."""
        return self.preprocessing.processor


def decode_images(dataset: Dataset, preprocessing: Preprocessing | None = None, *, split: str = "") -> ImageTensors:
    """Decode every image of `dataset` to RGB once, with a progress bar.

    Args:
        dataset: with a column `image` of images and a column `label` of integers.
        preprocessing: what is done to them; None takes them as they are, normalised by their own statistics.
        split: named in errors.

    Raises:
        InputError: an image that does not decode; without `preprocessing`, images of different sizes.
    """
    if not len(dataset):
        raise InputError("the set of images is empty, but at least one image is needed")
    if preprocessing is None:
        width, height = read_image(dataset, 0, split=split).size
        raw = Preprocessing.of_images_as_they_are((height, width), mean=(0.0,) * 3, std=(1.0,) * 3)
        images = decode_images(dataset, raw, split=split)
        return images.normalized_by(*channel_statistics(images.in_bytes()))
    pixels = torch.empty(len(dataset), 3, *preprocessing.size, dtype=torch.uint8)
    for index, image in tqdm(
        _in_order(dataset, split), total=len(dataset), desc="decoding images", unit="img", leave=False
    ):
        pixels[index] = preprocessing.held(image, index, split=split)
    return ImageTensors(pixels, torch.from_numpy(read_labels(dataset, "label")), preprocessing)


def _in_order(dataset: Dataset, split: str) -> Iterator[tuple[int, PILImage]]:
    """Row and image, up to the first that does not decode, which is an `InputError`."""
    for images, bad in read_images(dataset, range(len(dataset)), split=split):
        for index in sorted({**images, **bad}):
            if index in bad:
                raise InputError(bad[index])
            yield index, images[index]
