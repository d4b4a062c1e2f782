"""Panels of one size, a few in a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abstain._checks import ArgumentError
from abstain.report.pictures import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

IN_A_ROW = 3
WIDTH, HEIGHT = 4.2, 3.6
"""Of a panel, in inches."""


def columns_for(n: int) -> int:
    """How many of n panels stand in a row: at most three, and four are two and two."""
    return 2 if n == 4 else min(n, IN_A_ROW)


def panels_of(n: int, *, width: float = WIDTH, height: float = HEIGHT) -> tuple[Figure, list[Axes]]:
    """A figure and its axes, at most three in a row.

    Args:
        n: panels, at least 1.
        width: of each, in inches.
        height: of each.

    Raises:
        InputError: there is none.
    """
    if n < 1:
        raise ArgumentError("there is nothing to draw: give at least one model")
    n_columns = columns_for(n)
    n_rows = -(-n // n_columns)
    figure = new_figure(width * n_columns, height * n_rows)
    panels = list(figure.subplots(n_rows, n_columns, squeeze=False).flat)
    for left_over in panels[n:]:
        left_over.set_axis_off()
    return figure, panels[:n]
