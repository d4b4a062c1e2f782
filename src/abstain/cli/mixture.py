"""Options of `abstain audit` for test samples that come from several sources."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Annotated, Any

import typer

from abstain._checks import ArgumentError

_told = partial(typer.Option, rich_help_panel="Where the test samples come from")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mixture:
    """Which sources the test samples come from, and what is asked of each."""

    source: Annotated[
        str | None,
        _told(
            metavar="COLUMN", help="The column, of the predictions or of --data, that names the source of each sample."
        ),
    ] = None
    coverage: Annotated[
        float | None, _told(help="Count what is accepted of each source at this coverage. Default: 0.1.")
    ] = None
    out_of_distribution: Annotated[
        list[str] | None,
        _told(
            metavar="SOURCE",
            help="A source whose samples are of no known class, whatever their label: to accept one is an error. Can "
            "be given several times.",
        ),
    ] = None

    def told(self) -> dict[str, Any]:
        """What `audit_predictions` is told, beside what the samples themselves hold.

        Raises:
            ArgumentError: something is asked of sources that nothing tells apart.
        """
        given = {"coverage": self.coverage, "out_of_distribution": self.out_of_distribution or None}
        told = {name: value for name, value in given.items() if value is not None}
        if told and self.source is None:
            raise ArgumentError(
                f"{next(iter(told))}= is of sources, but nothing tells them apart: name their column, source="
            )
        return told
