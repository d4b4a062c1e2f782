"""Splits of images made ready for training: held in memory where they fit, and read one by one where they do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from transformers import BaseImageProcessor

from abstain._checks import InputError, check_choice, check_fraction
from abstain.data.decoding import read_image, without_bad_images
from abstain.data.image_files import ImageFiles
from abstain.data.image_tensors import ImageTensors, decode_images
from abstain.data.processors import CROP_FRACTION, resize_and_crop

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

AUGMENTATIONS = ("crop_flip", "random_resized_crop")
USUAL_SIZE = 224
"""Pixels of an edge for images of several sizes where nothing else is said, as for ImageNet."""

PROBED = 100
"""Evenly spaced training images whose sizes are looked at."""


@dataclass(frozen=True)
class ImagePlan:
    """How images are read and made equal.

    Attributes:
        image_size: height and width in pixels; None takes the checkpoint's, or images as they are.
        augmentation: of training images, one of `AUGMENTATIONS`.
        lazy: read images one by one; None decides by the memory they would need, and by whether they differ in size.
        memory_gib: the most that decoded images may take, in GiB.
        crop_fraction: of images read one by one with an `image_size`: the short edge becomes size / crop_fraction.

    Raises:
        InputError: an unknown augmentation, a fraction outside (0, 1], or no memory.
    """

    image_size: int | None = None
    augmentation: str = "crop_flip"
    lazy: bool | None = None
    memory_gib: float = 4.0
    crop_fraction: float = CROP_FRACTION

    def __post_init__(self) -> None:
        check_choice("augmentation", self.augmentation, AUGMENTATIONS)
        check_fraction("crop_fraction", self.crop_fraction, open_below=True)
        if self.memory_gib < 0:
            raise InputError(f"image_memory_gib is {self.memory_gib:g}, but must be at least 0")
        if self.lazy is False and self.augmentation == "random_resized_crop":
            raise InputError("random_resized_crop needs the whole images: leave out --lazy_images false")


def prepare_images(
    data: DatasetDict, plan: ImagePlan, processor: BaseImageProcessor | None = None
) -> dict[str, ImageTensors | ImageFiles]:
    """The splits of `data` (columns `image` and `label`) as the model wants them.

    Args:
        data: with a split `train`, whose images set the size and, in memory and without a checkpoint, mean and std.
        plan: what the user said.
        processor: of the checkpoint to fine-tune, if there is one.

    Raises:
        InputError: an image that does not decode, or what `decode_images` and `input_size` refuse.
    """
    sizes = _sizes(data["train"])
    if _reads_lazily(data, plan, sizes, resizes=processor is not None):
        if processor is None or plan.image_size is not None:
            processor = _own_processor(plan, sizes)
        crops = plan.augmentation == "random_resized_crop"
        return {name: ImageFiles(split, processor, name, crops) for name, split in data.items()}
    splits: dict[str, ImageTensors | ImageFiles] = {}
    like: ImageTensors | BaseImageProcessor | None = processor
    for name in ("train", *(name for name in data if name != "train")):
        images = decode_images(data[name], image_size=plan.image_size, like=like, split=name)
        like = like or images
        splits[name] = images
    return splits


def skip_bad_images(data: DatasetDict) -> dict[str, int]:
    """Leave out every image that does not decode, in place; split -> how many there were.

    Raises:
        InputError: no image of a split decodes.
    """
    skipped = {}
    for name in list(data):
        data[name], skipped[name] = without_bad_images(data[name])
        if not len(data[name]):
            raise InputError(f"none of the {skipped[name]} images of the split {name!r} decodes")
    return skipped


def _sizes(train: Dataset) -> set[tuple[int, int]]:
    """Width and height of some of the images."""
    indices = np.linspace(0, len(train) - 1, min(PROBED, len(train))).round().astype(int)
    return {read_image(train, index, split="train").size for index in indices.tolist()}


def _reads_lazily(data: DatasetDict, plan: ImagePlan, sizes: set[tuple[int, int]], *, resizes: bool) -> bool:
    if plan.augmentation == "random_resized_crop":
        return True
    if plan.lazy is not None:
        return plan.lazy
    if len(sizes) > 1 and not (resizes or plan.image_size):
        return True
    edge = plan.image_size or (USUAL_SIZE if resizes else 0)
    pixels = edge**2 or max(width * height for width, height in sizes)
    return sum(len(split) for split in data.values()) * pixels * 3 > plan.memory_gib * 2**30


def _own_processor(plan: ImagePlan, sizes: set[tuple[int, int]]) -> BaseImageProcessor:
    edges = {edge for size in sizes for edge in size}
    if plan.image_size is None and len(edges) == 1:  # squares of one size are taken as they are
        return resize_and_crop(edges.pop(), crop_fraction=1.0)
    return resize_and_crop(plan.image_size or USUAL_SIZE, crop_fraction=plan.crop_fraction)
