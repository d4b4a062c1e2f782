"""A risk-coverage curve as a line, and the pointwise interval of its risk as a band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from abstain._checks import check_binary, check_level
from abstain.curve.curve import RiskCoverageCurve
from abstain.threshold.bounds import upper_bound

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

MAX_POINTS = 2000
"""Points drawn of a curve; more cannot be told apart in a figure."""
FEW_POINTS = 20
"""Up to so many points, each is marked: the coverages between them cannot be reached."""
SETTLED_SHARE, SETTLED_SAMPLES = 0.02, 10
"""Below this coverage and number of accepted samples one error rules the risk: there it may be anything."""
BAND_ALPHA = 0.15
"""Opacity of a band: several that overlap still let the lines through."""


def draw_curve(axes: Axes, curve: RiskCoverageCurve, **style: Any) -> None:
    """Draw a risk-coverage curve in percent, a long one by points that lie evenly in coverage, its ends among them.

    Where confidences tie so often that the curve has few points, each of them is marked.

    Args:
        axes: of matplotlib; their limits and labels are left to the caller.
        curve: at most `MAX_POINTS` of its operating points are drawn, each as it is.
        **style: of `Axes.plot`.
    """
    drawn = drawn_points(curve)
    marked: dict[str, Any] = {"marker": "o", "markersize": 4} if has_few_points(curve) else {}
    axes.plot(100 * curve.coverage[drawn], 100 * curve.risk[drawn], **marked | style)


def draw_risk_interval(axes: Axes, curve: RiskCoverageCurve, *, level: float, color: Any) -> None:
    """Draw the interval of `risk_interval` at the settled points: a band, or bars where `has_bars`.

    Args:
        axes: of matplotlib.
        curve: of 0/1 errors.
        level: nominal coverage of each interval, in (0, 1).
        color: of matplotlib.

    Raises:
        InputError: the errors are not 0/1, or a level outside (0, 1).
    """
    points = settled_points(curve)
    low, high = risk_interval(curve, points, level=level)
    coverage = 100 * curve.coverage[points]
    if has_bars(curve):
        axes.vlines(coverage, 100 * low, 100 * high, color=color, alpha=0.5, linewidth=1)
    else:
        axes.fill_between(coverage, 100 * low, 100 * high, color=color, alpha=BAND_ALPHA, linewidth=0)


def risk_interval(curve: RiskCoverageCurve, points: NDArray[np.int64], *, level: float) -> tuple[Array, Array]:
    """The interval of the selective risk at each of these operating points, by Clopper and Pearson (1934).

    It is pointwise: each holds with probability `level` for the threshold of its point, fixed in advance; that all
    hold at once is less likely. Given how many are accepted there, the errors among them are binomial.

    Args:
        curve: of 0/1 errors of samples drawn independently.
        points: (P,) indices of operating points.
        level: nominal coverage of each interval, in (0, 1).

    Returns:
        The lower and the upper ends, (P,) float64 in [0, 1].

    Raises:
        InputError: the errors are not 0/1, or a level outside (0, 1).

    Example:
        >>> from abstain import risk_coverage_curve
        >>> curve = risk_coverage_curve([0.9, 0.9, 0.9], [0, 0, 0])
        >>> low, high = risk_interval(curve, np.array([0]), level=0.95)
        >>> round(float(low[0]), 3), round(float(high[0]), 3)  # 1 - 0.025 ** (1 / 3)
        (0.0, 0.708)
    """
    check_binary("the interval of the risk", is_binary=curve.is_binary, instead="draw the curve without it")
    check_level(level)
    accepted = curve.accepted[points]
    errors = curve.errors[points]
    tail = (1 - level) / 2
    return 1 - upper_bound(accepted - errors, accepted, tail), upper_bound(errors, accepted, tail)


def has_few_points(curve: RiskCoverageCurve) -> bool:
    """Whether confidences tie so often, or samples are so few, that each operating point is marked."""
    return len(curve.coverage) <= FEW_POINTS


def has_bars(curve: RiskCoverageCurve) -> bool:
    """Whether its interval is drawn as bars, one a settled point: few points are no band, and a single one is none."""
    return has_few_points(curve) or len(settled_points(curve)) == 1


def drawn_points(curve: RiskCoverageCurve) -> NDArray[np.int64]:
    """Which operating points to draw: the first at or above each of many coverages, or simply all if they are few."""
    if len(curve.coverage) <= MAX_POINTS:
        return np.arange(len(curve.coverage))
    evenly = np.linspace(curve.coverage[0], curve.coverage[-1], MAX_POINTS)
    return np.unique(np.searchsorted(curve.coverage, evenly))


def settled_points(curve: RiskCoverageCurve) -> NDArray[np.int64]:
    """Of the drawn points those at which enough samples are accepted for the risk to mean something; never empty."""
    points = drawn_points(curve)
    fewest = min(max(SETTLED_SHARE * curve.n_samples, SETTLED_SAMPLES), curve.n_samples)
    return points[curve.accepted[points] >= fewest]
