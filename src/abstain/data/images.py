"""Splits of images made ready for training: first what is done to them, and then whether they are held in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from transformers import BaseImageProcessor

from abstain._arguments import check_whole
from abstain._checks import ArgumentError, check_choice, check_fraction
from abstain.data.decoding import read_image
from abstain.data.image_files import ImageFiles
from abstain.data.image_tensors import ImageTensors, decode_images
from abstain.data.preprocessing import Preprocessing, channel_statistics
from abstain.data.processors import CROP_FRACTION, as_timm, mean_and_std, renormalized, resize_and_crop, squash

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

AUGMENTATIONS = ("crop_flip", "random_resized_crop")
RESIZES = ("crop", "squash")
NORMALIZATIONS = ("train", "imagenet")
USUAL_SIZE = 224
"""Pixels of an edge for images of several sizes where nothing else is said, as for ImageNet."""

MOST_PIXELS = 16_384
"""Of an edge of an image, after which it no longer fits into memory."""

PROBED = 100
"""Evenly spaced training images whose sizes are looked at."""


@dataclass(frozen=True)
class ImagePlan:
    """What is done to images, and how much memory they may take, which does not change what is done to them.

    Attributes:
        image_size: height and width in pixels; None takes the checkpoint's, or images of one size as they are, or 224.
        resize: to `image_size`, one of `RESIZES`: the short edge and then the middle, or the whole image squeezed.
        crop_fraction: of `crop`: the short edge becomes image_size / crop_fraction.
        normalization: one of `NORMALIZATIONS`, by the statistics of all training images or by ImageNet's; None takes
            the checkpoint's, or without one `train`.
        augmentation: of training images, one of `AUGMENTATIONS`.
        lazy: read images one by one; None decides by the memory they would need.
        memory_gib: the most that decoded images may take, in GiB.

    Raises:
        InputError: an unknown choice, a fraction outside (0, 1], a size below 1, or a negative memory.
    """

    image_size: int | None = None
    resize: str = "crop"
    crop_fraction: float = CROP_FRACTION
    normalization: str | None = None
    augmentation: str = "crop_flip"
    lazy: bool | None = None
    memory_gib: float = 4.0

    def __post_init__(self) -> None:
        if self.image_size is not None:
            check_whole("image_size", self.image_size, at_least=1, at_most=MOST_PIXELS)
        check_choice("resize", self.resize, RESIZES)
        fraction = check_fraction("crop_fraction", self.crop_fraction, open_below=True)
        if (self.image_size or USUAL_SIZE) / fraction > MOST_PIXELS:
            raise ArgumentError(
                f"crop_fraction is {fraction:g}, which blows images up beyond {MOST_PIXELS} pixels: 0.875 is usual"
            )
        if self.normalization is not None:
            check_choice("normalization", self.normalization, NORMALIZATIONS)
        check_choice("augmentation", self.augmentation, AUGMENTATIONS)
        if not self.memory_gib >= 0:
            raise ArgumentError(f"image_memory_gib is {self.memory_gib:g}, but must be at least 0")
        if self.lazy is False and self.augmentation == "random_resized_crop":
            raise ArgumentError("random_resized_crop needs the whole images: leave out lazy_images=False")

    def reads_one_by_one(self, n_images: int, size: tuple[int, int]) -> bool:
        """Whether so many images of this height and width are left where they are."""
        if self.augmentation == "random_resized_crop":
            return True
        if self.lazy is not None:
            return self.lazy
        return n_images * 3 * size[0] * size[1] > self.memory_gib * 2**30


def prepare_images(
    data: DatasetDict, plan: ImagePlan, processor: BaseImageProcessor | None = None, *, timm: bool = False
) -> dict[str, ImageTensors | ImageFiles]:
    """The splits of `data` (columns `image` and `label`) as the model wants them.

    Args:
        data: with a split `train`, whose images may set the size, the mean and the standard deviation.
        plan: what the user said.
        processor: of the checkpoint to fine-tune, if there is one.
        timm: the model is one of timm's, whose folder describes the processor in timm's words.

    Raises:
        InputError: an image that does not decode, images that are not all of the size of the ones looked at (unless
            they are resized), or what `Preprocessing` refuses.
    """
    preprocessing = _settle_preprocessing(data["train"], plan, processor, timm=timm)
    lazy = plan.reads_one_by_one(sum(map(len, data.values())), preprocessing.size)
    splits: dict[str, ImageTensors | ImageFiles] = {
        name: ImageFiles(split, preprocessing, name) if lazy else decode_images(split, preprocessing, split=name)
        for name, split in data.items()
    }
    if plan.normalization == "train" or (plan.normalization is None and processor is None):
        mean, std = channel_statistics(splits["train"].in_bytes())
        splits = {name: images.normalized_by(mean, std) for name, images in splits.items()}
    return splits


def _settle_preprocessing(
    train: Dataset, plan: ImagePlan, processor: BaseImageProcessor | None, *, timm: bool
) -> Preprocessing:
    """The preprocessing that the plan describes, but for the statistics of the training images, whatever the memory."""
    statistics = None if processor is None else mean_and_std(processor)
    if plan.normalization == "imagenet":
        statistics = (IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
    as_is = False
    if processor is None or plan.image_size is not None:
        processor, as_is = _own_processor(train, plan)
    if timm:
        processor = as_timm(processor)
    if statistics is not None and mean_and_std(processor) != statistics:
        processor = renormalized(processor, *statistics)
    return Preprocessing(processor, as_is)


def _own_processor(train: Dataset, plan: ImagePlan) -> tuple[BaseImageProcessor, bool]:
    """What the plan does to sizes, and whether it is nothing."""
    sizes = _sizes(train) if plan.image_size is None else set()
    if len(sizes) == 1:
        width, height = sizes.pop()
        return squash(height, width), True
    size = plan.image_size or USUAL_SIZE
    if plan.resize == "squash":
        return squash(size, size), False
    return resize_and_crop(size, crop_fraction=plan.crop_fraction), False


def _sizes(train: Dataset) -> set[tuple[int, int]]:
    """Width and height of some of the images."""
    indices = np.linspace(0, len(train) - 1, min(PROBED, len(train))).round().astype(int)
    return {read_image(train, index, split="train").size for index in indices.tolist()}
