"""A run's folder: never overwritten, resumed where it stopped, and with everything that was used written down."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, cast

from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from abstain._checks import ArgumentError, InputError
from abstain._files import RESULTS_FILE, check_folder, check_results_folder, write_json
from abstain.experiments.rehearsal import rehearse
from abstain.experiments.samples import SAMPLES_FILE
from abstain.experiments.settings import first_difference, run_settings, without_folders
from abstain.training.arguments import SelectiveTrainingArguments
from abstain.training.checkpoints import COMPLETE_FILE, last_complete, remove_cut_off
from abstain.training.trainer import SelectiveTrainer

SETTINGS_FILE = "run.json"
MODEL_FILES = ("config.json", "model.safetensors", "logits")


def start_run(args: SelectiveTrainingArguments, *, model: Any, data: Any) -> tuple[dict[str, Any], str | None]:
    """Write a script's arguments down, and look whether its output folder is free for a run with them.

    Nothing is written or removed yet: what is refused before `train_run` leaves the folder as it was.

    Args:
        args: of training; they name the output folder.
        model: the script's dataclass of what is trained; a `model_name_or_path` in it is never written to.
        data: its dataclass of what it is trained on.

    Returns:
        The settings, as `run_settings` gives them, and the checkpoint to resume from; None for a new run.

    Raises:
        InputError: as `check_source` and `find_checkpoint`.
    """
    check_source(getattr(model, "model_name_or_path", None), args)
    settings = run_settings(args, model=without_folders(model), data=without_folders(data))
    return settings, find_checkpoint(args, settings)


def train_run(trainer: SelectiveTrainer, settings: dict[str, Any], checkpoint: str | None) -> dict[str, Any]:
    """Claim the output folder once it is sure that training can begin, and train.

    Args:
        trainer: ready to train.
        settings: of `start_run`, as the rest.
        checkpoint: to resume from.

    Returns:
        The metrics of `trainer.train()`, and `resumed_from`, the name of the checkpoint since which they count.

    Raises:
        InputError: as `rehearse` and `claim_folder`; nothing is written or removed then.
    """
    rehearse(trainer)
    claim_folder(trainer.args, settings)
    metrics = trainer.train(resume_from_checkpoint=checkpoint).metrics
    return {**metrics, "resumed_from": Path(checkpoint).name if checkpoint else None}


def check_source(model_name_or_path: str | None, args: SelectiveTrainingArguments) -> None:
    """Check that the output folder is not the checkpoint to fine-tune.

    Raises:
        InputError: it is.
    """
    if model_name_or_path and Path(model_name_or_path).resolve() == args.folder.resolve():
        raise ArgumentError(
            "the output folder is the checkpoint to fine-tune, which would be lost: give another output_dir"
        )


def find_checkpoint(args: SelectiveTrainingArguments, settings: dict[str, Any]) -> str | None:
    """Look whether `args.output_dir` is free for a run with these settings, or holds one that goes on.

    `overwrite_output_dir` allows finished results and an unfinished run of other settings; an unfinished run of the
    same settings is always taken up, so that the same command goes on where it stopped.

    Returns:
        The last complete checkpoint to resume from (or `args.resume_from_checkpoint`); None for a new run.

    Raises:
        InputError: the folder holds results or an unfinished run of other settings (unless `overwrite_output_dir`), or
            checkpoints that no run of this program left; `resume_from_checkpoint` is no checkpoint, was cut off while
            it was written, or is of another model.
    """
    named = _check_named(args, settings) if args.resume_from_checkpoint else None
    resumes = _find_resumable(args.folder, settings, overwrite=args.overwrite_output_dir)
    return named or (last_complete(args.folder) if resumes else None)


def claim_folder(args: SelectiveTrainingArguments, settings: dict[str, Any]) -> None:
    """Make `args.output_dir` the folder of a run with these settings: what is no part of it is removed.

    Several processes must share the folder, and each of them looks before it waits for the first one to write.

    Raises:
        InputError: as `find_checkpoint`, where the folder was taken since, or it cannot be written.
    """
    resumes = _find_resumable(args.folder, settings, overwrite=args.overwrite_output_dir)
    with args.main_process_first(local=False, desc="claiming the output folder"):
        if args.should_save:
            if not resumes:
                _remove_run(args.folder)
            remove_cut_off(args.folder)
            write_json(args.folder / SETTINGS_FILE, settings)


def _find_resumable(folder: Path, settings: dict[str, Any], *, overwrite: bool) -> bool:
    """Whether the folder holds an unfinished run of these settings; removes and writes nothing."""
    unfinished = (folder / SETTINGS_FILE).exists() and not (folder / RESULTS_FILE).exists()
    if not unfinished:
        found = [*MODEL_FILES, *(path.name for path in folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*"))]
        check_results_folder(folder, overwrite=overwrite, written=found)
        return False
    if last_complete(folder) is None:
        return True
    difference = first_difference(_read_settings(folder), settings)
    if difference and not overwrite:
        raise ArgumentError(
            f"{str(folder)!r} holds an unfinished run with {difference}: give another folder, or "
            "overwrite_output_dir=True to start anew"
        )
    return not difference


def _check_named(args: SelectiveTrainingArguments, settings: dict[str, Any]) -> str:
    """The checkpoint that is named to resume from, if it is whole, of the same model, and stays there."""
    checkpoint = check_folder(str(args.resume_from_checkpoint), "the checkpoint to resume from")
    what = f"the checkpoint to resume from, {str(checkpoint)!r},"
    if args.overwrite_output_dir and args.folder.resolve() in checkpoint.resolve().parents:
        raise ArgumentError(
            f"{what} lies in the output folder, which overwrite_output_dir would clear: give another output_dir"
        )
    if not (checkpoint / TRAINER_STATE_NAME).exists():
        raise ArgumentError(f"{what} holds no {TRAINER_STATE_NAME}: give a folder checkpoint-… of a run")
    run = checkpoint.resolve().parent
    if not (run / SETTINGS_FILE).exists():  # of another program
        return str(checkpoint)
    if not (checkpoint / COMPLETE_FILE).exists():
        raise ArgumentError(f"{what} was cut off while it was written: give the one before")
    difference = first_difference(*({"model": of.get("model")} for of in (_read_settings(run), settings)))
    if difference:
        raise ArgumentError(f"{what} is of a run with {difference}: give one of the same model")
    return str(checkpoint)


def _read_settings(folder: Path) -> dict[str, Any]:
    path = folder / SETTINGS_FILE
    try:
        return cast(dict[str, Any], json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise InputError(f"{str(path)!r} is damaged ({error}): give another folder, or remove this one") from error


def _remove_run(folder: Path) -> None:
    """Remove what an earlier run left, and nothing else."""
    for checkpoint in folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*"):
        shutil.rmtree(checkpoint)
    for name in (SETTINGS_FILE, SAMPLES_FILE, RESULTS_FILE):
        (folder / name).unlink(missing_ok=True)
