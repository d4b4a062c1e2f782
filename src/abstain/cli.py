"""The command line: `abstain …`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from abstain._checks import InputError, NoThresholdError

app = typer.Typer(
    help="Measure, explain and repair what label smoothing does to a classifier's ability to abstain.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Overwrite = Annotated[
    bool,
    typer.Option("--overwrite_output_dir", "--overwrite-output-dir", help="Replace the results that the folder holds."),
]
DEFAULT_FOLDER = Path("quickstart-results")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("abstain"))
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options of `abstain` itself; also what makes a single command a subcommand."""


@app.command()
def quickstart(
    output_dir: Annotated[
        Path | None,
        typer.Option(help="Folder for the results. Default: quickstart-results, with a number if that is taken."),
    ] = None,
    overwrite_output_dir: Overwrite = False,
) -> None:
    """Train, measure and repair two small models in a minute, without a network.

    Trains a network twice, without label smoothing and with it (α = 0.4), on scikit-learn's digits with Gaussian noise
    added, and evaluates both of them and the CIFAR-10 logits that come with the package: error, area under the
    risk-coverage curve (AURC) and coverage at 5 % and 1 % risk, by maximum softmax probability (MSP) and after logit
    normalisation fitted on validation data.

    Prints one table, what it shows and what to do next, and leaves results.json, report.md, risk_coverage.png, and both
    checkpoints with their logits.
    """
    from abstain.quickstart import next_steps, run_quickstart  # here, so that --help does not wait for torch

    folder = run_quickstart(output_dir or _free_folder(), overwrite=overwrite_output_dir)
    typer.echo(f"\nResults are in {folder.resolve()}\n\n{next_steps(folder)}")


@app.command()
def register(
    undo: Annotated[bool, typer.Option("--undo", help="Remove what was written, and nothing else.")] = False,
) -> None:
    """Make evaluate.load("selective_risk") work on this machine, from any directory and without a network.

    Writes the metric's script, a few lines, into the cache of `evaluate` (HF_MODULES_CACHE, in HF_HOME unless set).
    Done again it changes nothing. abstain.load_metric() needs no registration.
    """
    from abstain.metric.registration import register, unregister

    if not undo:
        typer.echo(f'evaluate.load("selective_risk") is registered in {register()}')
    elif removed := unregister():
        typer.echo(f"removed {removed}")
    else:
        typer.echo('evaluate.load("selective_risk") was not registered: nothing to remove')


LogitsFile = Annotated[
    Path,
    typer.Argument(
        help="Logits and labels: .parquet or .npz (logits, label), .csv (label and logits), .npy; a folder of shards."
    ),
]
LabelsFile = Annotated[Path | None, typer.Option(help="Labels as .npy, for and only for logits as .npy.")]


@app.command()
def evaluate(
    logits: LogitsFile,
    labels: LabelsFile = None,
    validation: Annotated[
        Path | None, typer.Option(help="The same of other samples, on which logit normalisation is fitted.")
    ] = None,
    validation_labels: LabelsFile = None,
    target_risk: Annotated[
        list[float], typer.Option(help="Report the coverage at this risk; can be given several times.")
    ] = [0.05, 0.01],  # noqa: B006 - typer copies it
    level: Annotated[float, typer.Option(help="Nominal coverage of the intervals.")] = 0.95,
    output_dir: Annotated[
        Path | None, typer.Option(help="Write results.json, report.md and risk_coverage.png into this folder.")
    ] = None,
    overwrite_output_dir: Overwrite = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure how well a classifier knows when to abstain, from a file of its logits.

    Prints the error, the area under the risk-coverage curve (AURC) with its interval, and the coverage at low risks: by
    maximum softmax probability, and with --validation also after logit normalisation, fitted on those samples alone.

    Example: abstain evaluate test.parquet --validation validation.parquet --output-dir report
    """
    from abstain._files import check_results_folder
    from abstain.logits.files import holds_pixels, read_logits_file
    from abstain.report.evaluate import evaluate_logits
    from abstain.report.folder import REPORT_FILES, write_report

    if output_dir is not None:
        check_results_folder(output_dir, overwrite=overwrite_output_dir, written=REPORT_FILES)
    fitted_on = None if validation is None else read_logits_file(validation, validation_labels)
    report = evaluate_logits(
        *read_logits_file(logits, labels), validation=fitted_on, target_risks=target_risk, level=level
    )
    text = report.to_markdown()
    if report.logit_norm is not None:
        text += f"\n\nLogit normalisation: {report.logit_norm.reason}."
    results = report.to_dict()
    if holds_pixels(logits):
        results["intervals"] = "pixels of one image are taken for independent"
        text += "\n\nPixels of one image depend on each other, so the intervals are too narrow."
    typer.echo(json.dumps(results, indent=2) if as_json else text)
    if output_dir is not None:
        panels = {logits.name: {logits.stem: report}}
        write_report(output_dir, title=logits.name, text=text, panels=panels, results=results)
        typer.echo(f"Results are in {output_dir.resolve()}", err=as_json)


@app.command()
def threshold(
    logits: LogitsFile,
    target_risk: Annotated[float, typer.Option(help="The selective risk to stay below, such as 0.05.")],
    labels: LabelsFile = None,
    delta: Annotated[
        float | None, typer.Option(help="The probability with which the guarantee may fail; none: no guarantee.")
    ] = None,
    score: Annotated[
        str, typer.Option(help="The confidence: a name of abstain.scores.SCORES, or max_logit_pnorm.")
    ] = "msp",
    p: Annotated[float | None, typer.Option(help="Of max_logit_pnorm, chosen on yet other samples.")] = None,
    center: Annotated[bool, typer.Option(help="Of max_logit_pnorm: subtract each row's mean.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of sentences.")] = False,
) -> None:
    """Choose a threshold on the confidence, so that the accepted samples hold at most so many errors.

    With --delta 0.05 the risk on new samples from the same distribution is at most --target-risk with probability 95 %.
    The file must hold validation samples, never the ones that are reported.

    Example: abstain threshold validation.parquet --target-risk 0.05 --delta 0.05
    """
    from abstain.logits.files import holds_pixels, read_logits_file
    from abstain.scores.confidence import named_confidence
    from abstain.scores.softmax import classification_error
    from abstain.threshold.select import select_threshold

    values, classes = read_logits_file(logits, labels)
    if delta is not None and holds_pixels(logits):
        raise InputError("pixels of one image are not independent, so no guarantee holds: leave out --delta")
    confidence = named_confidence(score, p=p, center=center)
    error = classification_error(values, classes)
    point = select_threshold(confidence.score(values), error, target_risk, delta)
    typer.echo(json.dumps(asdict(point), indent=2) if as_json else point.describe(confidence.name))


def _free_folder() -> Path:
    """The first of quickstart-results, quickstart-results-2, … that does not exist."""
    folder, number = DEFAULT_FOLDER, 1
    while folder.exists():
        number += 1
        folder = DEFAULT_FOLDER.with_name(f"{DEFAULT_FOLDER.name}-{number}")
    return folder


def main() -> None:
    """Run the command line; bad input is one line on standard error and exit status 2."""
    try:
        app()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except NoThresholdError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
