"""Several models side by side: each against the first, pair by pair where they are measured on the same samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from abstain.audit.audit import Audit
from abstain.curve.difference import Difference, aurc_difference
from abstain.report.selective_report import ScoreResult, comparison_table
from abstain.report.tables import markdown_table


@dataclass(frozen=True)
class Beside:
    """One model minus the first, on the same samples; below 0 where it is better than the first.

    Attributes:
        name: of the model.
        msp: difference in the AURC of MSP.
        repaired: difference in the AURC after the repair of each; None where one of them has none.
        apart: why they are not compared; None where they are.
    """

    name: str
    msp: Difference | None = None
    repaired: Difference | None = None
    apart: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON."""
        return asdict(self)


def compare(audits: Sequence[Audit]) -> list[Beside]:
    """Every model but the first against it."""
    first, *others = audits
    return [_beside(first, other) for other in others]


def _beside(first: Audit, other: Audit) -> Beside:
    apart = _why_apart(first, other)
    if apart is not None:
        return Beside(other.name, apart=apart)
    repaired = (first.report.repaired, other.report.repaired)
    return Beside(
        other.name,
        _difference(first, other, first.report.msp, other.report.msp),
        None if None in repaired else _difference(first, other, *repaired),  # type: ignore[arg-type]
    )


def _why_apart(first: Audit, other: Audit) -> str | None:
    if first.labels is None or other.labels is None:
        return "of a given confidence nobody can tell whether the samples are the same"
    if not np.array_equal(first.labels, other.labels):
        return "their test samples have other labels, so they are not the same ones in the same order"
    return None


def _difference(first: Audit, other: Audit, a: ScoreResult, b: ScoreResult) -> Difference:
    clusters = None if first.report.clusters is None else first.report.clusters.of_sample
    told: dict[str, Any] = {"level": first.report.level, "clusters": clusters}
    return aurc_difference(b.confidence, other.report.error, a.confidence, first.report.error, **told)


def side_by_side(audits: Sequence[Audit], beside: Sequence[Beside]) -> Iterator[str]:
    """The table of all models, and that of the differences."""
    yield comparison_table({audit.name: audit.report for audit in audits})
    rows = [[f"minus {audits[0].name}", "AURC of MSP, points", "interval", "after its repair, points", "interval"]]
    rows += [[one.name, *_cells(one.msp), *_cells(one.repaired)] for one in beside if one.apart is None]
    if len(rows) > 1:
        yield markdown_table(rows, "lrrrr")


def in_words(audits: Sequence[Audit], beside: Sequence[Beside]) -> Iterator[str]:
    """A sentence a model: whether it orders its answers better than the first."""
    first = audits[0].name
    for one in beside:
        if one.apart is not None:
            yield f"{one.name} is not compared with {first} pair by pair: {one.apart}."
        elif one.msp is not None and one.msp.estimate == one.msp.standard_error == 0:
            yield f"{one.name} makes the errors of {first}, in the same order."
        elif one.msp is None or one.msp.interval is None:
            yield f"Whether {one.name} is better than {first} cannot be told from so few wrong or right answers."
        else:
            low, high = one.msp.interval
            verdict = "worse than" if low > 0 else "better than" if high < 0 else "not clearly different from"
            points = f"{100 * one.msp.estimate:+.3f} percentage points"
            yield f"{one.name} is {verdict} {first} by the AURC of MSP ({points}){_after(one)}."


def _after(one: Beside) -> str:
    if one.repaired is None or one.repaired.interval is None:
        return ""
    low, high = one.repaired.interval
    verdict = "worse" if low > 0 else "better" if high < 0 else "not clearly different"
    return f", and after the repair of each {verdict} ({100 * one.repaired.estimate:+.3f})"


def _cells(difference: Difference | None) -> list[str]:
    if difference is None:
        return ["–", "–"]
    interval = difference.interval
    shown = "–" if interval is None else f"[{100 * interval[0]:+.3f}, {100 * interval[1]:+.3f}]"
    return [f"{100 * difference.estimate:+.3f}", shown]
