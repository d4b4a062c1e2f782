"""The commands in one program, and what becomes of errors."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated, Any, cast

import typer

from abstain._checks import InputError, NoThresholdError, exit_status
from abstain._spelling import as_typed
from abstain.cli.audit import audit
from abstain.cli.evaluate import evaluate
from abstain.cli.figures import figures
from abstain.cli.predict import predict
from abstain.cli.publish import publish
from abstain.cli.quickstart import quickstart
from abstain.cli.register import register
from abstain.cli.threshold import threshold

app = typer.Typer(
    help="Measure, explain and repair what label smoothing does to a classifier's ability to abstain.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="markdown",  # so that paragraphs are filled
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda name: name.replace("_", "-"),  # --output_dir as the scripts spell it
    },
)
for command in (quickstart, audit, evaluate, threshold, predict, figures, publish, register):
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
    """Run the command line; what is wrong is one line on standard error.

    The exit status is 2 where an argument is at fault, and 1 where the data are or no threshold qualifies.
    """
    try:
        app()
    except (InputError, NoThresholdError) as error:
        print(f"error: {typed(str(error))}", file=sys.stderr)
        sys.exit(exit_status(error))
    except OSError as error:  # such as of a full disk behind standard output
        print(f"error: nothing more could be written ({error.strerror or error})", file=sys.stderr)
        sys.exit(1)


def typed(sentence: str) -> str:
    """What the library says of its arguments, as the command line says it of its options."""
    return as_typed(sentence, typed_options())


def typed_options() -> dict[str, str]:
    """Name of each argument -> its option, for `as_typed`; an option that can be repeated is a list of plural name."""
    found = {"source_column": "--source"}  # where the argument `source` is what is read
    for command in cast(Any, typer.main.get_command(app)).commands.values():
        for option in (one for one in command.params if one.param_type_name == "option"):
            name = f"{option.name}s" if option.multiple else str(option.name)
            found |= {name: option.opts[0], f"{name}=True": option.opts[0]}
            found |= {f"{name}=False": no for no in option.secondary_opts[:1]}
    return found
