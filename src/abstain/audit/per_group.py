"""What a threshold does to each predicted class or source: a risk that holds on average can hide a high one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

from abstain.audit.score_gains import holm
from abstain.threshold.groups import operating_point_by_group


@dataclass(frozen=True)
class OfGroup:
    """The samples of one group, such as those that are predicted to be of one class, or that come from one source.

    Attributes:
        name: of the group.
        n_samples: how many there are.
        error: the share of them that is wrong.
        coverage: the share of them that is accepted.
        risk: the share of the accepted ones that is wrong; None where none is accepted.
        adjusted_p: of the hypothesis that accepted answers of this group are wrong no more often than the target risk
            (an exact binomial tail), after Holm's correction for all groups; None where none is accepted, and of rows
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


def by_group(
    confidence: NDArray[np.float64],
    error: NDArray[np.float64],
    group: NDArray[Any],
    *,
    threshold: float,
    target_risk: float,
    names: Sequence[str] | None = None,
    independent: bool = True,
) -> tuple[OfGroup, ...]:
    """One entry for each group that has samples, the one with the largest risk among the accepted first.

    Args:
        confidence: (N,) of the test samples.
        error: (N,) 0/1.
        group: (N,) numbers or names.
        threshold: accept where the confidence is at least this.
        target_risk: that the threshold is for.
        names: of groups that are numbers from 0, in their order; None calls them by these.
        independent: whether the samples are.
    """
    kept = operating_point_by_group(confidence, error, group, threshold=threshold)
    whole = operating_point_by_group(confidence, error, group, threshold=-np.inf)
    accepted = [(point.n_samples * point.coverage, point.risk if independent else None) for point in kept.values()]
    adjusted = holm([_p_value(n, risk, target_risk) for n, risk in accepted])
    found = [
        OfGroup(
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
