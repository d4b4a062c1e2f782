"""Right and wrong answers at equal MSP, one panel a model, and below it the difference of their means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from abstain.figures.equal_confidence import AtEqualConfidence, Spread
from abstain.figures.panels import columns_for
from abstain.figures.probability_axis import show_probabilities
from abstain.report.curve_lines import BAND_ALPHA
from abstain.report.pictures import new_figure
from abstain.report.style import GREY, RIGHT, WRONG, Look, looks_or_default

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 4.2, 4.6
"""Of a model's two panels, in inches."""
HEIGHTS = (3, 1.1)
"""Of the panel of means to that of their difference."""


def at_equal_confidence_figure(
    models: Mapping[str, AtEqualConfidence], looks: Mapping[str, Look] | None = None
) -> Figure:
    """The mean of a quantity in each bin of MSP, with its standard deviation as a band, one panel a model.

    Right answers are a solid line, errors a dashed one with empty marks. The panel below shows the mean of errors minus
    that of right answers, with its standard error.

    Args:
        models: name of each model -> its values.
        looks: of each model; None: the first is black, the others are shades of one hue.

    Raises:
        InputError: there is no model.
    """
    looks = looks_or_default(models, looks)
    n_columns = columns_for(len(models))
    n_rows = -(-len(models) // n_columns)
    figure = new_figure(WIDTH * n_columns, HEIGHT * n_rows)
    grid = figure.subplots(2 * n_rows, n_columns, squeeze=False, height_ratios=HEIGHTS * n_rows)
    pairs = [(grid[2 * row, column], grid[2 * row + 1, column]) for row in range(n_rows) for column in range(n_columns)]
    for (means, difference), (name, values) in zip(pairs, models.items(), strict=False):
        _draw_means(means, values, looks[name])
        _draw_difference(difference, values, looks[name], means.get_xlim())
        means.set_title(name)
    for left_over in (axes for pair in pairs[len(models) :] for axes in pair):
        left_over.set_axis_off()
    return figure


def _draw_means(axes: Axes, values: AtEqualConfidence, look: Look) -> None:
    _draw_spread(axes, values, values.right, look, RIGHT, "right")
    _draw_spread(axes, values, values.wrong, look, WRONG, "wrong")
    axes.set_ylabel(values.quantity)
    axes.grid(alpha=0.2)
    axes.legend(frameon=False, fontsize="small", title="mean ± std", title_fontsize="small")
    show_probabilities(axes, "")
    axes.tick_params(labelbottom=False)


def _draw_spread(
    axes: Axes, values: AtEqualConfidence, spread: Spread, look: Look, style: Mapping[str, Any], label: str
) -> None:
    shown = ~np.isnan(spread.mean)
    x, mean, std = values.log_odds[shown], spread.mean[shown], spread.std[shown]
    axes.plot(x, mean, label=label, **look.points | dict(style))
    edge = {"edgecolor": look.color, "linestyle": style["linestyle"]}  # told apart where two bands overlap
    axes.fill_between(x, mean - std, mean + std, facecolor=(look.color, BAND_ALPHA), linewidth=0.6, **edge)


def _draw_difference(axes: Axes, values: AtEqualConfidence, look: Look, limits: tuple[float, float]) -> None:
    difference, error = values.difference()
    axes.axhline(0, color=GREY, linewidth=0.7)
    marks = {"marker": look.points["marker"], "markersize": 3.5, "elinewidth": 0.9, "linestyle": "none"}
    axes.errorbar(values.log_odds, difference, yerr=error, color=look.color, **marks)
    axes.set_ylabel("wrong − right", fontsize="small")
    axes.tick_params(axis="y", labelsize="small")
    axes.grid(alpha=0.2)
    axes.set_xlim(limits)
    show_probabilities(axes)
