"""Checkpoints are whole and marked so, or never read; a run goes on from the newest one that is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from safetensors import SafetensorError
from torch import nn
from transformers.trainer import TRAINING_ARGS_NAME
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR, get_last_checkpoint, rotate_checkpoints

from abstain._checks import ArgumentError, InputError, first_line
from abstain.training.averaging import AveragingTrainer
from abstain.training.renamed_weights import restore_renamed

COMPLETE_FILE = "complete"

UNLOADABLE = (RuntimeError, OSError, ValueError, SafetensorError)
"""What torch, transformers and safetensors raise for a checkpoint that they cannot load."""

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
        reason = first_line(error)
        if not isinstance(error, OSError) and not any(sign in str(error) for sign in FAILED_WRITES):
            raise
        files = [path for path in checkpoint.rglob("*") if path.is_file()]
        files.sort(key=lambda path: path.stat().st_mtime)
        raise InputError(
            f"{str(files[-1] if files else checkpoint)!r} could not be written ({reason}): free some space and "
            "give the same command again, which goes on from the checkpoint before"
        ) from error


def remove_cut_off(folder: Path) -> None:
    """Remove checkpoints without a mark: they would count among those that `save_total_limit` keeps."""
    for checkpoint in folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*"):
        if not (checkpoint / COMPLETE_FILE).exists():
            shutil.rmtree(checkpoint)


class CheckpointingTrainer(AveragingTrainer):
    """A `Trainer` that never loses the last whole checkpoint, and that finds all weights of the one it resumes from.

    Args: those of `AveragingTrainer`.

    Raises:
        InputError: a checkpoint cannot be written, or is not of this model.
    """

    def train(self, resume_from_checkpoint: str | bool | None = None, *more: Any, **kwargs: Any) -> Any:
        """As `Trainer.train`; True goes on from the newest checkpoint that is whole, where any is marked so."""
        if resume_from_checkpoint is True:
            resume_from_checkpoint = last_complete(self.args.folder) or get_last_checkpoint(str(self.args.folder))
            if resume_from_checkpoint is None:
                raise ArgumentError(
                    f"there is no checkpoint in {str(self.args.folder)!r} to resume from: leave out "
                    "resume_from_checkpoint"
                )
        elif resume_from_checkpoint and not Path(resume_from_checkpoint).is_dir():
            raise ArgumentError(f"resume_from_checkpoint is {resume_from_checkpoint!r}, but there is no such folder")
        return super().train(resume_from_checkpoint, *more, **kwargs)

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Save the model, without the arguments as a pickle that no user of the model needs."""
        super().save_model(output_dir, _internal_call)
        (Path(output_dir or self.args.folder) / TRAINING_ARGS_NAME).unlink(missing_ok=True)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        folder = Path(self._get_output_dir(trial)) / f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}"
        limit, self.args.save_total_limit = self.args.save_total_limit, None  # nothing goes before this one is whole
        try:
            with naming_what_is_not_written(folder):
                super()._save_checkpoint(model, trial)
                self.accelerator.wait_for_everyone()  # each process writes a part of it
                if self.args.should_save:
                    mark_complete(folder)
        finally:
            self.args.save_total_limit = limit
        if self.args.should_save:
            rotate_checkpoints(str(folder.parent), limit, self.state.best_model_checkpoint)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        whole = cast(nn.Module, model or self.model)
        try:
            if self.is_fsdp_enabled or not restore_renamed(whole, Path(resume_from_checkpoint)):
                super()._load_from_checkpoint(resume_from_checkpoint, model)
        except UNLOADABLE as error:  # of another model, or a part of it is missing
            reason = " ".join(str(error).split())[:300]
            raise InputError(
                f"the checkpoint {resume_from_checkpoint!r} cannot be loaded ({reason}): give another to resume from"
            ) from error

    def _load_best_model(self) -> None:
        in_parts = self.is_fsdp_enabled or self.is_deepspeed_enabled
        best = Path(str(self.state.best_model_checkpoint))
        try:
            if in_parts or not restore_renamed(cast(nn.Module, self.model), best):
                super()._load_best_model()
        except UNLOADABLE as error:
            raise InputError(
                f"the best model, in {str(best)!r}, cannot be loaded ({first_line(error)}): the model is that of the "
                "last step; leave out load_best_model_at_end"
            ) from error
