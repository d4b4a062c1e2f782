"""The command line: `abstain …`."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from abstain._checks import InputError

app = typer.Typer(
    help="Measure, explain and repair what label smoothing does to a classifier's ability to abstain.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

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
    overwrite_output_dir: Annotated[bool, typer.Option(help="Replace the results that the folder holds.")] = False,
) -> None:
    """Train, measure and repair two small models in a few minutes, without a network.

    Trains the same small convolutional network twice on scikit-learn's digits, without and with label smoothing
    (α = 0.2), and evaluates both of them and the CIFAR-10 logits that come with the package: error, area under the
    risk-coverage curve (AURC) and coverage at 5 % and 1 % risk, by maximum softmax probability (MSP) and after logit
    normalisation fitted on validation data.

    Prints one table and what it shows, and leaves results.json, report.md, risk_coverage.png, and both checkpoints
    with their logits.
    """
    from abstain.quickstart import run_quickstart  # here, so that --help does not wait for torch

    folder = run_quickstart(output_dir or _free_folder(), overwrite=overwrite_output_dir)
    typer.echo(f"\nResults are in {folder.resolve()}")


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
