"""A threshold on the confidence, chosen on validation data for a target risk, guaranteed or not, or for a coverage."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from abstain._arguments import check_flag, check_whole
from abstain._arrays import check_confidence_error
from abstain._checks import (
    ArgumentError,
    NoThresholdError,
    are_binary,
    check_binary,
    check_choice,
    check_fraction,
    check_inner_fraction,
    shown,
)
from abstain.curve.curve import RiskCoverageCurve, curve_of_checked, risk_coverage_curve
from abstain.threshold.fixed_sequence import split_fixed_sequence
from abstain.threshold.operating_point import METHODS, SGR, SPLIT, UNION, OperatingPoint, point_at
from abstain.threshold.parts import tuning_and_certifying
from abstain.threshold.per_group import GroupThresholds, thresholds_by_group
from abstain.threshold.sgr import sgr
from abstain.threshold.union import union

INSTEAD_OF_LOSSES = "make errors of them first"

Samples = tuple[NDArray[Any], NDArray[Any]]
"""(confidence, error), checked."""


@overload
def select_threshold(
    confidence: Any,
    error: Any,
    target_risk: float,
    delta: float | None = None,
    *,
    method: str = SPLIT,
    seed: int = 0,
    tuning: tuple[Any, ...] | None = None,
    groups: None = None,
    per_group: Literal[False] = False,
) -> OperatingPoint: ...
@overload
def select_threshold(
    confidence: Any,
    error: Any,
    target_risk: float,
    delta: float | None = None,
    *,
    method: str = SPLIT,
    seed: int = 0,
    tuning: tuple[Any, ...] | None = None,
    groups: Any,
    per_group: Literal[True],
) -> GroupThresholds: ...
def select_threshold(
    confidence: Any,
    error: Any,
    target_risk: float,
    delta: float | None = None,
    *,
    method: str = SPLIT,
    seed: int = 0,
    tuning: tuple[Any, ...] | None = None,
    groups: Any = None,
    per_group: bool = False,
) -> OperatingPoint | GroupThresholds:
    """The operating point of largest coverage whose selective risk is at most `target_risk`.

    With `delta`, the risk on new data from the same distribution is at most `target_risk` with probability at least
    1 - delta over the draw of the validation data. It is void under a shift of the distribution. Without `delta` the
    result is what this data shows, and on new data its risk exceeds the target about half of the time.

    Methods for `delta`, each with its theorem in its own docstring, and compared by simulation in `docs/thresholds.md`:

    - `"split_fixed_sequence"`: one part of the samples proposes thresholds in an order, the other tests them one after
      another, each at delta (`abstain.threshold.fixed_sequence`). Guaranteed, and finds most.
    - `"union"`: a grid of ranks that N alone fixes, all looked at on all samples, with delta shared among them
      (`abstain.threshold.union`). Guaranteed; nothing is drawn.
    - `"sgr"`: as Geifman and El-Yaniv (2017) published it, for comparison (`abstain.threshold.sgr`). Not called
      guaranteed.

    Args:
        confidence: (N,) real, of validation data; larger is accepted first.
        error: (N,) in {0, 1}.
        target_risk: fraction in (0, 1).
        delta: fraction in (0, 1), such as 0.05; None for an empirical threshold.
        method: of the list above.
        seed: of the part that proposes, a fifth of the rows drawn by their place, whatever they hold: another seed, or
            another order of the rows, is another split, as valid as the first; the best of several is not.
        tuning: (confidence, error) of other samples, to propose thresholds in place of a fifth of these, such as those
            on which the confidence was fitted; with `groups` a third item has theirs.
        groups: (N,) integers or names, known of new samples too, such as the predicted class; with `per_group`.
        per_group: whether to choose a threshold for each group, with delta shared among them.

    Returns:
        The point, whose coverage and risk are those of the samples that did not propose; of groups `GroupThresholds`.

    Raises:
        NoThresholdError: no threshold qualifies; the message says about how many samples would be enough.
        InputError: a fraction outside its range, errors that are not 0/1, what another method needs, or as
            `risk_coverage_curve`.

    Example:
        >>> point = select_threshold(range(1000), [1] * 100 + [0] * 900, target_risk=0.05, delta=0.05)
        >>> point.guaranteed, point.n_tuning, point.n_samples
        (True, 200, 800)
    """
    target_risk = check_inner_fraction("target_risk", target_risk)
    if delta is not None:
        delta = check_inner_fraction("delta", delta)
    check_choice("method", method, METHODS)
    _check_together(delta, method, tuning, groups, per_group=per_group)
    select = partial(_select, target_risk=target_risk, method=method, seed=check_whole("seed", seed, at_least=0))
    samples = _checked(confidence, error)
    if per_group:
        return thresholds_by_group(samples, groups, select, delta, tuning=_checked_tuning(tuning, n=3))
    return select(samples, delta=delta, tuning=_checked_tuning(tuning, n=2))


def select_threshold_for_coverage(confidence: Any, error: Any, target_coverage: float) -> OperatingPoint:
    """The operating point of smallest coverage among those of at least `target_coverage`.

    The errors have no say in the threshold, so the risk there is not selected for; ties can make the coverage larger
    than what was asked for.

    Args:
        confidence: (N,) real, of validation data; larger is accepted first.
        error: (N,) in {0, 1}.
        target_coverage: fraction in (0, 1].

    Raises:
        InputError: a fraction outside its range, errors that are not 0/1, or as `risk_coverage_curve`.

    Example:
        >>> point = select_threshold_for_coverage([0.9, 0.8, 0.8, 0.6], [0, 0, 1, 1], target_coverage=0.5)
        >>> point.threshold, point.coverage
        (0.8, 0.75)
    """
    target_coverage = check_fraction("target_coverage", target_coverage, open_below=True)
    curve = risk_coverage_curve(confidence, error)
    check_binary("a threshold for a target coverage", is_binary=curve.is_binary, instead=INSTEAD_OF_LOSSES)
    index = int(np.searchsorted(curve.coverage, target_coverage))
    return point_at(curve, index, target_coverage=target_coverage)


def _check_together(delta: float | None, method: str, tuning: Any, groups: Any, *, per_group: bool) -> None:
    """Refuse what says nothing without, or beside, another argument."""
    if tuning is not None and (delta is None or method != SPLIT):
        why = "delta is not" if delta is None else f"the method is {method!r}, of which no part proposes"
        raise ArgumentError(f"tuning is given, but {why}: leave it out, or ask for {SPLIT!r} with a delta")
    if (groups is not None) != check_flag("per_group", per_group):
        raise ArgumentError(
            "groups and per_group=True belong together: give both for a threshold each, or neither; what one threshold "
            "does to each group, operating_point_by_group says"
        )


def _checked(confidence: Any, error: Any) -> Samples:
    confidence, error = check_confidence_error(confidence, error)
    check_binary("a threshold for a target risk", is_binary=are_binary(error), instead=INSTEAD_OF_LOSSES)
    return confidence, error


def _checked_tuning(tuning: Any, *, n: int) -> Any:
    """The tuning samples as `n` arrays; None where there are none."""
    if tuning is None:
        return None
    if not isinstance(tuning, tuple | list) or len(tuning) != n:
        items = "(confidence, error, groups)" if n > 2 else "the pair (confidence, error)"
        raise ArgumentError(f"tuning is {shown(tuning)}, but must be {items}")
    return (*_checked(*tuning[:2]), *tuning[2:])


def _select(
    samples: Samples, *, target_risk: float, delta: float | None, method: str, seed: int, tuning: Samples | None = None
) -> OperatingPoint:
    """The point of samples that have been checked."""
    if delta is None:
        return _empirical(curve_of_checked(*samples), target_risk)
    if method != SPLIT:
        return {UNION: union, SGR: sgr}[method](curve_of_checked(*samples), target_risk, delta)
    if tuning is None:
        parts = tuning_and_certifying(len(samples[0]), seed)
        tuning, samples = ((samples[0][rows], samples[1][rows]) for rows in parts)
    of_tuning = curve_of_checked(*tuning) if len(tuning[0]) else None
    return split_fixed_sequence(of_tuning, curve_of_checked(*samples), target_risk, delta)


def _empirical(curve: RiskCoverageCurve, target_risk: float) -> OperatingPoint:
    qualifying = np.flatnonzero(curve.risk <= target_risk)
    if not len(qualifying):
        tied = ", that of all of them, whose confidence is one and the same" if len(curve.risk) == 1 else ""
        raise NoThresholdError(
            f"no threshold on {curve.n_samples} samples has a selective risk of at most {target_risk:g}: the lowest is "
            f"{curve.risk.min():.4g}{tied}, so ask for a higher one, or for another confidence"
        )
    return point_at(curve, int(qualifying[-1]), target_risk=target_risk)
