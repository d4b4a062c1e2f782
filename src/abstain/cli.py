"""The command line: `abstain …`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from abstain._checks import InputError, NoThresholdError

if TYPE_CHECKING:
    from abstain.logits.predictions import Predictions
    from abstain.report.selective_report import SelectiveReport

app = typer.Typer(
    help="Measure, explain and repair what label smoothing does to a classifier's ability to abstain.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda name: name.replace("_", "-"),  # --output_dir as the scripts spell it
    },
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


Source = Annotated[
    str,
    typer.Argument(
        help="Logits or probabilities with labels, or a confidence and what is right: CSV, Parquet, NPZ, JSON Lines, "
        "safetensors, .npy; a folder of shards or splits; a data set on the Hub.",
        show_default=False,
    ),
]
Labels = Annotated[str | None, typer.Option(help="A file of the labels, where the source holds none.")]
Split = Annotated[str | None, typer.Option(help="Which split, where there are several.")]
Revision = Annotated[str | None, typer.Option(help="Of a data set on the Hub: a branch, a tag or a commit.")]
Input = Annotated[
    str | None,
    typer.Option(help="logits, log-probabilities, probabilities or confidence, where names and values do not tell."),
]
LabelColumn = Annotated[str | None, typer.Option(help="The column of labels, if it is not called label or the like.")]
LogitColumns = Annotated[
    str | None,
    typer.Option(help="The columns of the values in the order of the classes, with commas; or what their names share."),
]
ClassAxis = Annotated[int | None, typer.Option(help="The axis of the classes, where each sample has several labels.")]
IgnoreIndex = Annotated[int | None, typer.Option(help="The label of samples that do not count, such as -100.")]


@app.command()
def evaluate(
    logits: Source,
    labels: Labels = None,
    validation: Annotated[
        str | None, typer.Option(help="The same of other samples, on which logit normalisation is fitted.")
    ] = None,
    validation_labels: Labels = None,
    validation_split: Annotated[
        str | None, typer.Option(help="Which split of --validation, or of the same source without it.")
    ] = None,
    validation_fraction: Annotated[
        float | None, typer.Option(help="Hold out such a share of the samples at random in place of --validation.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draw of --validation-fraction.")] = 0,
    split: Split = None,
    revision: Revision = None,
    input: Input = None,
    label_column: LabelColumn = None,
    logit_columns: LogitColumns = None,
    class_axis: ClassAxis = None,
    ignore_index: IgnoreIndex = None,
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
    """Measure how well a classifier knows when to abstain, from a file of its predictions.

    Says which columns it reads (on standard error), then prints the error, the area under the risk-coverage curve
    (AURC) with its interval, and the coverage at low risks: by maximum softmax probability, and with --validation also
    after logit normalisation, fitted on those samples alone.

    Columns of values share a stem and are numbered (logit_0, logit_1, …) or are called as the classes are; or one
    column holds them all (logits, probabilities). Labels are in the column label, target, y_true or the like.

    Example: abstain evaluate test.parquet --validation validation.parquet --output-dir report
    """
    from abstain._files import check_results_folder
    from abstain.logits.held_out import read_apart
    from abstain.report.folder import REPORT_FILES, write_report

    if output_dir is not None:
        check_results_folder(output_dir, overwrite=overwrite_output_dir, written=REPORT_FILES)
    columns: dict[str, Any] = {"input": input, "label_column": label_column, "logit_columns": logit_columns}
    read = partial(_read, revision=revision, class_axis=class_axis, ignore_index=ignore_index, **columns)
    test, fitted_on = read_apart(
        read,
        (logits, labels, split),
        (validation, validation_labels, validation_split),
        fraction=validation_fraction,
        seed=seed,
    )
    report = _evaluated(test, fitted_on, target_risks=target_risk, level=level)
    text = report.to_markdown()
    if report.logit_norm is not None:
        text += f"\n\nLogit normalisation: {report.logit_norm.reason}."
    text += "".join(f"\n\nNote: {note}." for note in report.notes)
    results = report.to_dict()
    if test.sample is not None:
        results["intervals"] = "pixels of one image are taken for independent"
        text += "\n\nPixels of one image depend on each other, so the intervals are too narrow."
    typer.echo(json.dumps(results, indent=2) if as_json else text)
    if output_dir is not None:
        panels = {Path(logits).name: {Path(logits).stem: report}}
        write_report(output_dir, title=Path(logits).name, text=text, panels=panels, results=results)
        typer.echo(f"Results are in {output_dir.resolve()}", err=as_json)


@app.command()
def threshold(
    logits: Source,
    target_risk: Annotated[float, typer.Option(help="The selective risk to stay below, such as 0.05.")],
    labels: Labels = None,
    split: Split = None,
    revision: Revision = None,
    input: Input = None,
    label_column: LabelColumn = None,
    logit_columns: LogitColumns = None,
    class_axis: ClassAxis = None,
    ignore_index: IgnoreIndex = None,
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
    The file must hold validation samples, never the ones that are reported. Which of its columns are read is said on
    standard error; `abstain evaluate --help` tells which these are.

    Example: abstain threshold validation.parquet --target-risk 0.05 --delta 0.05
    """
    from abstain.threshold.select import select_threshold

    columns = {"input": input, "label_column": label_column, "logit_columns": logit_columns}
    how = {"class_axis": class_axis, "ignore_index": ignore_index}
    predictions = _read(logits, labels, split, revision=revision, **columns, **how)
    if delta is not None and predictions.sample is not None:
        raise InputError("pixels of one image are not independent, so no guarantee holds: leave out --delta")
    name, confidence, error = _scored(predictions, score, p=p, center=center)
    point = select_threshold(confidence, error, target_risk, delta)
    typer.echo(json.dumps(asdict(point), indent=2) if as_json else point.describe(name))


def _read(source: str, labels: str | None, split: str | None, **how: Any) -> Predictions:
    """The predictions, once it is said which columns they are."""
    from abstain.logits.predictions import read_predictions

    predictions = read_predictions(source, labels=labels, split=split, **how)
    typer.echo(f"{source}: {predictions.used}", err=True)
    return predictions


def _evaluated(test: Predictions, fitted_on: Predictions | None, **how: Any) -> SelectiveReport:
    from abstain.report.evaluate import evaluate_values
    from abstain.report.given import evaluate_confidence

    if test.values is None:
        return evaluate_confidence(test.confidence, test.error, **how)
    return evaluate_values(test.of_classes(), None if fitted_on is None else fitted_on.of_classes(), **how)


def _scored(predictions: Predictions, score: str, *, p: float | None, center: bool) -> tuple[str, Any, Any]:
    """The name of a confidence, the confidence, and the error."""
    from abstain.scores.confidence import Confidence, named_confidence
    from abstain.scores.probabilities import ProbabilityScore, log_probabilities, probability_error
    from abstain.scores.softmax import classification_error

    values = predictions.values
    if values is None:
        if score != "msp" or p is not None:
            raise InputError(f"the score is {score}, but a confidence is given: leave out --score and --p")
        return "confidence", predictions.confidence, predictions.error
    confidence: Confidence = named_confidence(score, p=p, center=center)
    if predictions.input != "probabilities":
        return confidence.name, confidence.score(values), classification_error(values, predictions.labels)
    error = probability_error(values, predictions.labels)
    if p is None:
        return score, ProbabilityScore(score).score(values), error
    if not center:
        raise InputError("--no-center needs logits, but these are probabilities, whose rows have lost their shift")
    return confidence.name, confidence.score(log_probabilities(values)), error


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
