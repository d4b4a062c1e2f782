"""Options of `abstain audit` that run models, and what these say."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abstain.cli.options import FittedOn, Reading
from abstain.cli.proposed import commands_of
from abstain.cli.subjects import HELD_OUT, TEST, VALIDATION, Subject, held_out

if TYPE_CHECKING:
    from abstain.audit import Kept

LOGITS = "logits"
_told = partial(typer.Option, rich_help_panel="How a model is run (with --data)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Running:
    """On which data models are run, and how."""

    data: Annotated[
        str | None,
        _told(
            help="Run the models on this data set: digits, a folder of Parquet, CSV or images, or a name on the Hub."
        ),
    ] = None
    max_samples: Annotated[int | None, _told(help="Of each split only so many, drawn at random.", min=1)] = None
    batch_size: Annotated[int | None, _told(help="Samples at once. Default: 32.", min=1)] = None
    device: Annotated[
        str | None,
        _told(help="Such as cpu or cuda:0. Default: the accelerator if there is one."),
    ] = None
    trusted_type: Annotated[
        list[str] | None,
        _told(help="A type that a file of skops may hold; can be given several times."),
    ] = None


def run_models(
    models: list[str],
    running: Running,
    reading: Reading,
    apart: FittedOn,
    samples: tuple[str | None, str | None],
    folder: Path | None,
) -> Iterator[Subject]:
    """What models say of a data set, which is kept in the output folder, if there is one.

    Args:
        models: names, folders and files.
        running: how they are run, and on which data.
        reading: of which the revision and the column of labels count.
        apart: of which the split and the share of validation samples count.
        samples: the split that is measured, and the column that tells where its samples come from.
        folder: of the output; None: nothing is kept.

    Raises:
        InputError: as `audit.run_model`.
    """
    from abstain.audit import Data, Kept, Run, run_model

    data = Data(
        name=str(running.data),
        split=samples[0],
        validation_split=apart.validation_split,
        label_column=reading.label_column,
        max_samples=running.max_samples,
    )
    parts = data.read()
    kept = None if folder is None else Kept(folder / LOGITS, tell=partial(typer.echo, err=True))
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
            commands = commands_of(_kept_place(kept, model), Reading(), others)
            told = f"split {apart.validation_split or VALIDATION} of {running.data}"
            yield Subject(said[TEST], said[VALIDATION], commands, fitted_on=told)
        else:
            shared = FittedOn(validation_fraction=apart.validation_fraction or HELD_OUT)
            yield held_out(said[TEST], apart, commands_of(_kept_place(kept, model), Reading(), shared))


def _kept_place(kept: Kept | None, model: str) -> tuple[str, None, str]:
    """Where what a model says of the test samples is kept, if it is."""
    return ("LOGITS" if kept is None else str(kept.of_model(model)), None, TEST)
