"""How much can be answered at a risk: with thresholds chosen on validation samples, guaranteed or not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._checks import NoThresholdError
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
    """

    target_risk: float
    delta: float | None
    threshold: float | None = None
    coverage: float | None = None
    risk: float | None = None
    reason: str | None = None
    n_enough: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON; a threshold that accepts everything is the text `-inf`."""
        values = asdict(self)
        return values | ({"threshold": "-inf"} if self.threshold == -np.inf else {})


def decide(
    chosen_on: Scored, test: Scored, target_risk: float, delta: float | None, tuning: Scored | None = None
) -> Decision:
    """Choose a threshold, and look what it does.

    Args:
        chosen_on: validation samples, on which the confidence was not fitted.
        test: what is accepted of them is measured.
        target_risk: a fraction in (0, 1).
        delta: of the guarantee, a fraction in (0, 1); None without one.
        tuning: other validation samples, which propose thresholds where there is a guarantee.
    """
    try:
        told: dict[str, Any] = {} if delta is None or tuning is None else {"tuning": tuning}
        point = select_threshold(*chosen_on, target_risk, delta, **told)
    except NoThresholdError as error:
        return Decision(target_risk, delta, reason=str(error), n_enough=error.n_enough)
    confidence, wrong = test
    accepted = confidence >= point.threshold
    risk = float(wrong[accepted].mean()) if accepted.any() else None
    return Decision(target_risk, delta, point.threshold, float(accepted.mean()), risk)
