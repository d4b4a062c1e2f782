"""Image processors, whatever library they are of: made from a recipe, and what they do to any image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from timm.data.constants import DEFAULT_CROP_PCT, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from transformers import BaseImageProcessor, BitImageProcessor, TimmWrapperImageProcessor, ViTImageProcessor
from transformers.image_utils import PILImageResampling

from abstain._checks import InputError

CROP_FRACTION = DEFAULT_CROP_PCT
"""The share of the resized image's edge that is cropped in evaluation: 224 of 256."""

ROUNDING = 1e-4
"""Of normalised values, in which processors of several libraries differ."""

PerChannel = tuple[float, ...]
"""A number for each of the channels red, green and blue."""


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


def squash(height: int, width: int) -> ViTImageProcessor:
    """A processor that resizes any shape to this size in pixels (bilinear), and normalises as for ImageNet."""
    return ViTImageProcessor(
        size={"height": height, "width": width},
        resample=PILImageResampling.BILINEAR,
        image_mean=list(IMAGENET_DEFAULT_MEAN),
        image_std=list(IMAGENET_DEFAULT_STD),
        do_convert_rgb=True,
    )


def renormalized(processor: BaseImageProcessor, mean: Sequence[float], std: Sequence[float]) -> BaseImageProcessor:
    """The same processor with another mean and standard deviation of each channel, in fractions of full scale."""
    if isinstance(processor, TimmWrapperImageProcessor):
        return TimmWrapperImageProcessor({**processor.data_config, "mean": tuple(mean), "std": tuple(std)})
    changes = {"do_rescale": True, "do_normalize": True, "image_mean": list(mean), "image_std": list(std)}
    return type(processor).from_dict({**processor.to_dict(), **changes})


def timm_data_config(processor: BaseImageProcessor) -> dict[str, Any]:
    """What a processor does in timm's words, as its checkpoints keep it in `config.json` under `pretrained_cfg`."""
    if isinstance(processor, TimmWrapperImageProcessor):
        return dict(processor.data_config)
    height, width = input_size(processor)
    mean, std = mean_and_std(processor)
    values = processor.to_dict()
    short = dict(values.get("size") or {}).get("shortest_edge")
    interpolation = PILImageResampling(values.get("resample", PILImageResampling.BILINEAR)).name.lower()
    return {
        "input_size": [3, height, width],
        "mean": list(mean),
        "std": list(std),
        "interpolation": interpolation,
        "crop_pct": min(height, width) / short if short else 1.0,
        "crop_mode": "center" if short else "squash",
    }


def as_timm(processor: BaseImageProcessor) -> TimmWrapperImageProcessor:
    """The processor that timm's own words for it give: what `AutoImageProcessor` makes of a folder of timm's."""
    return TimmWrapperImageProcessor(timm_data_config(processor))


def input_size(processor: BaseImageProcessor) -> tuple[int, int]:
    """Height and width of what a processor makes of every image, in pixels.

    Raises:
        InputError: they depend on the image.
    """
    sizes = {tuple(_processed(processor, Image.new("RGB", size)).shape[-2:]) for size in ((60, 40), (40, 60))}
    if len(sizes) > 1:
        found = " and ".join(f"{width}×{height}" for height, width in sorted(sizes))
        raise InputError(
            f"{type(processor).__name__} gives images of no fixed size ({found}), but a batch needs one: give "
            "image_size"
        )
    height, width = sizes.pop()
    return height, width


def mean_and_std(processor: BaseImageProcessor) -> tuple[PerChannel, PerChannel]:
    """Mean and standard deviation of each channel by which a processor normalises, in fractions of full scale.

    They are those that it names if these are what it does to a black image and to a white one, else what it does.
    """
    black, white = (_processed(processor, Image.new("RGB", (40, 40), (level,) * 3)) for level in (0, 255))
    black, white = (image[:, image.shape[1] // 2, image.shape[2] // 2].double() for image in (black, white))
    mean, std = _named_statistics(processor)
    if all(torch.allclose((x - mean) / std, does, atol=ROUNDING) for x, does in ((0.0, black), (1.0, white))):
        return tuple(mean.tolist()), tuple(std.tolist())
    std = 1 / (white - black)
    return tuple((-black * std).tolist()), tuple(std.tolist())


def _processed(processor: BaseImageProcessor, image: Image.Image) -> torch.Tensor:
    return processor(image, return_tensors="pt")["pixel_values"][0]


def _named_statistics(processor: BaseImageProcessor) -> tuple[torch.Tensor, torch.Tensor]:
    named = processor.data_config if isinstance(processor, TimmWrapperImageProcessor) else processor.to_dict()
    mean = named.get("mean", named.get("image_mean")) or (0.0,) * 3
    std = named.get("std", named.get("image_std")) or (1.0,) * 3
    return torch.tensor(mean, dtype=torch.float64), torch.tensor(std, dtype=torch.float64)
