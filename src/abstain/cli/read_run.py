"""A run once its samples are read and measured, with all that a figure of it may need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from abstain._checks import ArgumentError
from abstain.cli.runs import RunPlace
from abstain.figures.of_runs import MeasuredRun
from abstain.logits.held_out import read_apart
from abstain.logits.predictions import CONFIDENCE
from abstain.report.predictions import evaluate_predictions

if TYPE_CHECKING:
    from abstain.cli.labelled_images import LabelledImages
    from abstain.report.selective_report import ScoreResult

Open = Callable[[str, str | None, str | None], Any]
"""Opens a source, its labels and its split, and says on standard error what it reads."""


class RefusedError(ArgumentError):
    """What was typed cannot be meant: the command ends, where else there would only be a figure less."""


@dataclass(frozen=True)
class Wanted:
    """What was typed that some figures need.

    Attributes:
        images: of the test samples; None where none were given.
        n_errors: how many of the most confident errors are shown.
        sources: splits to mix, for the table of what is accepted.
        coverage: the share of them that is accepted, in (0, 1].
    """

    images: LabelledImages | None = None
    n_errors: int = 8
    sources: Sequence[str] = ()
    coverage: float = 0.1


@dataclass(eq=False)
class ReadRun(MeasuredRun):
    """A run whose samples were read.

    Attributes:
        place: where it lies.
        wanted: what was typed.
        open: for samples of other splits.
        labels: (N,) int64 of the test samples; None where only a confidence is given.
        used: a sentence: which columns count.
    """

    place: RunPlace
    wanted: Wanted
    open: Open
    labels: np.ndarray | None
    used: str

    @classmethod
    def of(cls, place: RunPlace, open: Open, wanted: Wanted) -> ReadRun:
        """Read and measure it, the repair fitted on its validation samples if there are any.

        Raises:
            InputError: as `read_or_open` and `evaluate_predictions`.
        """
        test, validation = read_apart(open, place.place, place.validation, fraction=None, seed=0)
        report = evaluate_predictions(test, validation)
        batches = None if test.kind == CONFIDENCE else test.in_batches()
        labels = None if batches is None else np.concatenate([batch.labels for batch in batches.batches()])
        return cls(report, batches, place, wanted, open, labels, test.used)

    @property
    def shown(self) -> list[ScoreResult]:
        """MSP, and the repair if there is one that did not fall back."""
        both = (self.report.msp, self.report.repaired)
        return [result for result in both if result is not None and not result.falls_back]

    def to_dict(self) -> dict[str, Any]:
        """What is told of it in JSON."""
        recipe = self.place.recipe
        return {
            "split": self.place.place[2],
            "read": self.used,
            "recipe": None if recipe is None else recipe.name,
            "n_samples": self.report.n_samples,
            "n_logits": self.report.n_logits,
            "notes": list(self.report.notes),
        }
