"""How models look in figures: apart in grey and for the colour-blind too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from abstain._checks import ArgumentError

FIRST_COLOR = "black"
"""Of cross-entropy, or of the first model where nothing is known of them."""
HUES = ("Oranges", "Blues", "Greens", "Purples", "RdPu")
"""A colour map a recipe: of one with a factor, darker is more of it."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
"""A shape a recipe, which a picture in grey has too."""
PLAIN = "CE"
"""The recipe without a factor."""
ON_TOP, BELOW = {"linewidth": 1.2, "zorder": 2.6}, {"linewidth": 1.9, "zorder": 2.5}
"""The black lines are thinner and on top, so that lines that coincide are both seen."""
RIGHT: dict[str, Any] = {"linestyle": "-"}
WRONG: dict[str, Any] = {"linestyle": (0, (4, 1.5)), "markerfacecolor": "white"}
"""How right and wrong answers of one model differ."""
GREY = "0.35"
"""Of what is no model."""


@dataclass(frozen=True)
class Look:
    """Of all that is drawn of one model.

    Attributes:
        color: of matplotlib.
        marker: of matplotlib; None where only the colour tells models apart.
    """

    color: Any
    marker: str | None = None

    @property
    def line(self) -> dict[str, Any]:
        """What a line of it has."""
        return {"color": self.color, **(ON_TOP if self.color == FIRST_COLOR else BELOW)}

    @property
    def points(self) -> dict[str, Any]:
        """What a line with a mark at each point has."""
        return {**self.line, "marker": self.marker or MARKERS[0], "markersize": 4.5}


def looks_in_order(names: Sequence[str]) -> dict[str, Look]:
    """Of models of which nothing is known: the first is black, the others are shades of one hue, lighter to darker."""
    shades = _shades(HUES[0], len(names) - 1)
    return dict(zip(names, map(Look, [FIRST_COLOR, *shades]), strict=False))


def looks_or_default(models: Mapping[str, Any], looks: Mapping[str, Look] | None) -> Mapping[str, Look]:
    """The looks that were told of these models, else those in their order.

    Raises:
        InputError: there is no model.
    """
    if not models:
        raise ArgumentError("there is nothing to draw: give at least one model")
    return looks or looks_in_order(list(models))


def looks_of_recipes(recipes: Mapping[str, tuple[str, float]]) -> dict[str, Look]:
    """Of models that were trained in some way each: cross-entropy is black, others have a shape and a hue a recipe.

    Args:
        recipes: name of each model -> its recipe, such as `("LS", 0.2)`; the larger the factor, the darker. The plain
            one is `("CE", 0)`; models of one recipe and factor look alike.
    """
    families = dict.fromkeys(family for family, _ in recipes.values() if family != PLAIN)
    colors: dict[tuple[str, float], Look] = {}
    for place, family in enumerate(families):
        factors = sorted({factor for other, factor in recipes.values() if other == family})
        shades = _shades(HUES[place % len(HUES)], len(factors))
        marker = MARKERS[1 + place % (len(MARKERS) - 1)]
        colors |= {(family, factor): Look(shade, marker) for factor, shade in zip(factors, shades, strict=True)}
    plain = Look(FIRST_COLOR, MARKERS[0])
    return {name: colors.get(recipe, plain) for name, recipe in recipes.items()}


def looks_of_models(recipes: Mapping[str, tuple[str, float] | None]) -> dict[str, Look]:
    """As `looks_of_recipes`, of models some of which may have been trained in a way that nobody knows.

    No two look alike: those of one recipe and factor differ in shape. Where nothing is known of any, the first is
    black; else only cross-entropy is.

    Args:
        recipes: name of each model -> its recipe; None where it is not known.
    """
    is_known = any(recipes.values())
    told = {name: recipe or (f"unknown: {name}", 0.0) for name, recipe in recipes.items()}
    if told and not is_known:
        told[next(iter(told))] = (PLAIN, 0.0)
    looks = looks_of_recipes(told)
    used = {look.marker for look in looks.values()}
    free = [marker for marker in MARKERS if marker not in used]
    seen: set[Look] = set()
    for name, look in looks.items():
        looks[name] = replace(look, marker=free.pop(0)) if look in seen and free else look
        seen.add(look)
    return looks


def _shades(hue: str, n: int) -> list[Any]:
    from matplotlib import colormaps

    return [colormaps[hue](shade) for shade in (np.linspace(0.45, 0.85, n) if n > 1 else [0.7])]
