"""Matplotlib figures, drawn from computed values only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from abstain.curve.curve import RiskCoverageCurve
from abstain.report.selective_report import SelectiveReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_POINTS = 2000
"""Points drawn of a curve; more cannot be told apart in a figure."""
LOW_COVERAGE = 0.5
"""The inset shows the curves up to here: the low risks, which the whole curve makes too small to see."""


def risk_coverage_figure(panels: Mapping[str, Mapping[str, SelectiveReport]]) -> Figure:
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
        inset = axes.inset_axes((0.09, 0.3, 0.5, 0.36))
        for number, (name, report) in enumerate(reports.items()):
            for result in filter(None, (report.msp, report.normalized)):
                if result.falls_back:
                    continue  # the same curve as MSP
                label = f"{name}, {result.label}"
                style = "-" if result.name == "msp" else "--"
                for place in (axes, inset):
                    _draw_curve(place, result.curve, color=f"C{number}", linestyle=style, label=label)
        axes.set(title=title, xlabel="coverage (%)", ylabel="selective risk (%)", xlim=(0, 100))
        axes.set_ylim(0, _top(reports))
        axes.legend(frameon=False, loc="upper left")
        inset.set(xlim=(0, 100 * LOW_COVERAGE), ylim=(0, _top(reports, LOW_COVERAGE)))
        inset.tick_params(labelsize="small")
        for place in (axes, inset):
            place.grid(alpha=0.3)
    return figure


def _draw_curve(axes: Axes, curve: RiskCoverageCurve, *, color: str, linestyle: str, label: str) -> None:
    picked = np.unique(np.linspace(0, len(curve.coverage) - 1, MAX_POINTS).round().astype(int))
    coverage, risk = 100 * curve.coverage[picked], 100 * curve.risk[picked]
    axes.plot(coverage, risk, color=color, linestyle=linestyle, label=label, linewidth=1.4)


def _top(reports: Mapping[str, SelectiveReport], coverage: float = 1.0) -> float:
    """The upper end of a risk axis: above the risk at this coverage, so that a spike at the left does not rule it."""
    return 145 * max(report.msp.curve.risk_at_coverage(coverage) for report in reports.values()) + 0.05
