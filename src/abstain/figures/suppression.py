"""How far a recipe pushes the largest logit down, against how probable an error is there: measured and predicted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from abstain._checks import InputError
from abstain.figures.panels import panels_of
from abstain.report.style import GREY, Look, looks_or_default

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Suppression:
    """Of one recipe at B probabilities of error, all (B,) float64.

    Attributes:
        error_probability: of the prediction, in [0, 1].
        measured: by how much the gradient on the largest logit is larger than that of cross-entropy; positive pushes it
            down.
        low: lower end of the interval of `measured`.
        high: upper end.
        predicted: what the gradient of the loss says: α(1 - P_error - 1/K) of label smoothing, α(1 - 1/K) of maximum
            suppression.

    Raises:
        InputError: arrays of unequal lengths, or numbers that are not finite.
    """

    error_probability: Array
    measured: Array
    low: Array
    high: Array
    predicted: Array

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, np.asarray(getattr(self, field.name), dtype=np.float64))
        shapes = {getattr(self, field.name).shape for field in fields(self)}
        if len(shapes) > 1 or len(shapes.pop()) != 1:
            raise InputError("the arrays of a suppression have unequal shapes, but must all be (B,): one number a bin")
        for field in fields(self):
            if not np.isfinite(getattr(self, field.name)).all():
                raise InputError(f"{field.name} holds NaN or infinite values: leave out such bins")

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON."""
        return {field.name: getattr(self, field.name).tolist() for field in fields(self)}


def suppression_figure(recipes: Mapping[str, Suppression], looks: Mapping[str, Look] | None = None) -> Figure:
    """What was measured as marks with intervals, and what is predicted as a line of the same colour.

    Args:
        recipes: name of each recipe -> its numbers.
        looks: of each recipe; None: the first is black, the others are shades of one hue.

    Raises:
        InputError: there is no recipe.
    """
    looks = looks_or_default(recipes, looks)
    figure, (axes,) = panels_of(1, width=5.4, height=4.6)
    axes.axhline(0, color=GREY, linewidth=0.7)
    for name, found in recipes.items():
        x, look = 100 * found.error_probability, looks[name]
        order = np.argsort(x, kind="stable")
        axes.plot(x[order], found.predicted[order], **look.line, label=f"{name}, predicted")
        ends = np.stack([found.measured - found.low, found.high - found.measured]).clip(min=0)
        bars: dict[str, Any] = {"elinewidth": 0.9, "capsize": 2, "linestyle": "none", "color": look.color}
        mark = {"marker": look.points["marker"], "markersize": 5, "markerfacecolor": "white"}
        axes.errorbar(x, found.measured, yerr=ends, label=f"{name}, measured", **bars, **mark)
    axes.set(xlabel="probability of an error (%)", ylabel="suppression of the max logit")
    axes.grid(alpha=0.2)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize="small")
    return figure
