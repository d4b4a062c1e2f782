"""Draw error against AURC, one mark a recipe, with an arrow to where the repair after training brings it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from recipe_runs import PLAIN, Recipe
from which_runs import called

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STARS = [(4, 1, 0), (6, 1, 0), (8, 1, 0), (4, 1, 45), (5, 1, 36)]  # of so many spikes, turned by so many degrees
SUITS = [r"$\spadesuit$", r"$\clubsuit$", r"$\heartsuit$"]
MARKS = (*"s^vDPX<>*dph", *STARS, *SUITS)
"""A shape a recipe: they are told apart in grey and without colours."""
COLORS = ("#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7")
"""Okabe and Ito's, for the colour-blind; black is cross-entropy."""
PANELS_A_ROW = 2
FAR = 3
"""A recipe with so many times the AURC of cross-entropy is named beside the marks, which it would press together."""
Styles = Mapping[str, Mapping[str, Any]]


def recipe_figure(data_sets: Mapping[str, Sequence[Recipe]]) -> Figure:
    """One panel a data set; a mark is the mean over seeds, its bars the standard deviation over them.

    Args:
        data_sets: title of each panel -> its recipes.
    """
    from matplotlib.figure import Figure

    styles = styles_of(data_sets)
    n_columns = min(len(data_sets), PANELS_A_ROW)
    n_rows = -(-len(data_sets) // n_columns)
    figure = Figure(figsize=(5 * n_columns + 1.6, 4.2 * n_rows), layout="constrained")
    panels = list(figure.subplots(n_rows, n_columns, squeeze=False).flat)
    for axes, (title, recipes) in zip(panels, data_sets.items(), strict=False):
        axes.set(title=called(title), xlabel="error %", ylabel="AURC %")
        outside = far_out(recipes)
        for recipe in recipes:
            if recipe not in outside:
                draw_recipe(axes, recipe, styles[recipe.name])
        told = [f"outside: {one.name}, error {_percent(one, 'risk')}, AURC {_percent(one, 'aurc')}" for one in outside]
        axes.annotate("\n".join(told), (0.98, 0.98), xycoords="axes fraction", ha="right", va="top", fontsize="small")
    for axes in panels[len(data_sets) :]:
        axes.set_axis_off()
    marks = [_mark(figure.axes[0], name, style) for name, style in styles.items()]
    figure.legend(handles=marks, loc="outside right upper", title="filled: MSP\nempty: repaired", fontsize="small")
    return figure


def far_out(recipes: Sequence[Recipe]) -> list[Recipe]:
    """Those whose AURC is several times that of cross-entropy, such as one that never left chance."""
    plain = next((one.values("aurc").mean() for one in recipes if one.name == PLAIN), float("inf"))
    return [one for one in recipes if one.values("aurc").mean() > FAR * plain]


def _percent(recipe: Recipe, key: str) -> str:
    return f"{100 * recipe.values(key).mean():.1f} %"


def styles_of(data_sets: Mapping[str, Sequence[Recipe]]) -> Styles:
    """Name of each recipe -> the shape and colour of its mark."""
    names = dict.fromkeys(recipe.name for recipes in data_sets.values() for recipe in recipes)
    others = [name for name in names if name != PLAIN]
    styles = {PLAIN: {"marker": "o", "color": "black"}} if PLAIN in names else {}
    for number, name in enumerate(others):
        styles[name] = {"marker": MARKS[number % len(MARKS)], "color": COLORS[number % len(COLORS)]}
    return styles


def draw_recipe(axes: Axes, recipe: Recipe, style: Mapping[str, Any]) -> None:
    """The mark of a recipe with its bars, and an arrow to the empty mark of what the repair makes of it."""
    error, aurc, repaired = (
        100 * recipe.values(key, repaired=mends) for key, mends in (("risk", False), ("aurc", False), ("aurc", True))
    )
    place, target = (error.mean(), aurc.mean()), (error.mean(), repaired.mean())
    spread = {"xerr": error.std(ddof=1), "yerr": aurc.std(ddof=1)} if len(error) > 1 else {}  # of one there is none
    bars = {**spread, "elinewidth": 0.8, "linestyle": "none"}
    axes.errorbar(*place, **bars, **style, markersize=7, zorder=3 if recipe.name == PLAIN else 2.5)
    axes.annotate("", target, place, arrowprops={"arrowstyle": "->", "color": style["color"], "linewidth": 0.8})
    axes.plot(*target, **style, markersize=7, markerfacecolor="white", linestyle="none", zorder=2.4)


def _mark(axes: Axes, name: str, style: Mapping[str, Any]) -> Any:
    """What the legend shows of a recipe."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=name, linestyle="none", **style)
