"""What is done to images at random in training, drawn from (seed, epoch, index)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional


@dataclass(frozen=True)
class Augmentation:
    """What is done at random to an image and its mask alike.

    Attributes:
        crop_size: height and width of the part that is cut out; smaller images are filled up with ignored pixels.
        flip: mirror half of the images.
        color_jitter: brightness, contrast and saturation are each multiplied by a number within this of 1.
        seed: with the epoch and the index of the image, all that the draw depends on.
    """

    crop_size: int
    flip: bool = False
    color_jitter: float = 0.0
    seed: int = 0

    def apply(self, image: Tensor, mask: Tensor, *, epoch: int, index: int, ignore_index: int) -> tuple[Tensor, Tensor]:
        """A part of image (3, H, W) uint8 and mask (H, W): both `crop_size` high and wide."""
        generator = np.random.default_rng((self.seed, epoch, index))
        missing = [max(0, self.crop_size - side) for side in mask.shape]
        image = torch.nn.functional.pad(image, (0, missing[1], 0, missing[0]))
        mask = torch.nn.functional.pad(mask, (0, missing[1], 0, missing[0]), value=ignore_index)
        top, left = (int(generator.integers(0, side - self.crop_size + 1)) for side in mask.shape)
        part = (slice(top, top + self.crop_size), slice(left, left + self.crop_size))
        image, mask = image[:, *part], mask[part]
        if self.flip and generator.random() < 0.5:
            image, mask = image.flip(-1), mask.flip(-1)
        if self.color_jitter:
            factors = generator.uniform(max(0.0, 1 - self.color_jitter), 1 + self.color_jitter, size=3).tolist()
            image = functional.adjust_brightness(image, factors[0])
            image = functional.adjust_contrast(image, factors[1])
            image = functional.adjust_saturation(image, factors[2])
        return image, mask


AREA, ASPECT = (0.08, 1.0), (3 / 4, 4 / 3)
"""Of a random resized crop: its share of the image, and its width over its height (Szegedy et al. 2015)."""

TRIES = 10
"""Draws of a crop that does not fit into the image, before the middle of it is taken, as torchvision does."""


def draw_crop(generator: np.random.Generator, *, height: int, width: int) -> tuple[int, int, int, int]:
    """Top, left, height and width of a random crop: 8 to 100 % of the image, 3:4 to 4:3."""
    for _ in range(TRIES):
        area = height * width * generator.uniform(*AREA)
        aspect = math.exp(generator.uniform(*np.log(ASPECT)))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            return int(generator.integers(0, height - h + 1)), int(generator.integers(0, width - w + 1)), h, w
    aspect = min(max(width / height, ASPECT[0]), ASPECT[1])  # the largest part of a very long image that is allowed
    w, h = min(width, round(height * aspect)), min(height, round(width / aspect))
    return (height - h) // 2, (width - w) // 2, h, w
