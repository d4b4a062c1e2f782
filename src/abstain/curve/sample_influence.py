"""An area under the curve together with how much each sample moves it, in the order in which the samples came.

The standard error of a difference of two areas on the same samples, or of an area where samples come in clusters, is a
sum over these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_confidence_error
from abstain._checks import InputError, are_binary, check_choice
from abstain._threads import for_each, over_slices
from abstain.curve.curve import AREAS, Area, curve_of_ranks
from abstain.curve.packed_order import descending_order, in_order
from abstain.curve.tie_blocks import TieBlocks

Array = NDArray[np.float64]


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
    return each_influence(influence.__setitem__, confidence, error, area), influence


def each_influence(
    work: Callable[[NDArray[np.int64], Array], Any],
    confidence: NDArray[np.floating[Any]],
    error: NDArray[Any],
    area: Area = "aurc",
) -> float:
    """The area of checked samples, while some work is done on the influences: on some samples, and that of each.

    So a difference needs one array of them. No two calls, which may run at once, have a sample in common.
    """
    if error.dtype != bool and all(over_slices(lambda some: are_binary(error[some]), len(error))):
        error = error != 0  # of an eighth of the size, which is faster to pick from in another order
    order, ranks = descending_order(confidence)
    error = in_order(error, order)
    curve = curve_of_ranks(ranks, error)
    value = AREAS[area](curve)
    if value is None:
        raise InputError(f"{area} is undefined: all {curve.n_samples} samples are correct, or all are wrong")

    def work_on(slice_of_blocks: tuple[TieBlocks, tuple[Array, Array]]) -> None:
        blocks, of_blocks = slice_of_blocks
        slope, offset = map(blocks.spread, of_blocks)
        values = slope * error[blocks.positions]
        values += offset
        work(order[blocks.positions], values)

    of_area = curve.influence(area)
    for_each(work_on, ((blocks, of_area(blocks)) for blocks in curve.tie_blocks()))
    return value


def paired_standard_error(influence_a: Array, influence_b: Array) -> float:
    """Standard error of a difference of areas from the influence (N,) of the same samples on each of the two."""
    squares = np.square(influence_a - influence_b)  # not a BLAS norm, whose threads would fight with those of torch
    return float(np.sqrt(np.sum(squares))) / len(influence_a)
