"""How much can be answered at a risk: with thresholds chosen on validation samples, guaranteed or not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._checks import NoThresholdError
from abstain.report.notes import FEW_ERRORS
from abstain.threshold.bounds import upper_bound
from abstain.threshold.select import select_threshold

Scored = tuple[NDArray[np.float64], NDArray[np.float64]]
"""(N,) confidence and (N,) 0/1 error."""


@dataclass(frozen=True)
class Decision:
    """A threshold that was chosen on validation samples, and what it does on the test samples.

    Attributes:
        target_risk: that it is for, a fraction.
        delta: the probability with which the guarantee may fail; None without one.
        threshold: on the scale of the confidence; None where none was found.
        coverage: the share of the test samples that are accepted; None without a threshold.
        risk: how many of these are wrong, a fraction; None where none is accepted.
        reason: why there is no threshold, a sentence; None where there is one.
        n_enough: about how many validation samples would be enough; None where that is not known, or none would be.
        n_chosen_on: how many validation samples it was chosen on; None without a threshold.
        n_wrong: how many of these are wrong; None without a threshold.
        low: lower end of the exact interval of the risk; None without a risk, or where rows depend on each other.
        high: upper end of it.
    """

    target_risk: float
    delta: float | None
    threshold: float | None = None
    coverage: float | None = None
    risk: float | None = None
    reason: str | None = None
    n_enough: int | None = None
    n_chosen_on: int | None = None
    n_wrong: int | None = None
    low: float | None = None
    high: float | None = None

    @property
    def is_of_few(self) -> bool:
        """Whether it was chosen on fewer than 20 wrong or right answers."""
        if self.threshold is None or self.n_chosen_on is None or self.n_wrong is None:
            return False
        return min(self.n_wrong, self.n_chosen_on - self.n_wrong) < FEW_ERRORS

    @property
    def interval(self) -> tuple[float, float] | None:
        """(low, high) of the risk; None where there is none."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON; a threshold that accepts everything is the text `-inf`."""
        values = asdict(self)
        return values | ({"threshold": "-inf"} if self.threshold == -np.inf else {})


def decide(
    chosen_on: Scored,
    test: Scored,
    target_risk: float,
    delta: float | None,
    tuning: Scored | None = None,
    *,
    level: float | None = None,
) -> Decision:
    """Choose a threshold, and look what it does.

    Args:
        chosen_on: validation samples, on which the confidence was not fitted.
        test: what is accepted of them is measured.
        target_risk: a fraction in (0, 1).
        delta: of the guarantee, a fraction in (0, 1); None without one.
        tuning: other validation samples, which propose thresholds where there is a guarantee.
        level: nominal coverage of the interval of the risk, in (0, 1); None: samples depend on each other, and there is
            no exact one.
    """
    try:
        told: dict[str, Any] = {} if delta is None or tuning is None else {"tuning": tuning}
        point = select_threshold(*chosen_on, target_risk, delta, **told)
    except NoThresholdError as error:
        return Decision(target_risk, delta, reason=str(error), n_enough=error.n_enough)
    confidence, wrong = test
    accepted = confidence >= point.threshold
    risk = float(wrong[accepted].mean()) if accepted.any() else None
    low = high = None
    if risk is not None and level is not None:
        low, high = _exact_interval(float(wrong[accepted].sum()), int(accepted.sum()), level)
    return Decision(
        target_risk,
        delta,
        point.threshold,
        float(accepted.mean()),
        risk,
        n_chosen_on=len(chosen_on[1]),
        n_wrong=int(chosen_on[1].sum()),
        low=low,
        high=high,
    )


def _exact_interval(n_wrong: float, n: int, level: float) -> tuple[float, float]:
    """Of Clopper and Pearson (1934): both one-sided bounds, each with half of what the level leaves."""
    tail = (1 - level) / 2
    return 1 - float(upper_bound(n - n_wrong, n, tail)), float(upper_bound(n_wrong, n, tail))
