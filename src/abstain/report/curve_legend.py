"""The legend of curves: below the axes, folded so that nothing of it is cut, and with room that it is given there."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from abstain.report.curve_lines import BAND_ALPHA

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

MOST_LETTERS = 50
"""In a line of the legend: as many as stand below a panel of the usual width."""
ROOM = 0.45
"""Height in inches of two lines, for which a panel has room without growing."""


def draw_legend(axes: Axes, *, bands: Sequence[Any] = (), bars: Sequence[Any] = (), level: float = 0.95) -> None:
    """Below the axes, where it takes no room from the curves; in two columns, or in one where two are too wide.

    Args:
        axes: of matplotlib, with lines that have labels.
        bands: colours of the intervals that are drawn as bands.
        bars: of those that are drawn as bars.
        level: nominal coverage of the intervals, in (0, 1).
    """
    handles: list[Any] = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
    labels = [_folded(str(line.get_label())) for line in handles]
    n_columns = min(len(handles), 2)
    for shown, kind in ((_bands(bands), ""), (_bars(bars), " (bars)" if bands else "")):
        if shown:
            handles.append(tuple(shown))
            labels.append(f"MSP: {100 * level:g} % interval, pointwise{kind}")
    legend = _legend(axes, handles, labels, n_columns)
    if n_columns > 1 and legend.get_window_extent().width > axes.get_window_extent().width:
        _legend(axes, handles, labels, 1)


def make_room_for_legends(figure: Figure) -> None:
    """Make a figure of one row of panels higher by what its legends need, so that the axes keep their size."""
    legends = [legend for axes in figure.axes if (legend := axes.get_legend()) is not None]
    highest = max((legend.get_window_extent().height for legend in legends), default=0.0) / figure.dpi
    figure.set_figheight(figure.get_figheight() + max(0.0, highest - ROOM))


def _legend(axes: Axes, handles: Sequence[Any], labels: Sequence[str], n_columns: int) -> Legend:
    from matplotlib.legend_handler import HandlerTuple

    return axes.legend(
        handles,
        labels,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.13),
        ncols=n_columns,
        frameon=False,
        fontsize="small",
        handlelength=3,  # so that a dashed line is seen to be one beside its mark
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},  # the colours beside each other
    )


def _folded(label: str) -> str:
    return "\n".join(textwrap.wrap(label, MOST_LETTERS, subsequent_indent="  "))


def _bands(colors: Sequence[Any]) -> list[Artist]:
    """Darker than the bands, of which so little would not be seen."""
    from matplotlib.patches import Patch

    return [Patch(facecolor=color, alpha=2 * BAND_ALPHA, linewidth=0) for color in colors]


def _bars(colors: Sequence[Any]) -> list[Artist]:
    from matplotlib.lines import Line2D

    return [Line2D([], [], color=color, alpha=0.5, marker="|", markersize=9, linestyle="none") for color in colors]
