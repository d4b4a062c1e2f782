"""Weights of a checkpoint whose names in the file are not those in the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from safetensors import safe_open
from torch import nn
from transformers import PreTrainedModel

from abstain._checks import InputError


def restore_renamed(model: nn.Module, checkpoint: Path) -> bool:
    """Give a model the weights of a checkpoint, where transformers saved them under other names than the model's own.

    It does so with architectures whose modules it has renamed since the first checkpoints of them, such as ViT and
    SegFormer. `from_pretrained` translates the names; the stock Trainer does not, warns of missing keys, and goes on
    with the weights that the model happens to have (https://github.com/huggingface/transformers/issues/43701).

    Args:
        model: of the architecture that was saved.
        checkpoint: a folder with `model.safetensors`, whole or in parts.

    Returns:
        Whether there were such names; where not, the model is as it was, and `Trainer` loads it right.

    Raises:
        InputError: the checkpoint lacks weights of the model.
    """
    saved: set[str] = set()
    for path in checkpoint.glob("model*.safetensors"):
        with safe_open(path, framework="pt") as file:
            saved.update(file.keys())
    if not isinstance(model, PreTrainedModel) or saved <= model.state_dict().keys():
        return False
    # typed as if it returned the model alone
    restored, found = cast(Any, type(model)).from_pretrained(checkpoint, output_loading_info=True)
    if missing := found["missing_keys"]:
        raise InputError(
            f"the checkpoint {str(checkpoint)!r} lacks {min(missing)}, but must have all weights of the "
            "model: give another one to resume from"
        )
    model.load_state_dict(restored.state_dict())
    return True
