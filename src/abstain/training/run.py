"""A run's folder: never overwritten, resumed where it stopped, and with everything that was used written down."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from transformers.trainer_utils import get_last_checkpoint

from abstain._checks import InputError, check_results_folder
from abstain.results_folder import RESULTS_FILE
from abstain.training.arguments import SelectiveTrainingArguments

SETTINGS_FILE = "run.json"
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


def run_settings(args: SelectiveTrainingArguments, **others: Any) -> dict[str, Any]:
    """Every argument that can change the result, ready for JSON; tokens are masked."""
    training = {key: value for key, value in args.to_dict().items() if key not in WHERE_NOT_WHAT}
    return json.loads(json.dumps({**others, "training": training}, default=str))


def begin_run(args: SelectiveTrainingArguments, settings: dict[str, Any]) -> str | None:
    """Claim `args.output_dir` for a run with these settings.

    Returns:
        The last checkpoint of an unfinished run with the same settings, to resume from; None for a new run.

    Raises:
        InputError: the folder holds results (unless `overwrite_output_dir`), or an unfinished run of other settings.
    """
    with args.main_process_first(local=False, desc="claiming the output folder"):
        if args.should_save:
            _claim(args.folder, settings, overwrite=args.overwrite_output_dir)
        return get_last_checkpoint(str(args.folder)) if args.folder.is_dir() else None


def _claim(folder: Path, settings: dict[str, Any], *, overwrite: bool) -> None:
    folder = check_results_folder(folder, overwrite=overwrite)
    if overwrite:
        _remove_run(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / SETTINGS_FILE
    if written.exists() and get_last_checkpoint(str(folder)):
        _check_same(json.loads(written.read_text()), settings, folder)
    written.write_text(json.dumps(settings, indent=2) + "\n")


def _remove_run(folder: Path) -> None:
    """Remove what an earlier run left, and nothing else."""
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    for name in (SETTINGS_FILE, RESULTS_FILE):
        (folder / name).unlink(missing_ok=True)


def _check_same(before: dict[str, Any], now: dict[str, Any], folder: Path) -> None:
    for group in {**before, **now}:
        old, new = before.get(group) or {}, now.get(group) or {}
        for key in {**old, **new}:
            if old.get(key) != new.get(key):
                raise InputError(
                    f"{str(folder)!r} holds an unfinished run with {key} = {old.get(key)!r}, but this one has "
                    f"{new.get(key)!r}: give another folder, or --overwrite_output_dir to start anew"
                )


def environment() -> dict[str, Any]:
    """The versions of libraries, the revision of this package's sources if they are a clone, and the hardware."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine() + " CPU"
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        "git_revision": git_revision(),
        "device": device,
        "threads": torch.get_num_threads(),
    }


def git_revision() -> str | None:
    """The commit of the sources that run, with `+changed` if they differ from it; None outside a clone."""
    folder = Path(__file__).parent
    try:
        commit = ["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"]
        revision = subprocess.run(commit, capture_output=True, text=True, check=True).stdout.strip()
        status = ["git", "-C", str(folder), "status", "--porcelain", "--untracked-files=no", "."]
        changed = subprocess.run(status, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    return revision + ("+changed" if changed else "")
