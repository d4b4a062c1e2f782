"""What is done to every image before a model sees it, in the two steps between which it can be held and augmented."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from timm.data.transforms_factory import create_transform
from torch import Tensor
from torchvision.transforms.v2.functional import pil_to_tensor
from transformers import BaseImageProcessor, TimmWrapperImageProcessor

from abstain._checks import InputError
from abstain.data.decoding import read_image
from abstain.data.normalization import Normalization
from abstain.data.processors import PerChannel, input_size, mean_and_std, renormalized, squash

if TYPE_CHECKING:
    from datasets import Dataset
    from PIL.Image import Image as PILImage


@dataclass(eq=False)
class Preprocessing:
    """An image processor, applied in two steps: resized and cropped in bytes, and then normalised.

    Attributes:
        processor: what makes of an image file the same input in one step, to be saved beside a model.
        as_is: images have the processor's size already, and one that has not is refused instead of squeezed.
        size: height and width of what it makes of every image.
        mean: of each channel, in fractions of full scale.
        std: likewise, above 0.

    Raises:
        InputError: the processor gives images of no fixed size, or does not work in bytes.
    """

    processor: BaseImageProcessor
    as_is: bool = False
    size: tuple[int, int] = field(init=False)
    mean: PerChannel = field(init=False)
    std: PerChannel = field(init=False)

    def __post_init__(self) -> None:
        self.size = input_size(self.processor)
        self.mean, self.std = mean_and_std(self.processor)
        self._normalize = Normalization(self.mean, self.std)
        self._timm = (
            create_transform(**self.processor.data_config, is_training=False, normalize=False)
            if isinstance(self.processor, TimmWrapperImageProcessor)
            else None
        )

    @classmethod
    def of_images_as_they_are(cls, size: tuple[int, int], *, mean: PerChannel, std: PerChannel) -> Preprocessing:
        """Of images that all have this height and width."""
        return cls(renormalized(squash(*size), mean, std), as_is=True)

    def read(self, dataset: Dataset, index: int, *, split: str = "") -> Tensor:
        """The image in row `index` of the column `image`, resized and cropped: (3, H, W) uint8.

        Raises:
            InputError: it does not decode, or is of another size than the ones that are taken as they are.
        """
        return self.held(read_image(dataset, index, split=split), index, split=split)

    def held(self, image: PILImage, index: int, *, split: str = "") -> Tensor:
        """The image of row `index` as it is held, resized and cropped: (3, H, W) uint8.

        Raises:
            InputError: it is of another size than the ones that are taken as they are.
        """
        if self.as_is:
            self._check_size(image, index, split)
            return pil_to_tensor(image)
        return self.resized(image)

    def resized(self, image: PILImage) -> Tensor:
        """An image as the processor resizes and crops it, (3, H, W) uint8.

        Raises:
            InputError: the processor does not work in bytes.
        """
        if self._timm is not None:
            return self._timm(image)
        try:
            pixels = self.processor(image, do_rescale=False, do_normalize=False, return_tensors="pt")["pixel_values"][0]
        except TypeError as error:
            raise self._not_in_bytes() from error
        if pixels.dtype != torch.uint8:
            raise self._not_in_bytes()
        return pixels

    def normalized(self, pixels: Tensor) -> Tensor:
        """What the model sees of images (..., 3, H, W) uint8: float32 of the same shape."""
        return self._normalize(pixels)

    def normalized_by(self, mean: PerChannel, std: PerChannel) -> Preprocessing:
        """The same sizes, with another mean and standard deviation of each channel."""
        return replace(self, processor=renormalized(self.processor, mean, std))

    def _check_size(self, image: PILImage, index: int, split: str) -> None:
        if image.size != self.size[::-1]:
            place = f" of the split {split!r}" if split else ""
            raise InputError(
                f"image {index}{place} is {image.width}×{image.height} and others are {self.size[1]}×{self.size[0]}, "
                "but all must be of one size: give image_size"
            )

    def _not_in_bytes(self) -> InputError:
        return InputError(
            f"{type(self.processor).__name__} does not resize images in bytes, so they cannot be augmented: give "
            "image_size"
        )


def channel_statistics(images: Iterable[Tensor]) -> tuple[PerChannel, PerChannel]:
    """Mean and standard deviation of each channel of images (..., 3, H, W) uint8, in fractions of full scale.

    The sums are of integers, so that the order of the images and how they are divided do not matter.
    """
    counts = torch.zeros(3, 256, dtype=torch.int64)
    for pixels in images:
        for channel in range(3):
            counts[channel] += torch.bincount(pixels[..., channel, :, :].flatten(), minlength=256)
    share = counts.numpy() / counts.numpy().sum(axis=1, keepdims=True)
    levels = np.arange(256) / 255
    mean = share @ levels
    std = np.sqrt(np.maximum(share @ levels**2 - mean**2, 0))
    return tuple(mean.round(6).tolist()), tuple(np.maximum(std, 1 / 255).round(6).tolist())
