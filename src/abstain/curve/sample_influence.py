"""An area under the curve together with how much each sample moves it, in the order in which the samples came.

The standard error of a difference of two areas on the same samples, or of an area where samples come in clusters, is a
sum over these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_confidence_error
from abstain._checks import InputError, check_choice
from abstain.curve import influence
from abstain.curve.curve import RiskCoverageCurve, curve_of_checked

Array = NDArray[np.float64]
Area = Literal["risk", "aurc", "augrc", "failure_auroc"]
Of = tuple[Callable[[RiskCoverageCurve], float | None], Callable[[influence.TieBlocks], influence.Influence]]

AREAS: dict[str, Of] = {
    "risk": (lambda curve: curve.risk_at_coverage(1.0), influence.risk_influence),
    "aurc": (RiskCoverageCurve.aurc, influence.aurc_influence),
    "augrc": (RiskCoverageCurve.augrc, influence.augrc_influence),
    "failure_auroc": (RiskCoverageCurve.failure_auroc, influence.failure_auroc_influence),
}
"""Name -> how it is read from a curve, and the influence of a tie block's samples on it."""


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
    curve = curve_of_checked(confidence, error)
    read, of_blocks = AREAS[area]
    value = read(curve)
    if value is None:
        raise InputError(f"{area} is undefined: all {curve.n_samples} samples are correct, or all are wrong")
    return value, _of_samples(curve.tie_blocks, of_blocks(curve.tie_blocks), confidence, error)


def _of_samples(
    blocks: influence.TieBlocks, of_blocks: influence.Influence, confidence: NDArray[Any], error: NDArray[Any]
) -> Array:
    order = np.argsort(confidence)[::-1]  # ties in any order: all of a block have one slope and one offset
    slope, offset = (blocks.spread(values) for values in of_blocks)
    of_samples = np.empty(len(order))
    of_samples[order] = error[order] * slope + offset
    return of_samples


def paired_standard_error(influence_a: Array, influence_b: Array) -> float:
    """Standard error of a difference of areas from the influence (N,) of the same samples on each of the two."""
    squares = np.square(influence_a - influence_b)  # not a BLAS norm, whose threads would fight with those of torch
    return float(np.sqrt(np.sum(squares))) / len(influence_a)
