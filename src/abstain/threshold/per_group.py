"""A threshold for each class or group: the target within each, and not only on average over all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_class_values, check_confidence_error
from abstain._checks import InputError, NoThresholdError
from abstain.threshold.operating_point import OperatingPoint

Select = Callable[..., OperatingPoint]
"""(samples, *, delta, tuning) -> the point of one group, or of all."""
Samples = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True)
class GroupThresholds:
    """A threshold for each group, each for the same target risk; made by `select_threshold(..., per_group=True)`.

    Attributes:
        points: group -> its point, whose `delta` is its share; None for one without a threshold, which abstains wholly.
        coverage: the accepted fraction of all samples, in [0, 1]: that of each group, by its share of the samples.
        risk: the mean error of those accepted.
        target_risk: of every group.
        delta: the probability with which the guarantee of any group may fail; None without one.
        coverage_together: what one threshold for all groups accepts, for the same target and the whole of `delta`; None
            where there is none.
        reasons: group -> why it has no threshold.
    """

    points: dict[Any, OperatingPoint | None]
    coverage: float
    risk: float
    target_risk: float
    delta: float | None
    coverage_together: float | None
    reasons: dict[Any, str]

    def accept(self, confidence: Any, groups: Any) -> NDArray[np.bool_]:
        """(N,) whether to answer; never in a group without a threshold, or one that was not there.

        Args:
            confidence: (N,) real.
            groups: (N,) as those that the thresholds were chosen for.

        Raises:
            InputError: as `risk_coverage_curve`, or another number of groups than of samples.
        """
        confidence, _ = check_confidence_error(confidence, np.zeros(np.shape(confidence)))
        groups = _checked_groups(groups, len(confidence))
        accepted = np.zeros(len(confidence), bool)
        for name, point in self.points.items():
            if point is not None:
                accepted |= (groups == name) & (confidence >= point.threshold)
        return accepted

    def describe(self) -> str:
        """What each group is accepted at, what is known of them together, and the price of asking it of each."""
        lines = [
            f"{name}: abstains wholly, {self.reasons[name]}"
            if point is None
            else f"{name}: accept where the confidence is >= {point.threshold!r}, {point.coverage:.2%} of "
            f"{point.n_samples:,} samples with a risk of {point.risk:.2%}"
            for name, point in self.points.items()
        ]
        return "\n".join([*lines, self._what_is_known(), self._price()])

    def _what_is_known(self) -> str:
        if self.delta is None:
            return f"There is no guarantee: on new samples a group's risk may well be above {self.target_risk:.4g}."
        shared = f"Each of {len(self.points)} groups is tested at {self.delta / len(self.points):.2g}. "
        if not all(point.guaranteed for point in self.points.values() if point is not None):
            return f"{shared}Nothing is guaranteed, since the method has no proof."
        return (
            f"{shared}With probability {1 - self.delta:.4g} over the draw of these samples, the risk on new ones from "
            f"the same distribution is at most {self.target_risk:.4g} in every group at once."
        )

    def _price(self) -> str:
        together = "no" if self.coverage_together is None else f"{self.coverage_together:.2%} of the"
        return (
            f"Together they accept {self.coverage:.2%} of the samples; one threshold for all, which says nothing of "
            f"each, would accept {together} samples."
        )


def thresholds_by_group(
    samples: Samples, groups: Any, select: Select, delta: float | None, *, tuning: tuple[Any, ...] | None = None
) -> GroupThresholds:
    """A threshold for each group of the samples, with δ shared evenly among them.

    Theorem (Bonferroni's inequality): given to which group each sample belongs, the samples of a group are independent
    draws from it, so that its guarantee fails with probability at most δ/G, and any of G with at most δ.

    Args:
        samples: (confidence, error), checked.
        groups: (N,) integers or names.
        select: what chooses the point of one group.
        delta: the probability with which any guarantee may fail; None without one.
        tuning: (confidence, error, groups) of other samples, the first two checked.

    Raises:
        NoThresholdError: no group has a threshold; the message is that of the largest.
        InputError: another number of groups than of samples, or one that is missing.
    """
    groups = _checked_groups(groups, len(samples[0]))
    of_tuning = None if tuning is None else _checked_groups(tuning[2], len(tuning[0]))
    names, sizes = np.unique(groups, return_counts=True)
    found: dict[Any, OperatingPoint | NoThresholdError] = {}
    for name in names:
        parts = None if tuning is None or of_tuning is None else _of(tuning, of_tuning == name)
        share = None if delta is None else delta / len(names)
        found[name.item()] = _or_reason(select, _of(samples, groups == name), share, parts)
    if not any(isinstance(point, OperatingPoint) for point in found.values()):
        raise _none(names[sizes.argmax()].item(), found)
    together = _or_reason(select, samples, delta, None if tuning is None else tuning[:2])
    return _joined(found, sizes / sizes.sum(), delta, together)


def _or_reason(
    select: Select, samples: Samples, delta: float | None, tuning: tuple[Any, ...] | None
) -> OperatingPoint | NoThresholdError:
    try:
        return select(samples, delta=delta, tuning=tuning)
    except NoThresholdError as reason:
        return reason


def _none(largest: Any, found: dict[Any, Any]) -> NoThresholdError:
    """What to say where no group has a threshold: of the largest, since it needs the fewest samples more."""
    return NoThresholdError(
        f"none of {len(found)} groups has a threshold; in the largest, {largest!r}: {found[largest]}"
    )


def _joined(
    found: dict[Any, OperatingPoint | NoThresholdError],
    shares: NDArray[np.float64],
    delta: float | None,
    together: OperatingPoint | NoThresholdError,
) -> GroupThresholds:
    points = {name: point if isinstance(point, OperatingPoint) else None for name, point in found.items()}
    accepted = np.array([point.coverage if point else 0.0 for point in points.values()]) * shares
    wrong = accepted * np.array([point.risk if point else 0.0 for point in points.values()])
    return GroupThresholds(
        points=points,
        coverage=float(accepted.sum()),
        risk=float(wrong.sum() / accepted.sum()),
        target_risk=next(point.target_risk for point in points.values() if point and point.target_risk),
        delta=delta,
        coverage_together=together.coverage if isinstance(together, OperatingPoint) else None,
        reasons={name: str(reason) for name, reason in found.items() if isinstance(reason, NoThresholdError)},
    )


def _of(samples: tuple[Any, ...], rows: NDArray[np.bool_]) -> Samples:
    return samples[0][rows], samples[1][rows]


def _checked_groups(groups: Any, n: int) -> NDArray[Any]:
    groups = check_class_values(groups, "groups")
    if len(groups) != n:
        raise InputError(f"there are {len(groups)} groups and {n} samples: give one group a sample")
    return groups
