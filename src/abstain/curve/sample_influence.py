"""An area under the curve together with how much each sample moves it, in the order in which the samples came.

The standard error of a difference of two areas on the same samples, or of an area where samples come in clusters, is a
sum over these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_confidence_error
from abstain._checks import InputError, are_binary, check_choice
from abstain._threads import in_turn, over_slices
from abstain.curve.curve import AREAS, Area, curve_of_ranks
from abstain.curve.influence import Influences
from abstain.curve.packed_order import descending_order, in_order

Array = NDArray[np.float64]
Result = TypeVar("Result")


def area_and_influence(confidence: Any, error: Any, area: Area = "aurc") -> tuple[float, Array]:
    """An area, and the influence (N,) of each sample on it, whose mean is 0.

    Args:
        confidence: (N,) real; larger is accepted first.
        error: (N,) 0/1, or a finite loss of at least 0.
        area: "risk", "aurc" (in the convention "mean"), "augrc", or "failure_auroc" for 0/1 errors of both kinds.

    Returns:
        The area as `RiskCoverageCurve` gives it, and (N,) float64 in the order of the samples.

    Raises:
        InputError: as `risk_coverage_curve`; another area, or a failure AUROC that is undefined.

    Example:
        >>> aurc, influence = area_and_influence([1, 2], [1, 0])
        >>> aurc, influence.tolist()
        (0.25, [0.5, -0.5])
    """
    check_choice("area", area, AREAS)
    confidence, error = check_confidence_error(confidence, error)
    influence = np.empty(len(error))
    value, _ = each_influence(influence.__setitem__, confidence, binary_as_bool(error), area)
    return value, influence


def each_influence(
    work: Callable[[NDArray[np.int64], Array], Result],
    confidence: NDArray[np.floating[Any]],
    error: NDArray[Any],
    area: Area = "aurc",
) -> tuple[float, list[Result]]:
    """An area of checked samples, and what some work makes of their influences, so that they need not all be in memory.

    Args:
        work: called with the places (n,) of some samples and the influence (n,) of each, by several threads at once; no
            two calls have a sample in common.
        confidence: (N,) of `check_confidence_error`.
        error: (N,) of `binary_as_bool`.
        area: as in `area_and_influence`.

    Returns:
        The area, and the result of each call.

    Raises:
        InputError: a failure AUROC that is undefined.
    """
    order, ranks = descending_order(confidence)
    error = in_order(error, order)
    curve = curve_of_ranks(ranks, error)
    value = AREAS[area](curve)
    if value is None:
        raise InputError(f"{area} is undefined: all {curve.n_samples} samples are correct, or all are wrong")

    def work_on(influences: Influences) -> Result:
        positions = influences.blocks.positions
        return work(order[positions], influences.of_samples(error[positions]))

    return value, list(in_turn(work_on, curve.influences(area)))


def binary_as_bool(error: NDArray[Any]) -> NDArray[Any]:
    """0/1 errors (N,) as booleans, which are picked from faster in another order; losses as they are."""
    if error.dtype == bool or not all(over_slices(lambda some: are_binary(error[some]), len(error))):
        return error
    return error != 0


def paired_standard_error(influence_a: Array, influence_b: Array) -> float:
    """Standard error of a difference of areas from the influence (N,) of the same samples on each of the two."""
    squares = np.square(influence_a - influence_b)  # not a BLAS norm, whose threads would fight with those of torch
    return float(np.sqrt(np.sum(squares))) / len(influence_a)
