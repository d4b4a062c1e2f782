"""The report of so many samples that only the counts of a sketch are kept of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from abstain.report.answerable import QUESTION
from abstain.report.next_steps import Commands, describe_next_steps
from abstain.report.order import IN_WORDS, describe_measured
from abstain.report.phrases import percent
from abstain.report.repair import describe_repair
from abstain.report.selective_report import ScoreResult, SelectiveReport


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

    def paragraphs(self, commands: Commands | None = None) -> list[list[str]]:
        """The sentences of `summary`, of what can be said without intervals."""
        return [
            [describe_measured(self)],
            [describe_order_of_sketch(self)],
            [describe_repair(self)],
            list(describe_reachable(self)),
            list(describe_next_steps(self, commands or Commands())),
        ]

    def gain(self) -> None:
        """None: a paired difference needs the confidences themselves."""

    def to_dict(self) -> dict[str, Any]:
        """As of any report, and that the numbers are a sketch's."""
        return {**super().to_dict(), "sketch": True}


def describe_order_of_sketch(report: SketchReport) -> str:
    """How well the confidence orders the answers, by MSP."""
    curve, metrics = report.msp.curve, report.msp.metrics
    question, auroc = "Is the confidence in order?", curve.failure_auroc()
    if auroc is None:
        return f"{question} That cannot be told: all answers are alike."
    low, high = (percent(metrics[f"aurc_bound_{end}"], 3) for end in ("low", "high"))
    verdict = IN_WORDS["in order" if auroc > 0.5 else "worse than chance"]
    return (
        f"{question} {verdict}: of a right and a wrong answer, the right one has the higher confidence in about "
        f"{percent(auroc, 1)} % of all pairs, where 50 % is chance; the AURC lies between {low} % and {high} %, and in "
        f"a random order it would be {percent(metrics['risk'], 3)} %."
    )


def describe_reachable(report: SketchReport) -> Iterator[str]:
    """What can be answered at each target risk."""
    shown = [report.msp]
    if report.repaired is not None and not report.repaired.falls_back:
        shown.append(report.repaired)
    for number, (key, risk) in enumerate(report.target_risks.items()):
        shares = [f"{percent(one.metrics[key], 1)} % by {one.label}" for one in shown]
        yield (
            f"{f'{QUESTION} ' if number == 0 else ''}With at most {100 * risk:g} % of the answers wrong: at least "
            f"{' and '.join(shares)}."
        )


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
