"""Predictions as they were read, of any kind, to their report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from abstain.curve.clusters import Clusters
from abstain.report.evaluate import evaluate_batches
from abstain.report.given import evaluate_confidence
from abstain.report.notes import DEPENDENT, note_ignored
from abstain.report.selective_report import SelectiveReport
from abstain.scores.batches import ValueBatches

CONFIDENCE = "confidence"
"""The kind of predictions that are no values of the classes."""


class Read(Protocol):
    """What `logits.read_predictions` and `logits.read_or_open` give; of a confidence also it and the errors."""

    @property
    def kind(self) -> str:
        """What they are."""

    @property
    def sample(self) -> NDArray[Any] | None:
        """(N,) what rows that depend on each other share; None where each row is its own."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be known of them, in sentences."""

    @property
    def n_ignored(self) -> int:
        """Samples left out because of their label."""

    def in_batches(self) -> ValueBatches:
        """The values of the classes."""


def evaluate_predictions(test: Read, validation: Read | None = None, **how: Any) -> SelectiveReport:
    """Measure predictions: values of the classes by MSP and after its repair, a confidence as it is.

    Args:
        test: what is measured.
        validation: other samples to fit on; None for MSP alone. A confidence takes none.
        **how: `target_risks` and `level` of `evaluate_logits`; of values also its `p_grid`, `center` and `fallback`.

    Returns:
        The report; its notes say also what is known from how the samples were read.

    Raises:
        InputError: as `evaluate_logits`.
    """
    of_rows = test.sample
    if of_rows is None or len(np.unique(of_rows)) > 1:
        return _measured(test, validation, of_rows, **how)
    report = _measured(test, validation, None, **how)
    return replace(report, notes=(*report.notes, DEPENDENT), independent=False)


def _measured(test: Any, validation: Read | None, of_rows: NDArray[Any] | None, **how: Any) -> SelectiveReport:
    """By what the rows share, where they depend on each other."""
    if test.kind != CONFIDENCE:
        others = None if validation is None else validation.in_batches()
        clusters = None if of_rows is None else Clusters.read(of_rows, len(of_rows))
        return evaluate_batches(test.in_batches(), others, clusters=clusters, **how)
    notes = (*test.notes, *note_ignored(test.n_ignored, "test"))
    unrepaired = "; ".join(test.notes) or None
    return evaluate_confidence(
        test.confidence, test.error, score=test.score, notes=notes, unrepaired=unrepaired, clusters=of_rows, **how
    )
