"""`abstain audit`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tqdm.auto import tqdm

from abstain._checks import ArgumentError
from abstain.cli.bars import bars_for_people
from abstain.cli.kept_warnings import warnings_kept
from abstain.cli.mixture import Mixture
from abstain.cli.options import AsJson, FittedOn, Folder, Labels, Overwrite, Reading, Split, with_options
from abstain.cli.running import LOGITS, Running, run_models
from abstain.cli.runs import looks_of_sources
from abstain.cli.subjects import Subject, stored

if TYPE_CHECKING:
    from abstain.audit import Audit
    from abstain.audit.page import Parts
    from abstain.report import Commands

STEPS = 5


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
            "models: a folder or Hub name (timm's too), an ONNX file, a classifier.skops. An ONNX file in a folder of "
            "export_onnx is run as the folder says; any other gets the numbers in the data as they are, in order.",
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
    from abstain.audit import AUDIT_FILES, check_settings, how_made, parts_of
    from abstain.audit.page import as_markdown

    folder = None
    if output_dir is not None:
        folder = check_results_folder(output_dir, overwrite=overwrite_output_dir, written=AUDIT_FILES)
    names = _names(models, name)
    _check_together(models, running, reading, apart, labels)
    numbers = {"target_risks": target_risk, "delta": delta, "level": level, "seed": apart.seed or 0}
    how = mixture.told() | check_settings(numbers | mixture.told())
    with warnings_kept() as warned, bars_for_people():
        subjects: Iterator[Subject]
        if running.data is None:
            subjects = (stored(model, reading, apart, (labels, split), mixture.source) for model in models)
        else:
            subjects = run_models(models, running, reading, apart, (split, mixture.source), folder)
        asked = [
            (_audited(subject, called, how), subject.fitted_on) for subject, called in zip(subjects, names, strict=True)
        ]
    found = [pair for pair, _ in asked]
    audits = [audit for audit, _ in found]
    parts = parts_of(found, warned)
    text = as_markdown(parts)
    results = _results({audit.name or models[0]: audit for audit in audits}, warned)
    fitted_on = dict(zip(results["models"], (told for _, told in asked), strict=True))
    results["made"] = how_made(seed=apart.seed or 0, validation=fitted_on)
    typer.echo(json.dumps(results, indent=2) if as_json else text)
    if folder is not None:
        _write(folder, list(zip(models, audits, strict=True)), parts, results)
        typer.echo(f"The page is {(folder / 'report.html').resolve()}", err=as_json)


def _results(audits: dict[str, Audit], warned: list[str]) -> dict[str, Any]:
    """All numbers of the audits by the names of their models, ready for JSON."""
    from abstain.audit import compare

    return {
        "models": {name: audit.to_dict() for name, audit in audits.items()},
        "minus_the_first": [one.to_dict() for one in compare([*audits.values()])],
        "notes": warned,
    }


def _write(folder: Path, typed: list[tuple[str, Audit]], parts: Parts, results: dict[str, Any]) -> None:
    """The page with its figures and numbers, of each model as it was typed and its audit."""
    from abstain.audit import write_audit
    from abstain.audit.figures import figures_of

    title = f"Audit of {', '.join(audit.name or Path(model).name for model, audit in typed)}"
    looks = looks_of_sources({audit.name: model for model, audit in typed})
    write_audit(
        folder, title=title, parts=parts, figures=figures_of([audit for _, audit in typed], looks), results=results
    )


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


def _audited(subject: Subject, name: str, how: dict[str, Any]) -> tuple[Audit, Commands]:
    from abstain.audit import audit_predictions

    with tqdm(total=STEPS, desc=name or "audit", leave=False, disable=None) as bar:

        def step(doing: str) -> None:
            bar.set_postfix_str(doing)
            bar.update()

        how = {"name": name, "class_names": subject.class_names, "step": step, **how}
        found = audit_predictions(subject.test, subject.validation, **how)
    return found.with_notes(subject.notes), subject.commands
