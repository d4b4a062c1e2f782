"""What a threshold does to the answers of each class: a risk that holds on average can hide a high one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

from abstain.audit.score_gains import holm
from abstain.report.phrases import counted, p_value, percent
from abstain.report.tables import markdown_table
from abstain.threshold.groups import operating_point_by_group

MOST_CLASSES = 15
"""Rows of the table; the others are in `results.json`."""


@dataclass(frozen=True)
class OfClass:
    """The samples that are predicted to be of one class.

    Attributes:
        name: of the class.
        n_samples: how many there are.
        error: the share of them that is wrong.
        coverage: the share of them that is accepted.
        risk: the share of the accepted ones that is wrong; None where none is accepted.
        adjusted_p: of the hypothesis that accepted answers of this class are wrong no more often than the target risk
            (an exact binomial tail), after Holm's correction for all classes; None where none is accepted, and of rows
            that depend on each other, whose errors are not binomial.
    """

    name: str
    n_samples: int
    error: float
    coverage: float
    risk: float | None
    adjusted_p: float | None

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON."""
        return asdict(self)


def by_predicted_class(
    confidence: NDArray[np.float64],
    error: NDArray[np.float64],
    predicted: NDArray[np.int64],
    *,
    threshold: float,
    target_risk: float,
    names: Sequence[str] | None = None,
    independent: bool = True,
) -> tuple[OfClass, ...]:
    """One entry for each class that is predicted at all, the one with the largest risk among the accepted first.

    Args:
        confidence: (N,) of the test samples.
        error: (N,) 0/1.
        predicted: (N,) the predicted class.
        threshold: accept where the confidence is at least this.
        target_risk: that the threshold is for.
        names: of the classes in their order; None calls them by their numbers.
        independent: whether the samples are.
    """
    kept = operating_point_by_group(confidence, error, predicted, threshold=threshold)
    whole = operating_point_by_group(confidence, error, predicted, threshold=-np.inf)
    accepted = [(point.n_samples * point.coverage, point.risk if independent else None) for point in kept.values()]
    adjusted = holm([_p_value(n, risk, target_risk) for n, risk in accepted])
    found = [
        OfClass(
            str(names[index]) if names is not None else str(index),
            point.n_samples,
            whole[index].risk or 0.0,
            point.coverage,
            point.risk,
            p,
        )
        for (index, point), p in zip(kept.items(), adjusted, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: (-1.0 if one.risk is None else one.risk, one.error), reverse=True))


def _p_value(accepted: float, risk: float | None, target_risk: float) -> float | None:
    """P(Binomial(n, target) >= errors): small where the accepted answers are wrong more often than the target."""
    if risk is None:
        return None
    n = round(accepted)
    wrong = round(n * risk)
    return 1.0 if wrong == 0 else float(bdtrc(wrong - 1, n, target_risk))


def in_words(classes: Sequence[OfClass], where: str, level: float) -> Iterator[str]:
    """Which classes are wrong more often than the target risk, and which are never answered.

    Args:
        classes: at least one.
        where: at which threshold, as the beginning of a sentence.
        level: a class is above the target where its p-value is at most 1 - level.
    """
    above = [one for one in classes if one.adjusted_p is not None and one.adjusted_p <= 1 - level]
    silent = [one for one in classes if one.coverage == 0]
    n = len(classes)
    if above:
        yield (
            f"{where}, answers of {counted(len(above), 'class').replace('classs', 'classes')} of "
            f"{n} are wrong more often than that beyond chance: {_named(above)}. A threshold for each class keeps the "
            "target within each (`abstain.select_threshold` with `per_group=True`)."
        )
    elif any(one.adjusted_p is not None for one in classes):
        yield f"{where}, no class is wrong more often than that beyond chance."
    elif len(silent) < n:
        yield f"{where}, whether a class is wrong more often than that cannot be told where rows depend on each other."
    if silent:
        yield f"Never answered: {_named(silent)}."
    if n > MOST_CLASSES:
        yield f"The {MOST_CLASSES} with the largest risk are shown; `results.json` has all {n}."


def _named(classes: Sequence[OfClass]) -> str:
    shown = ", ".join(one.name for one in classes[:10])
    return shown + (f" and {len(classes) - 10} more" if len(classes) > 10 else "")


def table(classes: Sequence[OfClass]) -> str:
    """A line a class, in their order, up to `MOST_CLASSES`."""
    rows = [["predicted class", "samples", "error %", "answered %", "of these wrong %", "p (Holm)"]]
    rows += [
        [
            one.name,
            f"{one.n_samples:,}",
            percent(one.error, 2),
            percent(one.coverage, 1),
            percent(one.risk, 2),
            p_value(one.adjusted_p),
        ]
        for one in classes[:MOST_CLASSES]
    ]
    return markdown_table(rows, "lrrrrr")
