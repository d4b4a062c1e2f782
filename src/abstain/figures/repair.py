"""Risk-coverage curves of some models, and the same after their repair, on the same axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from abstain._checks import InputError
from abstain.report.curve_legend import make_room_for_legends
from abstain.report.figures import PANEL, CurveLine, draw_lines
from abstain.report.pictures import new_figure
from abstain.report.repair import repair_name
from abstain.report.selective_report import SelectiveReport
from abstain.report.style import Look, looks_in_order

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def repair_figure(reports: Mapping[str, SelectiveReport], looks: Mapping[str, Look] | None = None) -> Figure:
    """Two panels with the same axes and insets: the curves of MSP, and those after the repair of each model.

    Args:
        reports: name of each model -> its report, at least one with a repair, which may have fallen back to MSP.
        looks: of each model; None: the first is black, the others are shades of one hue.

    Raises:
        InputError: no report has a repair.
    """
    looks = looks or looks_in_order(list(reports))
    fitted = {name: report for name, report in reports.items() if report.repaired is not None}
    if not fitted:
        raise InputError("no model has a repair, which is fitted on validation data: give validation=")
    before = [CurveLine.of(name, report, report.msp, looks[name]) for name, report in reports.items()]
    after = [
        CurveLine.of(name, report, report.repaired, looks[name])
        for name, report in fitted.items()
        if report.repaired is not None
    ]
    figure = new_figure(2 * PANEL[0], PANEL[1])
    names = dict.fromkeys(repair_name(report) for report in fitted.values())
    titles = ("before", f"after {' or '.join(names)}")
    for axes, title, lines in zip(figure.subplots(1, 2), titles, ((before, after), (after, before)), strict=True):
        draw_lines(axes, lines[0], beside=lines[1])
        axes.set_title(title)
    make_room_for_legends(figure)
    return figure
