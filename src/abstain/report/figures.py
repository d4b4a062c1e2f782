"""Risk-coverage curves as figures, drawn from computed values only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from abstain.curve.curve import RiskCoverageCurve
from abstain.report.curve_legend import draw_legend, make_room_for_legends
from abstain.report.curve_lines import draw_curve, draw_risk_interval, has_bars
from abstain.report.limits import INSET, risk_limit, zoom_region
from abstain.report.pictures import new_figure
from abstain.report.selective_report import ScoreResult, SelectiveReport
from abstain.report.style import FIRST_COLOR, GREY, Look, looks_in_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Reports = Mapping[str, SelectiveReport]
Looks = Mapping[str, Look]

LINE_STYLES = {"msp": "-", "max_logit_pnorm": (0, (4, 1.5)), "two_class_calibration": (0, (4, 1.5))}
RISK_LINES = (1, 5)
"""Risks in percent that have a line of their own: those of which tables give the coverage."""
MARK_EVERY = 0.12
"""The way between two marks on a line, as a share of the diagonal of the axes."""
PANEL = (5.4, 4.8)
"""Width and height in inches."""


@dataclass(frozen=True, eq=False)
class CurveLine:
    """A curve as it is drawn, and how its line looks.

    Attributes:
        curve: of 0/1 errors.
        label: in the legend.
        look: of its model.
        score: the name of the score, which decides the style of the line.
        level: nominal coverage of its interval, in (0, 1).
        independent: whether the samples are; where they are not, it is without an interval.
    """

    curve: RiskCoverageCurve
    label: str
    look: Look
    score: str
    level: float
    independent: bool = True

    @classmethod
    def of(cls, name: str, report: SelectiveReport, result: ScoreResult, look: Look) -> CurveLine:
        """Of one of the scores that were measured of a model."""
        label = ", ".join(filter(None, (name, result.label)))
        return cls(result.curve, label, look, result.name, report.level, report.independent)

    @property
    def interval(self) -> Literal["band", "bars"] | None:
        """What is drawn of the interval: of one curve a model, or they hide each other."""
        if not self.independent or self.score != "msp":
            return None
        return "bars" if has_bars(self.curve) else "band"

    def draw(self, axes: Axes) -> None:
        """The line, and its interval if it has one."""
        if self.interval is not None:
            draw_risk_interval(axes, self.curve, level=self.level, color=self.look.color)
        marks: dict[str, Any] = {"marker": self.look.marker, "markevery": MARK_EVERY, "markersize": 4.5}
        style = {"linestyle": LINE_STYLES.get(self.score, LINE_STYLES["msp"]), "label": self.label, **self.look.line}
        draw_curve(axes, self.curve, **style, **(marks if self.look.marker else {}))


def risk_coverage_figure(panels: Mapping[str, Reports], looks: Looks | None = None) -> Figure:
    """Risk-coverage curves, one panel a data set, as `draw_panel` draws them.

    Args:
        panels: title of each panel -> name of each model -> its report.
        looks: as `draw_panel`.

    Returns:
        A figure that belongs to no window; `figure_bytes` makes a file of it.
    """
    figure = new_figure(PANEL[0] * len(panels), PANEL[1])
    for axes, (title, reports) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        draw_panel(axes, reports, looks)
        axes.set_title(title)
    make_room_for_legends(figure)
    return figure


def curve_figure(title: str, curve: RiskCoverageCurve, *, independent: bool = True, level: float = 0.95) -> Figure:
    """The risk-coverage curve of MSP alone, as `draw_panel` draws it.

    Args:
        title: above the axes.
        curve: of 0/1 errors.
        independent: whether the samples are; where they are not, as the pixels of one image, it is without intervals.
        level: nominal coverage of the intervals, in (0, 1).
    """
    figure = new_figure(*PANEL)
    axes = figure.subplots()
    draw_lines(axes, [CurveLine(curve, "MSP", Look(FIRST_COLOR), "msp", level, independent)])
    axes.set_title(title)
    return figure


def draw_panel(axes: Axes, reports: Reports, looks: Looks | None = None) -> None:
    """Draw the curves of some models on the same test data, each with the pointwise interval of its risk.

    MSP is solid, its repair dashed, and left out where it falls back to MSP. Thin lines stand at 1 % and 5 % risk.
    Where the curves are low for long, or their few errors come late, an inset enlarges that part, and a frame marks it.

    Args:
        axes: of matplotlib; they get limits, labels and a legend below.
        reports: name of each model, which may be empty, -> its report.
        looks: of each model; None: the first is black, the others are shades of orange.
    """
    draw_lines(axes, list(_lines(reports, looks or looks_in_order(list(reports)))))


def draw_lines(axes: Axes, lines: Sequence[CurveLine], *, beside: Sequence[CurveLine] = ()) -> None:
    """Draw curves as `draw_panel` does.

    Args:
        axes: of matplotlib.
        lines: at least one.
        beside: others, on other axes: where each has those of the other, axes and insets show the same part.
    """
    curves = [line.curve for line in (*lines, *beside)]
    top = risk_limit(curves, level=lines[0].level)
    _draw_lines(axes, lines, xlim=(-1, 101), ylim=(-0.015 * top, top))
    _label_risk_lines(axes, top)
    axes.set(xlabel="coverage (%)", ylabel="selective risk (%)")
    if region := zoom_region(curves, top):
        _draw_inset(axes, lines, region)
    draw_legend(axes, bands=_colors(lines, "band"), bars=_colors(lines, "bars"), level=lines[0].level)


def _colors(lines: Sequence[CurveLine], kind: str) -> list[Any]:
    """Of the intervals of this kind, each once."""
    return list(dict.fromkeys(line.look.color for line in lines if line.interval == kind))


def _lines(reports: Reports, looks: Looks) -> Iterator[CurveLine]:
    """The curves that differ from one another."""
    for name, report in reports.items():
        results: Iterable[ScoreResult] = filter(None, (report.msp, report.repaired))
        for result in results:
            if not result.falls_back:  # or its curve is that of MSP
                yield CurveLine.of(name, report, result, looks[name])


def _draw_lines(axes: Axes, lines: Sequence[CurveLine], **limits: tuple[float, float]) -> None:
    axes.grid(alpha=0.2)
    for risk in RISK_LINES:
        axes.axhline(risk, color=GREY, linewidth=0.7, linestyle=(0, (1, 2)))
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
            axes.annotate(f"{risk} %", (1, risk), (3, 0), fontsize=7, color=GREY, **place)


def _draw_inset(axes: Axes, lines: Sequence[CurveLine], region: tuple[float, float, float]) -> None:
    left, right, risk = region
    inset = axes.inset_axes(INSET)
    _draw_lines(inset, lines, xlim=(left, right), ylim=(-0.015 * risk, risk))
    inset.tick_params(labelsize="x-small", length=2)
    axes.indicate_inset_zoom(inset, edgecolor=GREY)
