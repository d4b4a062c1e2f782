"""`abstain evaluate`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from abstain.cli.kept_warnings import warnings_kept
from abstain.cli.options import (
    AsJson,
    FittedOn,
    Folder,
    Labels,
    Overwrite,
    Reading,
    Source,
    Split,
    with_options,
)
from abstain.cli.proposed import commands_of


@with_options(Reading)
@with_options(FittedOn)
def evaluate(
    logits: Source,
    reading: Reading,
    apart: FittedOn,
    labels: Labels = None,
    split: Split = None,
    target_risk: Annotated[
        list[float], typer.Option(help="Report the coverage at this risk; can be given several times.")
    ] = [0.05, 0.01],  # noqa: B006 - typer copies it
    level: Annotated[float, typer.Option(help="Nominal coverage of the intervals.")] = 0.95,
    output_dir: Annotated[
        str | None, Folder(help="Write results.json, report.md and risk_coverage.png into this folder.")
    ] = None,
    overwrite_output_dir: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Measure how well a classifier knows when to abstain, from a file of its predictions.

    Says which columns it reads (on standard error), then in words whether a higher confidence means fewer errors,
    whether logit normalisation repairs that (with --validation, fitted on those samples alone), how much can be
    answered at low risks, and what to do next; then a table with a legend: the error, the area under the risk-coverage
    curve (AURC) with its interval, and the coverage at those risks.

    Columns of values share a usual stem and are numbered (logit_0, logit_1, …) or are called as the classes are; or one
    column holds them all (logits, probabilities). Labels are in the column label, target, y_true or the like.

    Example: abstain evaluate test.parquet --validation validation.parquet --output-dir report
    """
    from abstain._files import check_results_folder
    from abstain.report.folder import REPORT_FILES, write_report
    from abstain.report.predictions import evaluate_predictions
    from abstain.report.text import report_text

    folder = None
    if output_dir is not None:
        folder = check_results_folder(output_dir, overwrite=overwrite_output_dir, written=REPORT_FILES)
    with warnings_kept() as warned:
        test, fitted_on = apart.read(reading.open, (logits, labels, split))
        report = evaluate_predictions(test, fitted_on, target_risks=target_risk, level=level)
    report = replace(report, notes=(*report.notes, *apart.notes(test, fitted_on), *warned))
    words = report.paragraphs(commands_of((logits, labels, split), reading, apart))
    said = {"read": test.used, "summary": [sentence for paragraph in words for sentence in paragraph]}
    results = report.to_dict() | said
    if fitted_on is not None:
        results["n_validation"] = len(fitted_on)
    if not report.has_intervals:
        results["intervals"] = "rows that depend on each other are taken for independent"
    text = report_text(report, words)
    typer.echo(json.dumps(results, indent=2) if as_json else text)
    if folder is not None:
        title = ", ".join(filter(None, (Path(logits).name, split)))
        write_report(folder, title=title, text=text, panels={title: {"": report}}, results=results)
        typer.echo(f"Results are in {folder.resolve()}", err=as_json)
