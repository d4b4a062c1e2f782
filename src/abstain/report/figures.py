"""Matplotlib figures, drawn from computed values only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from abstain.curve.curve import RiskCoverageCurve
from abstain.report.selective_report import SelectiveReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Reports = Mapping[str, SelectiveReport]

MAX_POINTS = 2000
"""Points drawn of a curve; more cannot be told apart in a figure."""
LOW_COVERAGE = 0.5
"""The inset shows the curves up to here: the low risks, which the whole curve makes too small to see."""
DOTS_PER_INCH = 150


def risk_coverage_figure(panels: Mapping[str, Reports]) -> Figure:
    """Risk-coverage curves, one panel a data set: a colour a model, solid for MSP and dashed after normalisation.

    An inset in each panel shows the half of low coverage, where the risks are low.

    Args:
        panels: title of each panel -> name of each model -> its report.

    Returns:
        A figure that belongs to no window; save it with `savefig`.
    """
    from matplotlib.figure import Figure  # not pyplot, which would keep the figure and choose a window system

    figure = Figure(figsize=(5.2 * len(panels), 4.2), layout="constrained")
    for axes, (title, reports) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        _draw_panel(axes, title, reports)
    return figure


def _draw_panel(axes: Axes, title: str, reports: Reports) -> None:
    inset = axes.inset_axes((0.09, 0.3, 0.5, 0.36))
    for place in (axes, inset):
        place.grid(alpha=0.3)
        for curve, style in _styled_curves(reports):
            draw_curve(place, curve, **style)
    axes.set(title=title, xlabel="coverage (%)", ylabel="selective risk (%)", xlim=(0, 100), ylim=(0, _top(reports)))
    axes.legend(frameon=False, loc="upper left")
    inset.set(xlim=(0, 100 * LOW_COVERAGE), ylim=(0, _top(reports, LOW_COVERAGE)))
    inset.tick_params(labelsize="small")


def _styled_curves(reports: Reports) -> Iterator[tuple[RiskCoverageCurve, dict[str, Any]]]:
    """The curves that differ from one another, each with how its line looks and what the legend calls it."""
    for number, (name, report) in enumerate(reports.items()):
        for result in filter(None, (report.msp, report.normalized)):
            if not result.falls_back:  # or its curve is that of MSP
                line = "-" if result.name == "msp" else "--"
                label = f"{name}, {result.label}"
                yield result.curve, {"color": f"C{number}", "linestyle": line, "label": label, "linewidth": 1.4}


def draw_curve(axes: Axes, curve: RiskCoverageCurve, **style: Any) -> None:
    """Draw a risk-coverage curve in percent, a long one by points that lie evenly in coverage, its ends among them.

    Args:
        axes: of matplotlib; their limits and labels are left to the caller.
        curve: at most `MAX_POINTS` of its operating points are drawn, each as it is.
        **style: of `Axes.plot`.
    """
    drawn = _thinned(curve)
    axes.plot(100 * curve.coverage[drawn], 100 * curve.risk[drawn], **style)


def _thinned(curve: RiskCoverageCurve) -> Any:
    """Which operating points to draw: the first at or above each of many coverages, or simply all if they are few."""
    if len(curve.coverage) <= MAX_POINTS:
        return slice(None)
    evenly = np.linspace(curve.coverage[0], curve.coverage[-1], MAX_POINTS)
    return np.unique(np.searchsorted(curve.coverage, evenly))


def _top(reports: Reports, coverage: float = 1.0) -> float:
    """The upper end of a risk axis: above the risk at this coverage, so that a spike at the left does not rule it."""
    return 145 * max(report.msp.curve.risk_at_coverage(coverage) for report in reports.values()) + 0.05


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whatever the path is called; the same figure gives the same bytes."""
    figure.savefig(path, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})  # which names a version
