"""timm's models in transformers' wrapper: made anew, and with what is done to their images written down."""

from __future__ import annotations

from typing import Any

import timm
from transformers import BaseImageProcessor, PreTrainedModel, TimmWrapperConfig

from abstain._checks import ArgumentError, InputError, shown
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


READ_ELSEWHERE = ("pretrained", "checkpoint_path", "pretrained_cfg", "pretrained_cfg_overlay", "cache_dir")
"""Arguments of timm that make it read other weights than those of the folder, pickles among them."""


def check_timm_config(config: TimmWrapperConfig) -> None:
    """Refuse a configuration by which timm would read other files than those beside it.

    Raises:
        InputError: so it is, or timm knows no architecture of that name.
    """
    if not isinstance(config.architecture, str) or not timm.is_model(config.architecture):
        raise InputError(
            f"the architecture {shown(config.architecture)} is none that timm knows by its name alone: give a "
            "checkpoint with a plain name, such as resnet50"
        )
    found = sorted(set(config.model_args or {}) & {*READ_ELSEWHERE})
    if found:
        raise InputError(
            f"the checkpoint's model_args have {', '.join(found)}, by which timm would read weights from elsewhere: "
            "remove them from its config.json"
        )


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
