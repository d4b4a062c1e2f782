"""Weights of a checkpoint whose names in the file are not those in the model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import PreTrainedModel
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

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


COMPLETE_FILE = "complete"

FAILED_WRITES = ("I/O error", "IoError", "PytorchStreamWriter", "file write failed")
"""What safetensors and torch say of a file that they could not write."""


def last_complete(folder: Path) -> str | None:
    """The newest checkpoint that was written to its end."""
    complete = [path.parent for path in folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*/{COMPLETE_FILE}")]
    return str(max(complete, key=lambda path: int(path.name.split("-")[-1]))) if complete else None


def mark_complete(checkpoint: Path) -> None:
    """Say that a checkpoint is whole: one without this mark was cut off while it was written, and is never read."""
    (checkpoint / COMPLETE_FILE).touch()


@contextmanager
def naming_what_is_not_written(checkpoint: Path) -> Iterator[None]:
    """Turn a failure to write, such as of a full disk, into one sentence.

    Raises:
        InputError: names the file; the checkpoint has no mark then, and the one before it is untouched.
    """
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        if not isinstance(error, OSError) and not any(sign in str(error) for sign in FAILED_WRITES):
            raise
        files = sorted((path for path in checkpoint.glob("*") if path.is_file()), key=lambda path: path.stat().st_mtime)
        raise InputError(
            f"{str(files[-1] if files else checkpoint)!r} could not be written ({reason}): free some space and "
            "give the same command again, which goes on from the checkpoint before"
        ) from error


def remove_cut_off(folder: Path) -> None:
    """Remove checkpoints without a mark: they would count among those that `save_total_limit` keeps."""
    for checkpoint in folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*"):
        if not (checkpoint / COMPLETE_FILE).exists():
            shutil.rmtree(checkpoint)
