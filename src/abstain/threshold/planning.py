"""How many samples a guarantee takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc

from abstain.threshold.bounds import MAX_RANKS

ENOUGH_AT_MOST = 10**9
"""Where the search for the number of samples that would be enough gives up."""

HOPELESS = 100
"""So many times the samples that there are is no advice any more: the risk is too near the target."""

HALVED = 16
"""How often the search halves its interval of log N, from 21 to 0.0003: it is right to 0.03 %."""


def samples_enough(
    errors: NDArray[Any], accepted: NDArray[Any], n: int, target_risk: float, delta: float
) -> int | None:
    """The smallest N at which one of these ranks, with the risk and coverage it has now, would meet the target.

    Args:
        errors: (J,) how many of the accepted are wrong.
        accepted: (J,) how many are accepted, at least 1.
        n: the number of samples now.
        target_risk: fraction in (0, 1).
        delta: the probability with which the guarantee may fail, in (0, 1), shared by `MAX_RANKS` ranks.

    Returns:
        At least 2; None if no number up to a billion is enough, as where every risk is above the target.
    """
    risk, coverage = errors / accepted, accepted / n
    low, high = np.zeros(len(risk)), np.full(len(risk), np.log(ENOUGH_AT_MOST))
    for _ in range(HALVED):
        middle = (low + high) / 2
        taken = np.exp(middle) * coverage
        met = betaincc(risk * taken + 1, (1 - risk) * taken, target_risk) <= delta / MAX_RANKS
        low, high = np.where(met, low, middle), np.where(met, middle, high)
    enough = float(np.exp(high.min(initial=np.inf)))
    return int(enough) + 1 if enough < 0.99 * ENOUGH_AT_MOST else None


def advice(
    errors: NDArray[Any], accepted: NDArray[Any], n: int, target_risk: float, delta: float
) -> tuple[str, int | None]:
    """What to do where no rank is sure to meet the target, as the end of a sentence.

    Only the first rank with a risk below the target counts, since a minimum over all would promise too much.

    Args:
        errors: (J,) how many of the accepted are wrong, in the order of the bounds of their risk, the lowest first.
        accepted: (J,) how many are accepted, at least 1.
        n: the number of samples now.
        target_risk: fraction in (0, 1).
        delta: the probability with which the guarantee may fail, in (0, 1).

    Returns:
        (words, about how many samples would be enough, rounded up to two digits; None where no number in reach is).
    """
    risk = errors / accepted
    hopeful = np.flatnonzero(risk < target_risk)[:1]
    if not len(hopeful):
        return "ask for a higher one: no risk is below it, so more samples like these do not help", None
    enough = samples_enough(errors[hopeful], accepted[hopeful], n, target_risk, delta)
    if enough is None or enough > HOPELESS * n:
        near, share = float(risk[hopeful][0]), float(accepted[hopeful][0]) / n
        return f"the risk of {near:.4g} at a coverage of {share:.3g} is too near the target: ask for a higher one", None
    enough = _rounded_up(enough)
    return f"about {enough:,} samples like these would be enough", enough


def _rounded_up(number: int) -> int:
    """To two digits, since the number rests on a few errors."""
    step = 10 ** max(len(str(number)) - 2, 0)
    return -(-number // step) * step
