"""`abstain audit`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tqdm.auto import tqdm

from abstain._checks import ArgumentError, InputError
from abstain.cli.bars import bars_for_people
from abstain.cli.kept_warnings import warnings_kept
from abstain.cli.mixture import Mixture
from abstain.cli.options import AsJson, FittedOn, Folder, Labels, Overwrite, Reading, Split, with_options
from abstain.cli.proposed import commands_of

if TYPE_CHECKING:
    from abstain.audit import Audit, Kept
    from abstain.report import Commands

RUNNING = "How a model is run (with --data)"
_told = partial(typer.Option, rich_help_panel=RUNNING)
TEST, VALIDATION, LOGITS, CONFIDENCE = "test", "validation", "logits", "confidence"
HELD_OUT = 0.5
"""The share of the samples that is fitted on, where no others are there."""
STEPS = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Running:
    """On which data models are run, and how."""

    data: Annotated[
        str | None,
        _told(
            help="Run the models on this data set: digits, a folder of Parquet, CSV or images, or a name on the Hub.",
            rich_help_panel=RUNNING,
        ),
    ] = None
    max_samples: Annotated[int | None, _told(help="Of each split only so many, drawn at random.", min=1)] = None
    batch_size: Annotated[int, _told(help="Samples at once.", min=1)] = 32
    device: Annotated[
        str | None,
        _told(help="Such as cpu or cuda:0. Default: the accelerator if there is one."),
    ] = None
    trusted_type: Annotated[
        list[str] | None,
        _told(help="A type that a file of skops may hold; can be given several times."),
    ] = None


@with_options(Running)
@with_options(Mixture)
@with_options(Reading)
@with_options(FittedOn)
def audit(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL_OR_LOGITS...",
            help="Predictions as of abstain evaluate, or the folder of a model that keeps its logits; with --data "
            "models: a folder or Hub name (timm's too), model.onnx, a classifier.skops.",
            show_default=False,
        ),
    ],
    running: Running,
    mixture: Mixture,
    reading: Reading,
    apart: FittedOn,
    name: Annotated[
        list[str] | None, typer.Option(help="What to call each of them, in their order; can be given several times.")
    ] = None,
    labels: Labels = None,
    split: Split = None,
    target_risk: Annotated[
        list[float], typer.Option(help="Look for a threshold for this risk; can be given several times.")
    ] = [0.05, 0.02, 0.01],  # noqa: B006 - typer copies it
    delta: Annotated[float, typer.Option(help="The probability with which a guarantee may fail.")] = 0.05,
    level: Annotated[float, typer.Option(help="Nominal coverage of the intervals.")] = 0.95,
    output_dir: Annotated[
        str | None, Folder(help="Write report.html, report.md, results.json and the figures into this folder.")
    ] = None,
    overwrite_output_dir: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """What is wrong with a model's confidence, why, and what to do about it: one page in words, figures and commands.

    Whether the confidence is in order; whether the model looks smoothed; what each repair gains, and whether that is
    more than chance; which confidence is best; how much can be answered at 5, 2 and 1 % errors, with and without a
    guarantee; for which classes; and what to do, as commands to copy. Several models are put side by side, with paired
    differences. Samples that come from several sources (--source) are also looked at source by source.

    Whatever is fitted or chosen is so on validation samples: those of --validation, the split of that name beside
    the test split, or else a half of the samples, drawn at random, which is then not reported.

    Example: abstain audit runs/mine/logits --output-dir audit

    Example: abstain audit microsoft/resnet-50 timm/resnet50.a1_in1k --data my-images --output-dir audit
    """
    from abstain._files import check_results_folder
    from abstain.audit import AUDIT_FILES, checked, compare, parts_of, write_audit
    from abstain.audit.figures import figures_of
    from abstain.audit.page import as_markdown

    folder = None
    if output_dir is not None:
        folder = check_results_folder(output_dir, overwrite=overwrite_output_dir, written=AUDIT_FILES)
    names = _names(models, name)
    _check_together(models, running, reading, apart, labels)
    numbers = {"target_risks": target_risk, "delta": delta, "level": level, "seed": apart.seed or 0}
    how = mixture.told() | checked(numbers | mixture.told())
    with warnings_kept() as warned, bars_for_people():
        subjects: Iterator[_Subject]
        if running.data is None:
            subjects = (_stored(model, reading, apart, (labels, split), mixture.source) for model in models)
        else:
            subjects = _run(models, running, reading, apart, (split, mixture.source), folder)
        found = [_audited(subject, called, how) for subject, called in zip(subjects, names, strict=True)]
    audits = [audit for audit, _ in found]
    parts = parts_of(found, warned)
    text = as_markdown(parts)
    results = {
        "models": {audit.name or models[0]: audit.to_dict() for audit in audits},
        "minus_the_first": [one.to_dict() for one in compare(audits)],
        "notes": warned,
    }
    typer.echo(json.dumps(results, indent=2) if as_json else text)
    if folder is not None:
        title = f"Audit of {', '.join(audit.name or Path(models[0]).name for audit in audits)}"
        write_audit(folder, title=title, parts=parts, figures=figures_of(audits), results=results)
        typer.echo(f"The page is {(folder / 'report.html').resolve()}", err=as_json)


def _names(models: list[str], names: list[str] | None) -> list[str]:
    """What they are called: as told, or the last parts of each path that tell them apart; a single one nothing."""
    if names and len(names) != len(models):
        raise ArgumentError(f"{len(models)} models are given and {len(names)} names: give one name each, or none")
    if names and not all(map(str.strip, names)):
        raise ArgumentError("a name is empty, but each model needs one: give another, or no names at all")
    if names and len(set(names)) < len(names):
        raise ArgumentError("two models have the same name, by which they are told apart: give each its own")
    return names or ([""] if len(models) == 1 else _told_apart(models))


def _told_apart(models: list[str]) -> list[str]:
    parts = [tuple(part for part in Path(model).parts if part != LOGITS) for model in models]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    raise ArgumentError("a model is given twice, but each is compared with the first: leave one out, or give name=")


def _check_together(models: list[str], running: Running, reading: Reading, apart: FittedOn, labels: str | None) -> None:
    """Refuse options that say nothing beside the others, before anything is read."""
    only_stored = {**vars(reading), "labels": labels, "validation": apart.validation}
    only_stored["validation_labels"] = apart.validation_labels
    for unused in ("revision", "label_column"):
        only_stored.pop(unused)
    given = [option for option, value in only_stored.items() if value is not None]
    if running.data is not None and given:
        raise ArgumentError(f"{given[0]}= is of stored predictions, but data= asks to run models: leave one out")
    told = {name: value for name, value in vars(running).items() if value != getattr(Running, name)}
    if running.data is None and told:
        raise ArgumentError(f"{next(iter(told))}= is of models that are run, but there is no data: give data= too")
    if apart.validation_fraction is not None and (apart.validation, apart.validation_split) != (None, None):
        raise ArgumentError("both validation_fraction and other validation samples are given: leave out one of them")
    if apart.validation_labels is not None and apart.validation is None:
        raise ArgumentError("validation_labels are given without validation=, whose labels they are: give both")
    if len(models) > 1 and (labels is not None or apart.validation is not None):
        raise ArgumentError(
            "several models are given, and labels or validation samples of one: give folders that hold the splits of "
            "each, or audit them one by one"
        )


@dataclasses.dataclass(frozen=True, eq=False)
class _Subject:
    """What is audited."""

    test: Any
    validation: Any
    commands: Commands
    notes: tuple[str, ...] = ()
    class_names: tuple[str, ...] | None = None


def _stored(
    source: str, reading: Reading, apart: FittedOn, where: tuple[str | None, str | None], source_column: str | None
) -> _Subject:
    """Predictions as they lie somewhere, with validation samples from beside them or out of them."""
    from abstain.audit import class_names_beside, folder_of_logits, holds_split

    model, names, (labels, split) = source, class_names_beside(source), where
    source = folder_of_logits(source)
    if not apart.is_given and split in (None, TEST) and all(holds_split(source, one) for one in (TEST, VALIDATION)):
        apart, split = replace(apart, validation_split=VALIDATION), TEST
    elif not apart.is_given:
        apart = replace(apart, validation_fraction=HELD_OUT)
    place = (source, labels, split)
    commands = commands_of(place, reading, apart)
    commands = commands if names is None else replace(commands, model=model)

    def read(*at: str | None) -> Any:
        """Only of the test samples has to be told where they come from."""
        return reading.open(*at, source_column=source_column if at == place else None)  # type: ignore[arg-type]

    if apart.validation_fraction is None:
        found = _Subject(*apart.read(read, place, draws=True, fits=False), commands, class_names=names)
    else:
        found = replace(_held_out(read(*place), apart, commands), class_names=names)
    _check_names(names, found.test, model)
    return found


def _check_names(names: tuple[str, ...] | None, test: Any, model: str) -> None:
    """Logits beside a model may be another's."""
    if names is None or test.kind == CONFIDENCE:
        return
    n_classes = max(test.in_batches().n_columns, 2)
    if len(names) != n_classes:
        raise InputError(
            f"{model!r} is the folder of a model of {len(names)} classes, but the logits in it are of {n_classes}: "
            "give the folder of the logits alone, if they are another model's"
        )


def _held_out(predictions: Any, apart: FittedOn, commands: Commands) -> _Subject:
    """A share of the samples is held out of those that are measured."""
    from abstain.logits.held_out import hold_out

    if len(predictions) < 2:
        return _Subject(predictions, None, commands)
    validation, test = hold_out(predictions, apart.validation_fraction or HELD_OUT, seed=apart.seed or 0)
    held = replace(apart, validation_fraction=apart.validation_fraction or HELD_OUT)
    return _Subject(test, validation, commands, tuple(held.notes(test, validation)))


def _run(
    models: list[str],
    running: Running,
    reading: Reading,
    apart: FittedOn,
    samples: tuple[str | None, str | None],
    folder: Path | None,
) -> Iterator[_Subject]:
    """What models say of a data set; their logits are kept in the output folder, if there is one."""
    from abstain.audit import Data, Kept, Run, run_model

    data = Data(
        name=str(running.data),
        split=samples[0],
        validation_split=apart.validation_split,
        label_column=reading.label_column,
        max_samples=running.max_samples,
    )
    parts = data.read()
    kept = None if folder is None else Kept(folder / LOGITS)
    run = Run(
        batch_size=running.batch_size,
        device=running.device,
        revision=reading.revision,
        trusted_types=tuple(running.trusted_type or ()),
        kept=kept,
    )
    for model in models:
        said = run_model(model, parts, reading.label_column, run, samples[1])
        if VALIDATION in said and apart.validation_fraction is None:
            others = FittedOn(validation_split=VALIDATION)
            yield _Subject(said[TEST], said[VALIDATION], commands_of(_kept_place(kept, model), Reading(), others))
        else:
            yield _held_out(said[TEST], apart, commands_of(_kept_place(kept, model), Reading(), FittedOn()))


def _kept_place(kept: Kept | None, model: str) -> tuple[str, None, str]:
    """Where the logits of the test samples are kept, if they are: those of files of skops and ONNX are not."""
    is_kept = kept is not None and kept.of_model(model).is_dir()
    return (str(kept.of_model(model)) if kept is not None and is_kept else "LOGITS", None, TEST)


def _audited(subject: _Subject, name: str, how: dict[str, Any]) -> tuple[Audit, Commands]:
    from abstain.audit import audit_predictions

    with tqdm(total=STEPS, desc=name or "audit", leave=False, disable=None) as bar:

        def step(doing: str) -> None:
            bar.set_postfix_str(doing)
            bar.update()

        how = {"name": name, "class_names": subject.class_names, "step": step, **how}
        found = audit_predictions(subject.test, subject.validation, **how)
    return found.with_notes(subject.notes), subject.commands
