"""Draw suppression of the max logit against the probability of an error, and what ranks the damage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from recipe_figure import styles_of
from recipe_runs import Recipe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 4
Recipes = Mapping[str, Mapping[str, Any]]
"""Name -> what `mechanism_measure.measured` tells of it; without cross-entropy."""
AXES = {
    "gradient": "minus the slope of the loss's gradient in P_error",
    "at equal MSP": "max logit and P_error at equal MSP,\ncorrelation minus that of CE",
}
"""What might rank the damage -> what its axis says."""


def suppression_figure(recipes: Recipes) -> Figure:
    """One panel a recipe: measured with intervals over seeds, and the predicted shape as a dashed line."""
    from matplotlib.figure import Figure

    n_rows = -(-len(recipes) // COLUMNS)
    figure = Figure(figsize=(2.9 * COLUMNS, 2.5 * n_rows + 0.5), layout="constrained")
    panels = figure.subplots(n_rows, COLUMNS, squeeze=False, sharex=True, sharey=True).flat
    for axes, (name, numbers) in zip(panels, recipes.items(), strict=False):
        draw_suppression(axes, {key: np.array(values) for key, values in numbers["bins"].items()})
        axes.set_title(name, fontsize="medium")
    for axes in list(panels)[len(recipes) :]:
        axes.set_axis_off()
    figure.supxlabel("probability that the prediction is wrong (%)", fontsize="medium")
    figure.supylabel("max logit of CE minus that of the recipe", fontsize="medium")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False)
    return figure


def draw_suppression(axes: Axes, bins: Mapping[str, np.ndarray]) -> None:
    """Marks with intervals, and what is predicted, times the factor of at least 0 that brings it nearest to them."""
    x, measured = 100 * bins["error_probability"], bins["measured"]
    ends = np.stack([measured - bins["low"], bins["high"] - measured])
    axes.axhline(0, color="0.35", linewidth=0.7)
    axes.errorbar(x, measured, yerr=ends, fmt="o", color="black", markersize=4, elinewidth=0.9, label="measured")
    shape = nearest_factor(bins["predicted"], measured) * bins["predicted"]
    axes.plot(x, shape, color="#D55E00", linestyle=(0, (4, 1.5)), label="gradient of the loss, scaled")
    axes.grid(alpha=0.2)


def nearest_factor(shape: np.ndarray, values: np.ndarray) -> float:
    """The factor of at least 0 by which `shape` comes nearest to `values`; 0 of a shape that is 0."""
    squares = float(shape @ shape)
    return max(float(shape @ values) / squares, 0.0) if squares > 0 else 0.0


def ranks_figure(recipes: Recipes) -> Figure:
    """Two of what might rank the damage against it, a mark a recipe with standard deviations over seeds."""
    from matplotlib.figure import Figure

    styles = styles_of({"": [Recipe(name, {}) for name in recipes]})
    figure = Figure(figsize=(5.0 * len(AXES) + 2.2, 4.2), layout="constrained")
    for axes, what in zip(figure.subplots(1, len(AXES), sharey=True), AXES, strict=True):
        for name, numbers in recipes.items():
            x, y = (np.array(numbers["by seed"][key]) for key in (what, "failure AUROC"))
            spread = {"xerr": x.std(ddof=1), "yerr": 100 * y.std(ddof=1), "elinewidth": 0.8, "linestyle": "none"}
            axes.errorbar(x.mean(), 100 * y.mean(), **spread, **styles[name], markersize=7, label=name)
        axes.axhline(0, color="0.35", linewidth=0.7)
        axes.set_xlabel(AXES[what])
        axes.grid(alpha=0.2)
    figure.axes[0].set_ylabel("failure AUROC, CE minus the recipe, in points")
    handles = [(of[0], name) for of, name in zip(*figure.axes[0].get_legend_handles_labels(), strict=True)]
    figure.legend(*zip(*handles, strict=True), loc="outside right upper", fontsize="small")
    return figure
