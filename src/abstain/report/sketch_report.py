"""The report of so many samples that only the counts of a sketch are kept of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from abstain.report.selective_report import ScoreResult, SelectiveReport, percent


@dataclass(frozen=True, eq=False)
class SketchReport(SelectiveReport):
    """A `SelectiveReport` whose curves are those of a `RiskCoverageSketch`, with an `error` and confidences of (0,).

    The risk and the calibration are exact. An AURC lies within its certified bounds, `aurc_bound_low` and
    `aurc_bound_high` of the metrics; a coverage at a risk can be reached, and a little more may be. There are no
    intervals, and no paired gain.

    Attributes:
        n_errors: the sum of all errors.
    """

    n_errors: int = 0

    def gain(self) -> None:
        """None: a paired difference needs the confidences themselves."""

    def to_dict(self) -> dict[str, Any]:
        """As of any report, and that the numbers are a sketch's."""
        return {**super().to_dict(), "n_errors": self.n_errors, "sketch": True}


def describe_bounds(results: tuple[ScoreResult, ...]) -> str:
    """The note that these numbers are bounds, with those of each AURC."""
    bounds = [
        f"[{percent(one.metrics['aurc_bound_low'], 4)}, {percent(one.metrics['aurc_bound_high'], 4)}] % for {one.label}"
        for one in results
    ]
    return (
        "there are so many samples that only a sketch of their confidences was kept, and the numbers are its bounds: "
        f"AURC lies within {', '.join(bounds)}; each coverage can be reached, and a little more may be; intervals are "
        "not given"
    )
