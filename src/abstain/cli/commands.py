"""The commands in one program, and what becomes of errors."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from abstain._checks import InputError, NoThresholdError
from abstain.cli.evaluate import evaluate
from abstain.cli.quickstart import quickstart
from abstain.cli.register import register
from abstain.cli.threshold import threshold

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
for command in (quickstart, evaluate, threshold, register):
    app.command()(command)


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
