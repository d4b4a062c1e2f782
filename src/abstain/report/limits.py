"""Which part of risk-coverage curves a figure shows, and which part an inset enlarges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from abstain.curve.curve import RiskCoverageCurve
from abstain.report.curve_lines import has_few_points, risk_interval, settled_points

Curves = Sequence[RiskCoverageCurve]

HEADROOM, HIGHEST = 1.08, 104
INSET = (0.13, 0.5, 0.46, 0.46)
"""Left, bottom, width and height of the inset, as shares of the axes: the corner that rising curves leave free."""
INSET_SHARES = (1 / 8, 1 / 5, 1 / 4)
"""Shares of the risk axis that an inset may enlarge; the first at which there is something to see is taken."""
INSET_ERRORS = 10
"""With fewer errors in the part of low risks an inset would show next to nothing there."""
LATE, HIGHEST_COVERAGE = 50.0, 100.0
"""A first error at this coverage or later leaves the curves a part so small that all of it may be enlarged."""
INSET_STEP, INSET_WIDTH = 10, 20
"""The enlarged coverages begin and end at multiples of the first, at least the second apart, in percent."""


def risk_limit(curves: Curves, *, level: float) -> float:
    """The upper end of the risk axis in percent: above every settled curve, and the intervals of its upper half."""
    return min(HEADROOM * max(_highest(curve, level) for curve in curves), HIGHEST)


def zoom_region(curves: Curves, top: float) -> tuple[float, float, float] | None:
    """What an inset should enlarge, of axes whose risks end at `top`.

    Args:
        curves: at least one.
        top: in percent.

    Returns:
        Lowest and highest coverage and highest risk, in percent: where the curves are low, or, of few errors that come
        late, where they are at all. None where an inset would hide a curve, or would show hardly more than the axes or
        nearly no error.
    """
    if any(map(has_few_points, curves)):
        return None
    if any(risk > INSET[1] * top for curve in curves for risk in _risks_behind_inset(curve)):
        return None
    regions = (_region_below(curves, share * top) for share in INSET_SHARES)
    return next(filter(None, regions), None) or _region_of_late_errors(curves)


def _region_below(curves: Curves, risk: float) -> tuple[float, float, float] | None:
    """The coverages, from the first error on, up to which every settled curve stays below this risk."""
    left = _round_down(min(_first_error(curve) for curve in curves))
    right = _round_down(min(99.0, *(_stays_below(curve, risk) for curve in curves)))
    if right - left < INSET_WIDTH or max(_errors_at(curve, right) for curve in curves) < INSET_ERRORS:
        return None
    return left, right, risk


def _region_of_late_errors(curves: Curves) -> tuple[float, float, float] | None:
    """All coverages from the first error on, where that is late: the intervals of few errors flatten the curve."""
    first = min(map(_flat_until, curves))
    left = _round_down(first)
    if not LATE <= left < HIGHEST_COVERAGE or HIGHEST_COVERAGE - first < (HIGHEST_COVERAGE - left) / 4:
        return None
    return left, HIGHEST_COVERAGE, HEADROOM * max(float(_settled(curve)[1].max()) for curve in curves)


def _settled(curve: RiskCoverageCurve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = settled_points(curve)
    return 100 * curve.coverage[points], 100 * curve.risk[points]


def _highest(curve: RiskCoverageCurve, level: float) -> float:
    half = min(int(np.searchsorted(curve.coverage, 0.5)), len(curve.risk) - 1)
    _, high = risk_interval(curve, np.array([half, len(curve.risk) - 1]), level=level)
    return float(100 * max(curve.risk[settled_points(curve)].max(), high.max()))


def _risks_behind_inset(curve: RiskCoverageCurve) -> NDArray[np.float64]:
    coverage, risk = _settled(curve)
    return risk[coverage <= 100 * (INSET[0] + INSET[2])]


def _first_error(curve: RiskCoverageCurve) -> float:
    """The coverage in percent of the first error; 100 without any."""
    wrong = np.flatnonzero(curve.risk > 0)
    return float(100 * curve.coverage[wrong[0]]) if len(wrong) else 100.0


def _flat_until(curve: RiskCoverageCurve) -> float:
    """The coverage in percent of the last point before the first error, from which on the curve rises."""
    without = int((curve.risk > 0).argmax()) if curve.risk.any() else len(curve.risk)
    return float(100 * curve.coverage[without - 1]) if without else 0.0


def _stays_below(curve: RiskCoverageCurve, limit: float) -> float:
    """The coverage in percent of the last settled point before the first one above this risk."""
    coverage, risk = _settled(curve)
    above = np.flatnonzero(risk > limit)
    last = above[0] - 1 if len(above) else len(risk) - 1
    return float(coverage[last]) if last >= 0 else 0.0


def _errors_at(curve: RiskCoverageCurve, coverage: float) -> float:
    point = np.searchsorted(curve.coverage, coverage / 100, side="right") - 1
    return float(curve.risk[point] * curve.accepted[point]) if point >= 0 else 0.0


def _round_down(coverage: float) -> float:
    return INSET_STEP * float(coverage // INSET_STEP)
