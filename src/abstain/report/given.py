"""A confidence and an error a sample, given as they are: the same report without logits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_confidence_error
from abstain._checks import ArgumentError, are_binary, check_binary, check_keys
from abstain.curve.curve import risk_coverage_curve
from abstain.report.selective_report import ScoreResult, SelectiveReport


@dataclass(frozen=True)
class GivenConfidence:
    """What is known of a confidence that was given: nothing; it cannot be made of logits again."""

    name: str = "confidence"
    label: str = "confidence as given"
    temperature: None = None

    def score(self, logits: Any) -> NDArray[np.float64]:
        """Never anything.

        Raises:
            InputError: always.
        """
        raise ArgumentError("a confidence that was given cannot be made of logits: give the logits in its place")

    def to_dict(self) -> dict[str, Any]:
        """Its name, ready for JSON."""
        return {"score": self.name}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """What `to_dict` wrote.

        Raises:
            InputError: another key than `"score"`.
        """
        return cls(check_keys("given confidence", values, known={"score"}, needed={"score"})["score"])


def evaluate_confidence(
    confidence: Any, error: Any, *, target_risks: Iterable[float] = (0.05, 0.01), level: float = 0.95
) -> SelectiveReport:
    """Measure a confidence on test data.

    Args:
        confidence: (N,) real; larger is accepted first.
        error: (N,) in {0, 1}.
        target_risks: risks at which the coverage is reported.
        level: nominal coverage of the intervals, in (0, 1).

    Returns:
        The report, with one score and no `n_logits`; its AURC is in the convention `"mean"`.

    Raises:
        InputError: lengths that differ, no sample, NaN, or an error that is neither 0 nor 1.
    """
    confidence, error = check_confidence_error(confidence, error)
    check_binary("the report", is_binary=are_binary(error), instead="give 1 where a sample is wrong and 0 elsewhere")
    curve = risk_coverage_curve(confidence, error)
    low, high = curve.aurc_interval(level) or (None, None)
    metrics: dict[str, float | None] = {
        **curve.summary(target_risks),
        "aurc_low": low,
        "aurc_high": high,
    }
    result = ScoreResult("confidence", metrics, confidence.astype(np.float64), curve, GivenConfidence())
    return SelectiveReport(len(error), None, level, error.astype(np.float64), (result,), "confidence")
