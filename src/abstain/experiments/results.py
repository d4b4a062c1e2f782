"""What the training scripts share: the arguments as they are written down, and the results of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from abstain._checks import InputError
from abstain.experiments.settings import environment
from abstain.report.folder import write_results
from abstain.report.selective_report import SelectiveReport
from abstain.training.arguments import SelectiveTrainingArguments


class FingerprintedSplit(Protocol):
    """A data set with a length, that can say which data it holds."""

    def __len__(self) -> int: ...
    def fingerprint(self) -> str:
        """A hash of all its samples."""
        ...


def check_source(model_name_or_path: str | None, args: SelectiveTrainingArguments) -> None:
    """Check that the output folder is not the checkpoint to fine-tune.

    Raises:
        InputError: it is.
    """
    if model_name_or_path and Path(model_name_or_path).resolve() == args.folder.resolve():
        raise InputError(
            "the output folder is the checkpoint to fine-tune, which would be lost: give another --output_dir"
        )


def training_summary(metrics: Mapping[str, Any], checkpoint: str | None) -> dict[str, Any]:
    """The metrics of `trainer.train()`, and the name of the checkpoint since which they count."""
    return {**metrics, "resumed_from": Path(checkpoint).name if checkpoint else None}


def write_run_results(
    args: SelectiveTrainingArguments,
    *,
    settings: Mapping[str, Any],
    splits: Mapping[str, FingerprintedSplit],
    training: Mapping[str, Any],
    report: SelectiveReport,
    skipped: Mapping[str, int] | None = None,
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Write `results.json` as the last act of a run, and print the report.

    Args:
        args: name the output folder.
        settings: of `run_settings`.
        splits: name -> the data that was used.
        training: of `training_summary`.
        report: of the test data.
        skipped: name of a split -> samples that could not be read and were left out.
        notes: what else is to be known of the evaluation.
    """
    contents: dict[str, dict[str, Any]] = {
        name: {"samples": len(split), "sha256": split.fingerprint()} for name, split in splits.items()
    }
    for name, count in (skipped or {}).items():
        contents[name]["skipped"] = count
    results = {"settings": settings, "environment": environment(), "data": contents, "training": training}
    path = write_results(args.folder, results | {"evaluation": {**report.to_dict(), **(notes or {})}})
    print(report.to_markdown(), f"Results are in {path.parent}", sep="\n\n")
