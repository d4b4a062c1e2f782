"""timm's models in transformers' wrapper: made anew, and with what is done to their images written down."""

from __future__ import annotations

from typing import Any

from transformers import BaseImageProcessor, PreTrainedModel, TimmWrapperConfig, TimmWrapperImageProcessor
from transformers.image_utils import PILImageResampling

from abstain._checks import InputError
from abstain.data.processors import input_size, mean_and_std


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


def record_preprocessing(model: PreTrainedModel, processor: BaseImageProcessor) -> None:
    """Write into the configuration of a timm model what is done to its images: its folder has no other place for it."""
    if isinstance(model.config, TimmWrapperConfig):
        before = getattr(model.config, "pretrained_cfg", None) or {}
        kept = {key: value for key, value in before.items() if not key.startswith("test_")}
        model.config.pretrained_cfg = {**kept, **timm_data_config(processor)}


def parse_overrides(overrides: str | None) -> dict[str, Any]:
    """`img_size=32,drop_rate=0.1` as keyword arguments."""
    arguments: dict[str, Any] = {}
    for pair in (overrides or "").split(","):
        key, equals, value = pair.strip().partition("=")
        if not equals and key:
            raise InputError(f"{key!r} in config_overrides is no setting: write name=value,name=value")
        if key:
            arguments[key] = _as_value(value)
    return arguments


def _as_value(text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
