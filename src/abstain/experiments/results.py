"""How a run ends: its logits and its results are written, and a mistake of the user is one sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from torch import distributed

from abstain._checks import InputError, NoThresholdError, exit_status
from abstain._spelling import as_typed
from abstain.audit.diagnosis import Diagnosis, diagnose
from abstain.data.pixels import has_dense_labels
from abstain.experiments.samples import RunSamples, write_samples
from abstain.experiments.script_parser import typed_options
from abstain.experiments.settings import environment
from abstain.logits.dataset import sample_of_each_row
from abstain.report.evaluate import evaluate_logits
from abstain.report.folder import write_results
from abstain.report.selective_report import SelectiveReport
from abstain.training.arguments import SelectiveTrainingArguments
from abstain.training.trainer import SelectiveTrainer


class FingerprintedSplit(Protocol):
    """A data set with a length, that can say which data it holds."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> Any: ...
    def fingerprint(self) -> str:
        """A hash of all its samples."""
        ...


def run_script(main: Callable[[], None], dataclass_types: Iterable[Any] = ()) -> None:
    """Run the `main` of a script; a mistake of the user ends it with one line on stderr and no traceback.

    The exit status is 2 where an argument is at fault, and 1 where the data are.

    Args:
        main: the script.
        dataclass_types: of its arguments, which that line names as they are typed.
    """
    try:
        main()
    except InputError as error:
        print(f"error: {as_typed(str(error), typed_options(dataclass_types))}", file=sys.stderr)
        sys.exit(exit_status(error))
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()  # or its threads may abort a process that has done its work


def finish(
    trainer: SelectiveTrainer,
    splits: Mapping[str, Any],
    *,
    settings: Mapping[str, Any],
    training: Mapping[str, Any],
    processor: Any = None,
    skipped: Mapping[str, int] | None = None,
    notes: Mapping[str, Any] | None = None,
) -> SelectiveReport:
    """Save the model with its logits, measure it, and write what was found as the last act of a run.

    Every process calls it; the first one writes. A target that nothing on the validation data reaches leaves the model
    without a rule, and is said on stderr: a run is not lost for that.

    Args:
        trainer: whose model is trained; `target_risk` and `delta` of its arguments ask for a rule.
        splits: name -> the data that was used, `validation` and `test` among them.
        settings: as for `write_run_results`, as the rest.
        training: of `train_run`.
        processor: what makes the model's inputs, saved beside it by its `save_pretrained`.
        skipped: name of a split -> samples that could not be read and were left out.
        notes: what else is to be known of the evaluation.
    """
    with trainer.one_push():  # of all that is written here
        logits = trainer.save_with_logits({name: splits[name] for name in ("validation", "test")})
        _choose_when_to_answer(trainer, splits["validation"])
        trainer.accelerator.wait_for_everyone()  # the first one has written of which image each pixel is
        of_rows = sample_of_each_row(Path(trainer.args.folder) / "logits", "test")
        report = evaluate_logits(*logits["test"], validation=logits["validation"], input="logits", clusters=of_rows)
        if trainer.is_world_process_zero():
            if processor is not None:
                processor.save_pretrained(trainer.args.folder)
            found: dict[str, Any] = {"settings": settings, "training": training, "skipped": skipped, "notes": notes}
            found["diagnosis"] = _diagnosis(logits["test"], of_rows)
            write_run_results(trainer.args, splits=splits, report=report, **found)
    return report


def _diagnosis(test: tuple[Any, Any], clusters: Any) -> Diagnosis | None:
    """Whether the model looks smoothed; None of two classes, of which that cannot be told."""
    return diagnose(*test, input="logits", clusters=clusters) if test[0].shape[-1] > 2 else None


def _choose_when_to_answer(trainer: SelectiveTrainer, validation: Any) -> None:
    target = getattr(trainer.args, "target_risk", None)
    if target is None:
        return
    try:
        trainer.calibrate(validation, target_risk=target, delta=getattr(trainer.args, "delta", None))
    except NoThresholdError as error:
        if trainer.is_world_process_zero():
            print(f"no rule was written: {error}", file=sys.stderr)


def write_run_results(
    args: SelectiveTrainingArguments,
    *,
    settings: Mapping[str, Any],
    splits: Mapping[str, FingerprintedSplit],
    training: Mapping[str, Any],
    report: SelectiveReport,
    skipped: Mapping[str, int] | None = None,
    notes: Mapping[str, Any] | None = None,
    diagnosis: Diagnosis | None = None,
) -> None:
    """Write `samples.parquet` (none for pixels) and, as the last act of a run, `results.json`; print the report.

    Args:
        args: name the output folder.
        settings: of `run_settings`.
        splits: name -> the data that was used.
        training: of `train_run`.
        report: of the data in `splits["test"]`, with validation data.
        skipped: name of a split -> samples that could not be read and were left out.
        notes: what else is to be known of the evaluation.
        diagnosis: of the same test data; None where there is none.
    """
    contents: dict[str, dict[str, Any]] = {
        name: {"samples": len(split), "sha256": split.fingerprint()} for name, split in splits.items()
    }
    for name, count in (skipped or {}).items():
        contents[name]["skipped"] = count
    results = {"settings": settings, "environment": environment(args.device), "data": contents, "training": training}
    if not has_dense_labels(splits["test"]):
        write_samples(args.folder, RunSamples.of(report))
    if diagnosis is not None:
        results["diagnosis"] = diagnosis.to_dict()
    path = write_results(args.folder, results | {"evaluation": {**report.to_dict(), **(notes or {})}})
    print(report.to_markdown(), f"Results are in {path.parent}", sep="\n\n")
