"""Matplotlib figures, drawn from computed values only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from abstain.curve.curve import RiskCoverageCurve
from abstain.report.curve_lines import draw_curve, draw_risk_interval
from abstain.report.limits import INSET, risk_limit, zoom_region
from abstain.report.selective_report import SelectiveReport

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Reports = Mapping[str, SelectiveReport]

DOTS_PER_INCH = 150
FIRST_COLOR, HUE = "black", "Oranges"
"""The first model, and the colour map of the others: apart in grey and for the colour-blind too."""
ON_TOP, BELOW = {"linewidth": 1.2, "zorder": 2.6}, {"linewidth": 1.9, "zorder": 2.5}
"""The first model's lines are thinner and on top, so that lines that coincide are both seen."""
LINE_STYLES = {"msp": "-", "max_logit_pnorm": (0, (4, 1.5)), "two_class_calibration": (0, (4, 1.5))}
RISK_LINES = (1, 5)
"""Risks in percent that have a line of their own: those of which tables give the coverage."""


@dataclass(frozen=True, eq=False)
class _Line:
    """A curve as it is drawn, and how its line looks."""

    curve: RiskCoverageCurve
    label: str
    color: Any
    linestyle: Any
    level: float
    independent: bool = True

    @property
    def has_band(self) -> bool:
        """One a model, or they hide each other."""
        return self.independent and bool(self.linestyle == LINE_STYLES["msp"])

    def draw(self, axes: Axes) -> None:
        if self.has_band:
            draw_risk_interval(axes, self.curve, level=self.level, color=self.color)
        place = ON_TOP if self.color == FIRST_COLOR else BELOW
        draw_curve(axes, self.curve, color=self.color, linestyle=self.linestyle, label=self.label, **place)


def risk_coverage_figure(panels: Mapping[str, Reports]) -> Figure:
    """Risk-coverage curves, one panel a data set, as `draw_panel` draws them.

    Args:
        panels: title of each panel -> name of each model -> its report.

    Returns:
        A figure that belongs to no window; save it with `savefig`.
    """
    from matplotlib.figure import Figure  # not pyplot, which would keep the figure and choose a window system

    figure = Figure(figsize=(5.4 * len(panels), 4.8), layout="constrained")
    for axes, (title, reports) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        draw_panel(axes, reports)
        axes.set_title(title)
    return figure


def curve_figure(title: str, curve: RiskCoverageCurve, *, independent: bool = True, level: float = 0.95) -> Figure:
    """The risk-coverage curve of MSP alone, as `draw_panel` draws it.

    Args:
        title: above the axes.
        curve: of 0/1 errors.
        independent: whether the samples are; where they are not, as the pixels of one image, it is without intervals.
        level: nominal coverage of the intervals, in (0, 1).
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4, 4.8), layout="constrained")
    axes = figure.subplots()
    _draw(axes, [_Line(curve, "MSP", FIRST_COLOR, LINE_STYLES["msp"], level, independent)])
    axes.set_title(title)
    return figure


def draw_panel(axes: Axes, reports: Reports) -> None:
    """Draw the curves of some models on the same test data, each with the pointwise interval of its risk.

    The first model is black, the others are orange; MSP is solid, its repair dashed, and left out where it
    falls back to MSP. Thin lines stand at 1 % and 5 % risk. Where the curves are low for long, or their few errors come
    late, an inset enlarges that part, and a frame marks it.

    Args:
        axes: of matplotlib; they get limits, labels and a legend below.
        reports: name of each model, which may be empty, -> its report.
    """
    _draw(axes, list(_lines(reports)))


def _draw(axes: Axes, lines: Sequence[_Line]) -> None:
    curves = [line.curve for line in lines]
    top = risk_limit(curves, level=lines[0].level)
    _draw_lines(axes, lines, xlim=(-1, 101), ylim=(-0.015 * top, top))
    _label_risk_lines(axes, top)
    axes.set(xlabel="coverage (%)", ylabel="selective risk (%)")
    if region := zoom_region(curves, top):
        _draw_inset(axes, lines, region)
    _draw_legend(axes, next((line.level for line in lines if line.has_band), None))


def _lines(reports: Reports) -> Iterator[_Line]:
    """The curves that differ from one another."""
    for color, (name, report) in zip(_colors(len(reports)), reports.items(), strict=True):
        for result in filter(None, (report.msp, report.repaired)):
            if not result.falls_back:  # or its curve is that of MSP
                label = ", ".join(filter(None, (name, result.label)))
                yield _Line(result.curve, label, color, LINE_STYLES.get(result.name, LINE_STYLES["msp"]), report.level)


def _colors(n_models: int) -> list[Any]:
    from matplotlib import colormaps

    shades = np.linspace(0.85, 0.45, n_models - 1) if n_models > 2 else [0.7]
    return [FIRST_COLOR, *map(colormaps[HUE], shades)][:n_models]


def _draw_lines(axes: Axes, lines: Sequence[_Line], **limits: tuple[float, float]) -> None:
    axes.grid(alpha=0.2)
    for risk in RISK_LINES:
        axes.axhline(risk, color="0.35", linewidth=0.7, linestyle=(0, (1, 2)))
    for line in lines:
        line.draw(axes)
    axes.set(**limits)


def _label_risk_lines(axes: Axes, top: float) -> None:
    for risk in RISK_LINES:
        if risk <= top:
            place: dict[str, Any] = {
                "xycoords": axes.get_yaxis_transform(),
                "textcoords": "offset points",
                "va": "center",
            }
            axes.annotate(f"{risk} %", (1, risk), (3, 0), fontsize=7, color="0.35", **place)


def _draw_inset(axes: Axes, lines: Sequence[_Line], region: tuple[float, float, float]) -> None:
    left, right, risk = region
    inset = axes.inset_axes(INSET)
    _draw_lines(inset, lines, xlim=(left, right), ylim=(-0.015 * risk, risk))
    inset.tick_params(labelsize="x-small", length=2)
    axes.indicate_inset_zoom(inset, edgecolor="0.35")


def _draw_legend(axes: Axes, level: float | None) -> None:
    """Below the axes, where it takes no room from the curves."""
    from matplotlib.patches import Patch

    handles: list[Artist] = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
    n_lines = len(handles)
    if level is not None:
        interval = f"MSP: {100 * level:g} % interval, pointwise"
        handles = [*handles, Patch(color="0.5", alpha=0.4, linewidth=0, label=interval)]
    axes.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.13),
        ncols=min(n_lines, 2),
        frameon=False,
        fontsize="small",
    )


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whatever the path is called; the same figure gives the same bytes."""
    figure.savefig(path, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})  # which names a version


def pixels_of(figure: Figure) -> NDArray[np.uint8]:
    """A figure as (H, W, 3) uint8, as trackers of experiments take pictures."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
