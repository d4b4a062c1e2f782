"""What is done to images at random in training, drawn from (seed, epoch, index) alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode, functional

from abstain._checks import ArgumentError, check_at_least

AREA, ASPECT = (0.08, 1.0), (3 / 4, 4 / 3)
"""Of a random resized crop: its share of the image, and its width over its height (Szegedy et al. 2015)."""

TRIES = 10
"""Draws of a crop that does not fit into the image, before the middle of it is taken, as torchvision does."""


class Box(NamedTuple):
    """A part of an image, in pixels; what lies outside of the image is filled up."""

    top: int
    left: int
    height: int
    width: int


class _Drawn(NamedTuple):
    """What chance has decided for one image."""

    box: Box
    flipped: bool
    color_factors: list[float]
    """Of brightness, contrast and saturation; empty without colour jitter."""


@dataclass(frozen=True)
class Augmentation:
    """What is done at random to an image, and to its mask alike.

    Attributes:
        crop_size: height and width of the result; None leaves them as they are. Images that are smaller are filled up
            at the right and at the bottom.
        crop_padding: the part that is cut out may begin so many pixels before the image, and end so many behind it.
        random_resized_crop: cut out 8 to 100 % of the image and resize it (bicubic), instead of shifting a part.
        flip: mirror half of the images.
        color_jitter: brightness, contrast and saturation are each multiplied by a number within this of 1.
        seed: with the epoch and the index of the image, all that the draw depends on.

    Raises:
        InputError: a number is negative.
    """

    crop_size: int | tuple[int, int] | None = None
    crop_padding: int = 0
    random_resized_crop: bool = False
    flip: bool = False
    color_jitter: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_at_least(self, crop_padding=0, color_jitter=0, seed=0)

    @property
    def changes_images(self) -> bool:
        """Whether an image may become another one than it was."""
        sizes = (self.crop_size, self.crop_padding, self.color_jitter)
        return any(size for size in sizes) or self.random_resized_crop or self.flip

    def check_size(self, height: int, width: int) -> None:
        """Check that no shift goes beyond an image of this size.

        Raises:
            InputError: `crop_padding` is larger than the image.
        """
        if not self.random_resized_crop and self.crop_padding > min(height, width):
            raise ArgumentError(
                f"crop_padding is {self.crop_padding}, but must be no larger than the images: {width}×{height}"
            )

    def of_image(self, image: Tensor, *, epoch: int, index: int, margin: int = 0) -> Tensor:
        """An image (3, H, W) uint8, augmented; what is filled up is black.

        Args:
            image: with a black margin on all sides already, if `margin` says so; not changed.
            epoch: 0, 1, ….
            index: of the image in its data set.
            margin: in pixels.
        """
        height, width = image.shape[-2] - 2 * margin, image.shape[-1] - 2 * margin
        drawn = self._draw(height, width, epoch=epoch, index=index)
        return self._on_image(image, drawn, self._size(height, width), margin)

    def of_pair(
        self, image: Tensor, mask: Tensor, *, epoch: int, index: int, ignore_index: int
    ) -> tuple[Tensor, Tensor]:
        """An image (3, H, W) uint8 and its mask (H, W), augmented alike; what is filled up is black and ignored."""
        drawn = self._draw(*mask.shape, epoch=epoch, index=index)
        size = self._size(*mask.shape)
        return self._on_image(image, drawn, size), self._on_mask(mask, drawn, size, ignore_index)

    def _size(self, height: int, width: int) -> tuple[int, int]:
        if self.crop_size is None:
            return height, width
        return (self.crop_size, self.crop_size) if isinstance(self.crop_size, int) else self.crop_size

    def _draw(self, height: int, width: int, *, epoch: int, index: int) -> _Drawn:
        """The order of draws is part of what a seed means: changing it changes every run."""
        # of an array, which NumPy takes to the same stream in less time than a tuple
        generator = np.random.default_rng(np.array((self.seed, epoch, index), dtype=np.uint32))
        box = self._draw_box(generator, height, width)
        flipped = self.flip and generator.random() < 0.5
        factors: list[float] = []
        if self.color_jitter:
            factors = generator.uniform(max(0.0, 1 - self.color_jitter), 1 + self.color_jitter, size=3).tolist()
        return _Drawn(box, flipped, factors)

    def _draw_box(self, generator: np.random.Generator, height: int, width: int) -> Box:
        if self.random_resized_crop:
            return draw_crop(generator, height=height, width=width)
        (cut_height, cut_width), padding = self._size(height, width), self.crop_padding
        top = int(generator.integers(0, max(0, height + 2 * padding - cut_height) + 1)) - padding
        left = int(generator.integers(0, max(0, width + 2 * padding - cut_width) + 1)) - padding
        return Box(top, left, cut_height, cut_width)

    def _on_image(self, image: Tensor, drawn: _Drawn, size: tuple[int, int], margin: int = 0) -> Tensor:
        top, left, height, width = drawn.box
        image = functional.crop_image(image, top + margin, left + margin, height, width)
        if self.random_resized_crop:
            image = functional.resize_image(image, list(size), InterpolationMode.BICUBIC, antialias=True)
        if drawn.flipped:
            image = functional.horizontal_flip_image(image)
        if drawn.color_factors:
            brightness, contrast, saturation = drawn.color_factors
            image = functional.adjust_brightness_image(image, brightness)
            image = functional.adjust_contrast_image(image, contrast)
            image = functional.adjust_saturation_image(image, saturation)
        return image

    def _on_mask(self, mask: Tensor, drawn: _Drawn, size: tuple[int, int], ignore_index: int) -> Tensor:
        mask = _crop_mask(mask, drawn.box, ignore_index)
        if self.random_resized_crop:
            mask = functional.resize_mask(mask, list(size))
        return functional.horizontal_flip_mask(mask) if drawn.flipped else mask


def _crop_mask(mask: Tensor, box: Box, fill: int) -> Tensor:
    """As the crop of an image, which fills up with 0, but with `fill`."""
    height, width = mask.shape
    before = [max(0, -box.left), max(0, -box.top)]
    behind = [max(0, box.left + box.width - width), max(0, box.top + box.height - height)]
    if any(before + behind):
        mask = functional.pad_mask(mask, before + behind, fill=fill)
    return functional.crop_mask(mask, box.top + before[1], box.left + before[0], box.height, box.width)


def draw_crop(generator: np.random.Generator, *, height: int, width: int) -> Box:
    """A random part of an image: 8 to 100 % of it, 3:4 to 4:3."""
    for _ in range(TRIES):
        area = height * width * generator.uniform(*AREA)
        aspect = math.exp(generator.uniform(math.log(ASPECT[0]), math.log(ASPECT[1])))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            return Box(int(generator.integers(0, height - h + 1)), int(generator.integers(0, width - w + 1)), h, w)
    aspect = min(max(width / height, ASPECT[0]), ASPECT[1])  # the largest part of a very long image that is allowed
    w, h = min(width, round(height * aspect)), min(height, round(width / aspect))
    return Box((height - h) // 2, (width - w) // 2, h, w)
