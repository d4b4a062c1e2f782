"""What image processors do, whatever library they are of: the size of their output, and how they normalise it."""

from __future__ import annotations

from timm.data.constants import DEFAULT_CROP_PCT, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from transformers import BaseImageProcessor, BitImageProcessor, TimmWrapperImageProcessor
from transformers.image_utils import PILImageResampling

from abstain._checks import InputError

CROP_FRACTION = DEFAULT_CROP_PCT
"""The share of the resized image's edge that is cropped in evaluation: 224 of 256."""


def resize_and_crop(size: int, *, crop_fraction: float = CROP_FRACTION) -> BitImageProcessor:
    """A processor that resizes the short edge (bicubic), crops the middle, and normalises as for ImageNet.

    Args:
        size: height and width of the result, in pixels.
        crop_fraction: in (0, 1]; the short edge becomes size / crop_fraction pixels.
    """
    return BitImageProcessor(
        do_resize=True,
        size={"shortest_edge": round(size / crop_fraction)},
        do_center_crop=True,
        crop_size={"height": size, "width": size},
        resample=PILImageResampling.BICUBIC,
        image_mean=list(IMAGENET_DEFAULT_MEAN),
        image_std=list(IMAGENET_DEFAULT_STD),
        do_convert_rgb=True,
    )


def mean_and_std(processor: BaseImageProcessor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel by which a processor normalises, in fractions of full scale."""
    if isinstance(processor, TimmWrapperImageProcessor):
        return tuple(processor.data_config["mean"]), tuple(processor.data_config["std"])
    values = processor.to_dict()
    if not values.get("do_normalize", True) or values.get("image_mean") is None:
        return (0.0,) * 3, (1.0,) * 3
    return tuple(values["image_mean"]), tuple(values["image_std"])


def input_size(processor: BaseImageProcessor) -> tuple[int, int]:
    """Height and width of what a processor makes of every image, in pixels.

    Raises:
        InputError: they depend on the image.
    """
    if isinstance(processor, TimmWrapperImageProcessor):
        return tuple(processor.data_config["input_size"][1:])
    values = processor.to_dict()
    size = dict((values.get("crop_size") if values.get("do_center_crop") else None) or values.get("size") or {})
    if "height" in size:
        return int(size["height"]), int(size["width"])
    crops = "crop_pct" in values  # ConvNeXT's, which crops to the shortest edge it names
    if "shortest_edge" in size and crops:
        return int(size["shortest_edge"]), int(size["shortest_edge"])
    raise InputError(
        f"{type(processor).__name__} gives images of no fixed size ({size}), but a batch needs one: give --image_size"
    )


def is_plain_resize(processor: BaseImageProcessor) -> bool:
    """Whether it resizes every image to one height and width and crops nothing."""
    if isinstance(processor, TimmWrapperImageProcessor):
        return False
    values = processor.to_dict()
    return "height" in dict(values.get("size") or {}) and not values.get("do_center_crop")
