"""timm's models in transformers' wrapper: made anew, and with what is done to their images written down."""

from __future__ import annotations

from typing import Any

from transformers import BaseImageProcessor, PreTrainedModel, TimmWrapperConfig

from abstain._checks import ArgumentError
from abstain.data.processors import timm_data_config


def record_preprocessing(model: PreTrainedModel, processor: BaseImageProcessor) -> None:
    """Write into the configuration of a timm model what is done to its images: its folder has no other place for it."""
    if isinstance(model.config, TimmWrapperConfig):
        before = getattr(model.config, "pretrained_cfg", None) or {}
        kept = {key: value for key, value in before.items() if not key.startswith("test_")}
        model.config.pretrained_cfg = {**kept, **timm_data_config(processor)}


ORIGIN = (
    "tag",
    "url",
    "file",
    "hf_hub_id",
    "hf_hub_filename",
    "source",
    "license",
    "origin_url",
    "paper_ids",
    "paper_name",
    "paper_url",
    "notes",
)
"""What timm says of the weights that an architecture usually comes with: whence, of which paper, how licensed."""


def forget_origin(model: PreTrainedModel) -> None:
    """Of a timm model with random weights, leave out of its configuration what is said of weights that it never had."""
    known = getattr(model.config, "pretrained_cfg", None) or {}
    model.config.pretrained_cfg = {key: value for key, value in known.items() if key not in ORIGIN}


def parse_overrides(overrides: str | None) -> dict[str, Any]:
    """`img_size=32,drop_rate=0.1` as keyword arguments."""
    arguments: dict[str, Any] = {}
    for pair in (overrides or "").split(","):
        key, equals, value = pair.strip().partition("=")
        if not equals and key:
            raise ArgumentError(f"{key!r} in config_overrides is no setting: write name=value,name=value")
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
