"""The table of what runs accept of a mixture of their splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from abstain._checks import ArgumentError, InputError
from abstain.cli.read_run import ReadRun, RefusedError
from abstain.figures.of_runs import FigureOfRuns
from abstain.figures.sources import AcceptedBySource, accepted_by_source, accepted_table
from abstain.scores.by_kind import confidence_of_kind, scored_in_batches
from abstain.scores.confidence import Confidence, OfProbabilities
from abstain.scores.kind_names import Kind


def accepted_of(run: ReadRun) -> dict[str, AcceptedBySource]:
    """At the wanted coverage of all sources together, what is accepted of each: label of each score -> that.

    Raises:
        InputError: no sources are named, or a run has no such split.
    """
    names = run.wanted.sources
    if not names:
        raise ArgumentError("it needs the splits that come mixed: give sources=")
    source, labels, _ = run.place.place
    if Path(source).expanduser().is_file():
        raise RefusedError(f"{source!r} is one file, which has no splits to mix: give a folder, or leave out sources=")
    try:
        read = [run.open(source, labels, name).in_batches() for name in names]
    except InputError as error:
        raise RefusedError(str(error)) from error
    told = np.repeat(list(names), [one.n_samples for one in read])

    def accepted(confidence: Confidence) -> AcceptedBySource:
        parts = [scored_in_batches(one, _of_kind(confidence, one.kind))[:2] for one in read]
        scored, error = (np.concatenate(of_sources) for of_sources in zip(*parts, strict=True))
        found = accepted_by_source(scored, error, told, coverage=run.wanted.coverage)
        return replace(found, sources={name: found.sources[name] for name in names})  # in the order of the columns

    return {result.label: accepted(result.scored_by) for result in run.shown}


def _of_kind(confidence: Confidence, kind: Kind) -> Confidence:
    """A confidence of a report as it is taken of values: that of probabilities knows already that it is."""
    return confidence if isinstance(confidence, OfProbabilities) else confidence_of_kind(confidence, kind)


def _table(runs: Mapping[str, Mapping[str, AcceptedBySource]], looks: Any) -> str:
    names = next(iter(next(iter(runs.values())).values())).sources
    return accepted_table(runs, list(names))


OF_SOURCES: dict[str, FigureOfRuns] = {
    "accepted_by_source": FigureOfRuns(
        accepted_of, _table, lambda accepted: {score: found.to_dict() for score, found in accepted.items()}
    )
}
"""Tables of `ReadRun`."""
