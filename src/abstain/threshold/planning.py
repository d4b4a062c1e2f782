"""How many samples a guarantee takes, before any is labelled and where those at hand are too few."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from abstain._checks import ArgumentError, check_choice, check_fraction, check_inner_fraction
from abstain.threshold.bounds import MAX_RANKS, fewest_to_show, p_value
from abstain.threshold.operating_point import SPLIT, UNION
from abstain.threshold.parts import TUNING_SHARE

ENOUGH_AT_MOST = 10**9
"""Where the search for the number of samples that would be enough gives up."""

HOPELESS = 100
"""So many times the samples that there are is no advice any more: the risk is too near the target."""

HALVED = 16
"""How often the search halves its interval of log N, from 21 to 0.0003: it is right to 0.03 %."""

MOST_RANKS = 1000
"""Of more ranks than these some are looked at, so that a curve of a million samples takes no longer."""


def samples_needed(
    target_risk: float,
    delta: float,
    *,
    coverage: float,
    expected_risk: float,
    power: float = 0.8,
    method: str = SPLIT,
    tuning_share: float = TUNING_SHARE,
) -> int:
    """How many samples to label, in all, for a guaranteed threshold; to be asked before any is labelled.

    At a threshold of this coverage and true selective risk the test of `select_threshold` is passed with probability
    about `power`. The sequence of `"split_fixed_sequence"` may stop at less coverage, or go on to more.

    Args:
        target_risk: fraction in (0, 1).
        delta: the probability with which the guarantee may fail, in (0, 1).
        coverage: the share to be answered, in (0, 1].
        expected_risk: the selective risk at that coverage, of a pilot study or a model like this, in [0, target_risk).
        power: fraction in (0, 1).
        method: `"split_fixed_sequence"` or `"union"`, whose ranks share δ and of which none tunes.
        tuning_share: of the samples, that propose thresholds, in [0, 1): 0.5 where `AbstentionRule.fit` fits the
            confidence on them too, 0 where they come on top, as `tuning=`. Of `"union"` nothing.

    Returns:
        At least 1, the tuning part included.

    Raises:
        InputError: a fraction outside its range, another method, or a risk so near the target, or above it, that no
            number up to a billion helps.

    Example:
        >>> samples_needed(0.05, 0.05, coverage=0.8, expected_risk=0)  # 59 accepted: 0.95 ** 59 <= 0.05
        93
    """
    target_risk, delta, power = (
        check_inner_fraction(name, value)
        for name, value in (("target_risk", target_risk), ("delta", delta), ("power", power))
    )
    coverage = check_fraction("coverage", coverage, open_below=True)
    expected_risk = check_fraction("expected_risk", expected_risk)
    share = check_fraction("tuning_share", tuning_share, open_above=True)
    if expected_risk >= target_risk:
        raise ArgumentError(
            f"expected_risk is {expected_risk:g} and target_risk {target_risk:g}, but more samples do not help where "
            "the risk is not below the target: ask for a higher target, or for less coverage, where the risk is lower"
        )
    of_union = check_choice("method", method, (SPLIT, UNION)) == UNION
    accepted = _accepted_needed(target_risk, delta / MAX_RANKS if of_union else delta, expected_risk, power)
    return _in_all(math.ceil(accepted / coverage), 0 if of_union else share)


def _accepted_needed(target_risk: float, level: float, expected_risk: float, power: float) -> int:
    """The fewest accepted samples of which the test is passed with this power."""

    def fewest_with(n_errors: int) -> int:
        return _first(lambda n: bool(p_value(n_errors, n, target_risk) <= level), n_errors + 1)

    n_errors = _first(lambda k: bool(bdtr(k, fewest_with(k), expected_risk) >= power), 0)
    return fewest_with(n_errors)


def _first(holds: Callable[[int], bool], low: int) -> int:
    """The first whole number from `low` on for which something holds that then holds for all above it.

    Raises:
        ArgumentError: there is none up to a billion.
    """
    step = 1
    while not holds(low + step - 1):
        low, step = low + step, 2 * step
        if low > ENOUGH_AT_MOST:
            raise ArgumentError(
                f"more than {ENOUGH_AT_MOST:,} samples would be needed: expected_risk is too near target_risk, so ask "
                "for a higher target, or for less coverage, where the risk is lower"
            )
    high = low + step - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return high


def _in_all(n_certifying: int, share: float) -> int:
    n = n_certifying
    while n - math.ceil(share * n - 1e-9) < n_certifying:  # rounded up, as a half is in `AbstentionRule.fit`
        n = max(n + 1, math.floor((n_certifying - 1) / (1 - share)))
    return n


def samples_enough(
    errors: NDArray[Any], accepted: NDArray[Any], n: int, target_risk: float, level: float, *, deviations: float = 0
) -> int | None:
    """The smallest N at which one of these ranks, at its coverage now and the risk of `expected_risk`, would do.

    It is never smaller for a stricter target.

    Args:
        errors: (J,) how many of the accepted are wrong.
        accepted: (J,) how many are accepted, at least 1.
        n: the number of samples now.
        target_risk: fraction in (0, 1).
        level: the probability with which each bound may fail, in (0, 1).
        deviations: by how many standard deviations more errors there may be than expected: 0 is met by half of draws,
            0.84 by 80 %.

    Returns:
        At least 2; None if no number up to a billion is enough, as where every risk is above the target.
    """
    rows = _spread_over(np.argsort(accepted, kind="stable"))
    rows = rows[errors[rows] < target_risk * accepted[rows]]
    risk, coverage = expected_risk(errors[rows], accepted[rows], target_risk), accepted[rows] / n
    low, high = 0.0, float(np.log(ENOUGH_AT_MOST))
    for _ in range(HALVED):
        middle = (low + high) / 2
        taken = np.exp(middle) * coverage
        wrong = risk * taken + deviations * np.sqrt(risk * (1 - risk) * taken)
        met = p_value(wrong, taken, target_risk) <= level
        if met.any():
            risk, coverage, high = risk[met], coverage[met], middle
        else:
            low = middle
    enough = float(np.exp(high))
    return int(enough) + 1 if enough < 0.99 * ENOUGH_AT_MOST else None


def expected_risk(errors: Any, accepted: Any, target_risk: float) -> NDArray[np.float64]:
    """The risk to plan with, (errors + 1) / (accepted + 1 / target): as if one more error came, at the target's rate.

    The best of many ranks looks better than it is, the more so the fewer errors it rests on; this moves each towards
    the target, and never past it. So the number that is advised finds a threshold in half of new draws or more, which
    the tests simulate; with the lowest risk that was seen it often finds none.

    Args:
        errors: (J,) how many of the accepted are wrong.
        accepted: (J,) how many are accepted.
        target_risk: fraction in (0, 1).

    Returns:
        (J,) float64, below the target where errors / accepted is.
    """
    return np.asarray((errors + 1) / (accepted + 1 / target_risk), dtype=np.float64)


def _spread_over(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of many rows some, of the first ones all: what lies between ranks so near each other needs as many samples."""
    if len(rows) <= MOST_RANKS:
        return rows
    last, half = len(rows) - 1, MOST_RANKS // 2
    return rows[np.unique(np.concatenate([np.geomspace(1, last, half), np.linspace(0, last, half)]).astype(np.intp))]


def advice(
    errors: NDArray[Any],
    accepted: NDArray[Any],
    n: int,
    target_risk: float,
    *,
    level: float,
    in_all: float = 1,
    deviations: float = 0,
) -> tuple[str, int | None]:
    """What to do where no rank is sure to meet the target, as the end of a sentence.

    Args:
        errors: (J,) how many of the accepted are wrong.
        accepted: (J,) how many are accepted; of ranks that accept none nothing is said.
        n: the number of samples now.
        target_risk: fraction in (0, 1).
        level: the probability with which each bound may fail, in (0, 1).
        in_all: how many samples there are for each that a bound is of; above 1 where some tune.
        deviations: as `samples_enough`.

    Returns:
        (words, about how many samples would be enough, rounded up to two digits; None where no number in reach is).
    """
    hopeful = errors < target_risk * accepted
    if not hopeful.any():
        return "ask for a higher one: no risk is below it, so more samples like these do not help", None
    errors, accepted = errors[hopeful], accepted[hopeful]
    enough = samples_enough(errors, accepted, n, target_risk, level, deviations=deviations)
    if enough is None or enough > HOPELESS * n:
        return _out_of_reach(errors, accepted, n, target_risk, level, in_all), None
    enough = rounded_up(math.ceil(enough * in_all))
    return f"about {enough:,} samples like these would be enough{' in all' if in_all > 1 else ''}", enough


def _out_of_reach(
    errors: NDArray[Any], accepted: NDArray[Any], n: int, target_risk: float, level: float, in_all: float
) -> str:
    """What to say where no number in reach is enough: of the surest rank, whether it is too near or of too few."""
    surest = int(np.argmin(p_value(errors, accepted, target_risk)))
    share = float(accepted[surest]) / n
    if not errors[surest]:
        fewest = rounded_up(math.ceil(fewest_to_show(target_risk, level) * in_all / share))
        least = f"at a coverage of {share:.3g} is {fewest:,} at least"
        return f"these are too few to tell how many would be enough, which {least}"
    near = float(errors[surest] / accepted[surest])
    return f"the risk of {near:.4g} at a coverage of {share:.3g} is too near the target: ask for a higher one"


def rounded_up(number: int) -> int:
    """To two digits, since the number rests on a few errors."""
    step = 10 ** max(len(str(number)) - 2, 0)
    return -(-number // step) * step
