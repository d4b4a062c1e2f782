"""`abstain quickstart`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from abstain.cli.options import Folder, Overwrite

DEFAULT_FOLDER = Path("quickstart-results")


def quickstart(
    output_dir: Annotated[
        str | None,
        Folder(help="Folder for the results. Default: quickstart-results, with a number if that is taken."),
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

    folder = run_quickstart(free_folder() if output_dir is None else output_dir, overwrite=overwrite_output_dir)
    typer.echo(f"\nResults are in {folder.resolve()}\n\n{next_steps(folder)}")


def free_folder() -> Path:
    """The first of quickstart-results, quickstart-results-2, … that does not exist."""
    folder, number = DEFAULT_FOLDER, 1
    while folder.exists():
        number += 1
        folder = DEFAULT_FOLDER.with_name(f"{DEFAULT_FOLDER.name}-{number}")
    return folder
