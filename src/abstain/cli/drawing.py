"""Figures of several runs: each run is read, measured and let go, and then all are drawn and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from abstain._checks import ArgumentError, InputError
from abstain._files import json_text, whole_file
from abstain.cli.figure_images import OF_IMAGES
from abstain.cli.figure_sources import OF_SOURCES
from abstain.cli.read_run import Open, ReadRun, RefusedError, Wanted
from abstain.cli.runs import RunPlace
from abstain.figures.of_runs import FIGURES, FigureOfRuns
from abstain.report.pictures import FORMATS, figure_bytes
from abstain.report.style import Look

EVERY: dict[str, FigureOfRuns] = {**FIGURES, **OF_IMAGES, **OF_SOURCES}
SUMMARY = "figures.json"
FILES = (SUMMARY, *(f"{name}.{ending}" for name in EVERY for ending in (*FORMATS, "md")))
"""What the command may leave in its folder."""
SUPPRESSION = (
    "suppression is left out: it needs data whose true probability of an error is known, which no run has; "
    "`abstain.figures.suppression_figure` draws what is measured on such"
)


@dataclass(eq=False)
class Drawing:
    """What is to be drawn of runs, filled run by run.

    Attributes:
        figures: name -> figure.
        values: name of each figure -> name of each run -> what it shows of it.
        reasons: name of each figure -> name of each run of which it cannot be drawn -> why.
        runs: name of each run -> what is told of it.
    """

    figures: Mapping[str, FigureOfRuns]
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    reasons: dict[str, dict[str, str]] = field(default_factory=dict)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    _n_samples: int | None = None
    _labels: tuple[str, np.ndarray] | None = None

    def add_all(self, places: Sequence[RunPlace], open: Open, wanted: Wanted) -> None:
        """Read and measure each run, and keep what the figures show of it.

        Raises:
            InputError: a run cannot be read, or its test samples are others than those of the first.
        """
        with tqdm(total=len(places) * len(self.figures), unit=" values", leave=False, disable=None) as bar:
            for place in places:
                bar.set_description(place.name)
                run = ReadRun.of(place, open, wanted)
                self._check_samples(run)
                self.runs[place.name] = run.to_dict()
                for name in self.figures:
                    self._add(name, run)
                    bar.update()

    def draw(self, looks: Mapping[str, Look], formats: Sequence[str]) -> dict[str, bytes]:
        """Name of each file -> its content.

        Raises:
            InputError: nothing can be drawn.
        """
        if not self.values:
            raise ArgumentError("nothing can be drawn: " + "; ".join(self.left_out))
        files: dict[str, bytes] = {}
        for name, values in tqdm(self.values.items(), desc="drawing", leave=False, disable=None):
            drawn = self.figures[name].draw(values, looks)
            if isinstance(drawn, str):
                files[f"{name}.md"] = f"{drawn}\n".encode()
            else:
                files |= {f"{name}.{ending}": figure_bytes(drawn, ending) for ending in formats}
        return files

    @property
    def left_out(self) -> list[str]:
        """A sentence for each figure that shows not all runs, or none."""
        return [sentence for name, reasons in self.reasons.items() for sentence in _sentences(name, reasons, self.runs)]

    def summary(self) -> dict[str, Any]:
        """The numbers that the figures show, ready for JSON; what is left out is told apart, see `left_out`."""
        told = {
            name: {run: self.figures[name].told(value) for run, value in values.items()}
            for name, values in self.values.items()
        }
        return {"runs": self.runs, "figures": told}

    def _add(self, name: str, run: ReadRun) -> None:
        try:
            shown = self.figures[name].values(run)
        except RefusedError:
            raise
        except InputError as reason:
            self.reasons.setdefault(name, {})[run.place.name] = str(reason)
        else:
            self.values.setdefault(name, {})[run.place.name] = shown

    def _check_samples(self, run: ReadRun) -> None:
        """That they are as many, and have the same labels where labels are known, which a confidence has not."""
        n_samples, name = run.report.n_samples, run.place.name
        if self._n_samples not in (None, n_samples):
            raise _of_others(name, next(iter(self.runs)), f"they are {n_samples:,} and not {self._n_samples:,}")
        self._n_samples = n_samples
        if run.labels is None:
            return
        first, labels = self._labels = self._labels or (name, run.labels)
        if not np.array_equal(labels, run.labels):
            raise _of_others(name, first, "their labels differ")


def _of_others(name: str, first: str, how: str) -> ArgumentError:
    return ArgumentError(
        f"the test samples of {name!r} are others than those of {first!r}: {how}; draw runs of one data set together, "
        "and others apart"
    )


def _sentences(name: str, reasons: Mapping[str, str], runs: Mapping[str, Any]) -> Iterator[str]:
    if len(reasons) == len(runs) and len(set(reasons.values())) == 1:
        yield f"{name} is left out: {next(iter(reasons.values()))}"
    else:
        yield from (f"{name} is without {run}: {reason}" for run, reason in reasons.items())


def write_files(folder: Path, files: Mapping[str, bytes], summary: Mapping[str, Any]) -> None:
    """Write the figures, and the summary last of all; what an earlier call left of others is gone.

    Raises:
        InputError: one cannot be written; what was there before is untouched.
    """
    numbers = json_text(summary)
    with ExitStack() as whole:  # left in reverse: the summary comes to its place last
        whole.enter_context(whole_file(folder / SUMMARY)).write_text(numbers, encoding="utf-8")
        for name, content in files.items():
            whole.enter_context(whole_file(folder / name)).write_bytes(content)
        for name in (SUMMARY, *FILES):
            (folder / name).unlink(missing_ok=True)
