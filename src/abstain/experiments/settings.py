"""The settings of a run as they are written down and compared, and where it ran."""

from __future__ import annotations

import json
import platform
import subprocess
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import torch
from accelerate import PartialState

from abstain.training.arguments import SelectiveTrainingArguments
from abstain.training.card import WHERE_NOT_WHAT
from abstain.training.teacher import facts_of_teacher

PACKAGES = ("abstain", "torch", "transformers", "datasets", "accelerate", "timm", "numpy", "scipy")

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
    "lazy_images",
    "image_memory_gib",
    "target_risk",
    "delta",
)
"""Arguments that begin so may differ when a run is taken up again."""


def run_settings(args: SelectiveTrainingArguments, **others: Any) -> dict[str, Any]:
    """Every argument that can change the result, ready for JSON; tokens are masked."""
    training = {key: value for key, value in args.to_dict().items() if key not in WHERE_NOT_WHAT}
    training |= facts_of_teacher(args.teacher)
    settings = {**others, "training": training, "launch": {"processes": args.world_size}}
    text = json.dumps(settings, default=str)
    return cast(dict[str, Any], json.loads(text, parse_constant=str))  # JSON has no infinity


def first_difference(before: dict[str, Any], now: dict[str, Any]) -> str | None:
    """The first setting in which two runs differ so that their results do."""
    for group in {**before, **now}:
        old, new = before.get(group) or {}, now.get(group) or {}
        for key in {**old, **new}:
            if old.get(key) != new.get(key) and not key.startswith(HARMLESS):
                return f"{key} = {old.get(key)!r}, but this one has {new.get(key)!r}"
    return None


def environment(device: torch.device | None = None) -> dict[str, Any]:
    """The versions of libraries, the revision of this package's sources if they are a clone, and the hardware.

    Args:
        device: as `device_name`.
    """
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        "git_revision": git_revision(),
        "device": device_name(device),
        "processes": PartialState().num_processes,
        "threads": torch.get_num_threads(),
    }


def device_name(device: torch.device | None = None) -> str:
    """What trains: the name of the GPU, or the kind of processor.

    Args:
        device: on which the model is; None takes a GPU if there is one.
    """
    on_gpu = torch.cuda.is_available() and (device is None or device.type == "cuda")
    return torch.cuda.get_device_name(device) if on_gpu else platform.machine() + " CPU"


def git_revision() -> str | None:
    """The commit of the sources that run, with `+changed` if they differ from it; None outside a clone."""
    folder = Path(__file__).parents[1]
    try:
        known = ["git", "-C", str(folder), "ls-files", "--error-unmatch", str(Path(__file__).relative_to(folder))]
        subprocess.run(known, capture_output=True, check=True)  # or it is another project's repository
        commit = ["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"]
        revision = subprocess.run(commit, capture_output=True, text=True, check=True).stdout.strip()
        status = ["git", "-C", str(folder), "status", "--porcelain", "--untracked-files=no", "."]
        changed = subprocess.run(status, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    return revision + ("+changed" if changed else "")


def without_folders(arguments: Any) -> dict[str, object]:
    """The fields of a dataclass as they are written down: of a local file or folder its name alone."""
    values = asdict(arguments)
    return {k: Path(v).name if isinstance(v, str) and Path(v).expanduser().exists() else v for k, v in values.items()}
