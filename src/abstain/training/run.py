"""A run's folder: never overwritten, resumed where it stopped, and with everything that was used written down."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import torch
from accelerate import PartialState
from safetensors import SafetensorError
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from abstain._checks import InputError, check_folder, check_results_folder
from abstain.json_file import write_json
from abstain.results_folder import RESULTS_FILE
from abstain.training.arguments import SelectiveTrainingArguments

SETTINGS_FILE = "run.json"
COMPLETE_FILE = "complete"
MODEL_FILES = ("config.json", "model.safetensors", "logits")
PACKAGES = ("abstain", "torch", "transformers", "datasets", "accelerate", "timm", "numpy", "scipy")
WHERE_NOT_WHAT = {
    "output_dir",
    "logging_dir",
    "overwrite_output_dir",
    "resume_from_checkpoint",
    "local_rank",
    "run_name",
}
"""Arguments that do not change the result, and would put a path of the machine into it."""
FAILED_WRITES = ("I/O error", "IoError", "PytorchStreamWriter", "file write failed")
"""What safetensors and torch say of a file that they could not write."""
HARMLESS = (
    "logging_",
    "log_",
    "disable_tqdm",
    "save_steps",
    "save_strategy",
    "save_total_limit",
    "hub_",
    "push_to_hub",
    "report_to",
    "dataloader_num_workers",
    "dataloader_pin_memory",
    "dataloader_persistent_workers",
    "dataloader_prefetch_factor",
    "use_cpu",
    "ddp_",
)
"""Arguments that begin so may differ when a run is taken up again."""


def run_settings(args: SelectiveTrainingArguments, **others: Any) -> dict[str, Any]:
    """Every argument that can change the result, ready for JSON; tokens are masked."""
    training = {key: value for key, value in args.to_dict().items() if key not in WHERE_NOT_WHAT}
    settings = {**others, "training": training, "launch": {"processes": args.world_size}}
    text = json.dumps(settings, default=str)
    return cast(dict[str, Any], json.loads(text, parse_constant=str))  # JSON has no infinity


def begin_run(args: SelectiveTrainingArguments, settings: dict[str, Any]) -> str | None:
    """Claim `args.output_dir` for a run with these settings.

    `overwrite_output_dir` removes finished results and an unfinished run of other settings; an unfinished run of the
    same settings is always taken up, so that the same command goes on where it stopped. Several processes must share
    the folder, and each of them looks before it waits for the first one to write.

    Returns:
        The last complete checkpoint to resume from (or `args.resume_from_checkpoint`); None for a new run.

    Raises:
        InputError: the folder holds results or an unfinished run of other settings (unless `overwrite_output_dir`), or
            checkpoints that no run of this program left; `resume_from_checkpoint` is no checkpoint, was cut off while
            it was written, or is of another model.
    """
    named = _check_named(args, settings) if args.resume_from_checkpoint else None
    resumes = _find_resumable(args.folder, settings, overwrite=args.overwrite_output_dir)
    with args.main_process_first(local=False, desc="claiming the output folder"):
        if args.should_save:
            if not resumes:
                _remove_run(args.folder)
            _remove_cut_off(args.folder)
            write_json(args.folder / SETTINGS_FILE, settings)
    return named or _last_complete(args.folder)


def _find_resumable(folder: Path, settings: dict[str, Any], *, overwrite: bool) -> bool:
    """Whether the folder, made if need be, holds an unfinished run of these settings; removes and writes nothing."""
    unfinished = (folder / SETTINGS_FILE).exists() and not (folder / RESULTS_FILE).exists()
    if not unfinished:
        found = [*MODEL_FILES, *(path.name for path in folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*"))]
        check_results_folder(folder, overwrite=overwrite, written=found)
        return False
    if _last_complete(folder) is None:
        return True
    difference = _difference(_read_settings(folder), settings)
    if difference and not overwrite:
        raise InputError(
            f"{str(folder)!r} holds an unfinished run with {difference}: give another folder, or "
            "--overwrite_output_dir to start anew"
        )
    return not difference


def _check_named(args: SelectiveTrainingArguments, settings: dict[str, Any]) -> str:
    """The checkpoint that is named to resume from, if it is whole, of the same model, and stays there."""
    checkpoint = check_folder(str(args.resume_from_checkpoint), "the checkpoint to resume from")
    what = f"the checkpoint to resume from, {str(checkpoint)!r},"
    if args.overwrite_output_dir and args.folder.resolve() in checkpoint.resolve().parents:
        raise InputError(
            f"{what} lies in the output folder, which --overwrite_output_dir would clear: give another --output_dir"
        )
    if not (checkpoint / TRAINER_STATE_NAME).exists():
        raise InputError(f"{what} holds no {TRAINER_STATE_NAME}: give a folder checkpoint-… of a run")
    run = checkpoint.resolve().parent
    if not (run / SETTINGS_FILE).exists():  # of another program
        return str(checkpoint)
    if not (checkpoint / COMPLETE_FILE).exists():
        raise InputError(f"{what} was cut off while it was written: give the one before")
    difference = _difference(*({"model": of.get("model")} for of in (_read_settings(run), settings)))
    if difference:
        raise InputError(f"{what} is of a run with {difference}: give one of the same model")
    return str(checkpoint)


def _read_settings(folder: Path) -> dict[str, Any]:
    path = folder / SETTINGS_FILE
    try:
        return cast(dict[str, Any], json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise InputError(f"{str(path)!r} is damaged ({error}): give another folder, or remove this one") from error


def _last_complete(folder: Path) -> str | None:
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


def _remove_run(folder: Path) -> None:
    """Remove what an earlier run left, and nothing else."""
    for checkpoint in folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*"):
        shutil.rmtree(checkpoint)
    for name in (SETTINGS_FILE, RESULTS_FILE):
        (folder / name).unlink(missing_ok=True)


def _remove_cut_off(folder: Path) -> None:
    """Remove checkpoints without a mark: they would count among those that `save_total_limit` keeps."""
    for checkpoint in folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*"):
        if not (checkpoint / COMPLETE_FILE).exists():
            shutil.rmtree(checkpoint)


def _difference(before: dict[str, Any], now: dict[str, Any]) -> str | None:
    """The first setting in which two runs differ so that their results do."""
    for group in {**before, **now}:
        old, new = before.get(group) or {}, now.get(group) or {}
        for key in {**old, **new}:
            if old.get(key) != new.get(key) and not key.startswith(HARMLESS):
                return f"{key} = {old.get(key)!r}, but this one has {new.get(key)!r}"
    return None


def environment() -> dict[str, Any]:
    """The versions of libraries, the revision of this package's sources if they are a clone, and the hardware."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine() + " CPU"
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        "git_revision": git_revision(),
        "device": device,
        "processes": PartialState().num_processes,
        "threads": torch.get_num_threads(),
    }


def git_revision() -> str | None:
    """The commit of the sources that run, with `+changed` if they differ from it; None outside a clone."""
    folder = Path(__file__).parent
    try:
        known = ["git", "-C", str(folder), "ls-files", "--error-unmatch", Path(__file__).name]
        subprocess.run(known, capture_output=True, check=True)  # or it is another project's repository
        commit = ["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"]
        revision = subprocess.run(commit, capture_output=True, text=True, check=True).stdout.strip()
        status = ["git", "-C", str(folder), "status", "--porcelain", "--untracked-files=no", "."]
        changed = subprocess.run(status, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    return revision + ("+changed" if changed else "")
