"""Images held in memory: decoded once, augmented by (seed, epoch, index), so that a resumed run sees the same ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torchvision.transforms.v2.functional import to_pil_image
from tqdm.auto import tqdm
from transformers import BaseImageProcessor, TimmWrapperImageProcessor, ViTImageProcessor
from transformers.image_utils import PILImageResampling

from abstain._checks import InputError
from abstain.data.columns import read_labels
from abstain.data.decoding import read_image
from abstain.data.processors import mean_and_std

if TYPE_CHECKING:
    from datasets import Dataset
    from PIL.Image import Image as PILImage


@dataclass(eq=False)
class ImageTensors(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """A map-style data set of images of one size, for `Trainer`: items are `{"pixel_values", "labels"}`.

    Attributes:
        pixels: (N, C, H, W) uint8.
        labels: (N,) int64.
        mean: (C,) per channel, in fractions of full scale.
        std: (C,) likewise, above 0.
        processor: what made `pixels` of the images; None if they were taken as they are or squeezed into a square.
    """

    pixels: torch.Tensor
    labels: torch.Tensor
    mean: tuple[float, ...]
    std: tuple[float, ...]
    processor: BaseImageProcessor | None = field(default=None, repr=False)
    _augmented: _Augmentation | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._shift = torch.tensor(self.mean)[:, None, None] * 255
        self._scale = torch.tensor(self.std)[:, None, None] * 255

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        image = self.pixels[index] if self._augmented is None else self._augmented.image(index)
        return {"pixel_values": (image - self._shift) / self._scale, "labels": self.labels[index]}

    def augmented(self, *, crop_padding: int, flip: bool, seed: int) -> ImageTensors:
        """The same images, each shifted by up to `crop_padding` pixels (black outside) and half of them mirrored.

        What happens to an image depends on (seed, epoch, index) alone, not on the order in which images are read.
        """
        augmentation = _Augmentation(self.pixels, crop_padding, flip, seed)
        return ImageTensors(self.pixels, self.labels, self.mean, self.std, self.processor, augmentation)

    def set_epoch(self, epoch: int) -> None:
        """Draw the augmentation of the epoch `epoch` (0, 1, …)."""
        if self._augmented is not None:
            self._augmented.draw(epoch)

    def fingerprint(self) -> str:
        """SHA-256 of all pixels and labels, in hexadecimal."""
        digest = hashlib.sha256(self.pixels.numpy().tobytes())
        digest.update(self.labels.numpy().tobytes())
        return digest.hexdigest()

    def image_processor(self) -> BaseImageProcessor:
        """The processor that makes an image file the input this data set makes of it, to be saved beside a model."""
        if self.processor is not None:
            return self.processor
        height, width = self.pixels.shape[2:]
        return ViTImageProcessor(
            size={"height": height, "width": width}, image_mean=list(self.mean), image_std=list(self.std)
        )


class _Augmentation:
    """Random crop and flip of padded images; one table of draws an epoch."""

    def __init__(self, pixels: torch.Tensor, padding: int, flip: bool, seed: int) -> None:
        self.padded = torch.nn.functional.pad(pixels, (padding,) * 4)
        self.size = pixels.shape[2:]
        self.padding, self.flip, self.seed = padding, flip, seed
        self.draw(0)

    def draw(self, epoch: int) -> None:
        generator = np.random.default_rng((self.seed, epoch))
        self.offsets = generator.integers(0, 2 * self.padding + 1, size=(len(self.padded), 2)).tolist()
        self.flips = (generator.random(len(self.padded)) < (0.5 if self.flip else 0.0)).tolist()

    def image(self, index: int) -> torch.Tensor:
        (top, left), (height, width) = self.offsets[index], self.size
        image = self.padded[index, :, top : top + height, left : left + width]
        return image.flip(-1) if self.flips[index] else image


def decode_images(
    dataset: Dataset,
    *,
    image_size: int | None = None,
    like: ImageTensors | BaseImageProcessor | None = None,
    split: str = "",
) -> ImageTensors:
    """Decode every image of `dataset` to RGB once, with a progress bar.

    Args:
        dataset: with a column `image` of images and a column `label` of integers.
        image_size: resize all images to this height and width; None takes them as they are, or as `like` makes them.
        like: take mean and standard deviation from these images (the training ones), or from a checkpoint's image
            processor, which also resizes and crops as it does; None computes them.
        split: named in errors.

    Raises:
        InputError: an image that does not decode; without `image_size`, images of different sizes.
    """
    pixels: np.ndarray | None = None
    for index in tqdm(range(len(dataset)), desc="decoding images", unit="img", leave=False):
        array = np.asarray(_resized(read_image(dataset, index, split=split), image_size, like))
        if pixels is None:
            pixels = np.empty((len(dataset), *array.shape), np.uint8)
        if array.shape != pixels.shape[1:]:
            raise InputError(
                f"image {index} is {array.shape[1]}×{array.shape[0]} and the first one "
                f"{pixels.shape[2]}×{pixels.shape[1]}, but all must be of one size: give --image_size"
            )
        pixels[index] = array
    if pixels is None:
        raise InputError("the set of images is empty, but at least one image is needed")
    tensor = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
    labels = torch.from_numpy(read_labels(dataset, "label"))
    if isinstance(like, BaseImageProcessor):
        return ImageTensors(tensor, labels, *mean_and_std(like), processor=None if image_size else like)
    mean, std = _channel_statistics(pixels) if like is None else (like.mean, like.std)
    return ImageTensors(tensor, labels, mean, std)


def _resized(image: PILImage, image_size: int | None, like: ImageTensors | BaseImageProcessor | None) -> PILImage:
    """As the processor beside the model will do it, but in bytes."""
    if image_size is not None:
        return image.resize((image_size, image_size), resample=PILImageResampling.BILINEAR)
    if not isinstance(like, BaseImageProcessor):
        return image
    if isinstance(like, TimmWrapperImageProcessor):
        *steps, _to_tensor, _normalise = like.val_transforms.transforms
        for step in steps:
            image = step(image)
        return image
    pixels = like(image, do_rescale=False, do_normalize=False, return_tensors="pt")["pixel_values"][0]
    return to_pil_image(pixels.to(torch.uint8))


def _channel_statistics(pixels: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of (N, H, W, C) uint8, in fractions of full scale."""
    counts = np.stack([np.bincount(pixels[..., c].ravel(), minlength=256) for c in range(pixels.shape[-1])])
    levels = np.arange(256) / 255
    mean = counts @ levels / counts.sum(axis=1)
    std = np.sqrt(counts @ levels**2 / counts.sum(axis=1) - mean**2)
    return tuple(mean.round(6).tolist()), tuple(np.maximum(std, 1 / 255).round(6).tolist())
