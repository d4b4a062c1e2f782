"""An axis of log-odds that is written in probabilities, so that those near 1 are told apart."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

APART = 0.14
"""The least distance of two ticks, as a share of the axis, or their texts would touch."""
WRITTEN = 5
"""Nines up to which a probability near 1 is written out."""
_EXPONENTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def show_probabilities(axes: Axes, label: str = "MSP") -> None:
    """Write the x axis, which holds log-odds, in percent of probability.

    Args:
        axes: of matplotlib, on which all is drawn.
        label: of the axis.
    """
    low, high = axes.get_xlim()
    ticks = _ticks(low, high)
    axes.set_xticks([place for place, _ in ticks], [text for _, text in ticks], fontsize="small")
    axes.set(xlim=(low, high), xlabel=label)


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Places from the roundest probabilities on, those that lie too near to a rounder one left out."""
    chosen: list[tuple[float, str]] = []
    for place, text in [*_round(high), *_between(low, high)]:
        if low <= place <= high and all(abs(place - other) >= APART * (high - low) for other, _ in chosen):
            chosen.append((place, text))
    return sorted(chosen)


def _round(high: float) -> list[tuple[float, str]]:
    """Log-odds and what is written there: 50 %, then nines, then what lies between, the roundest first."""
    nines = range(1, int(max(high, 0) / np.log(10)) + 2)
    near_one = [(float(-np.log(np.expm1(n * np.log(10)) ** -1)), _near_one(n)) for n in nines]
    between = [0.1, 0.01, 0.001, 0.75, 0.25, 0.95, 0.98, 0.2, 0.6, 0.4, 0.3, 0.7, 0.8, 0.85]
    return [(0.0, "50 %"), *near_one, *((float(logit(p)), f"{100 * p:g} %") for p in between)]


def _between(low: float, high: float) -> Iterator[tuple[float, str]]:
    """Evenly spaced places, moved to where the probability is what is written: for axes without round ones."""
    for place in np.linspace(low, high, 7)[1:-1:2]:
        p = float(expit(place))
        digits = max(0, 1 + math.ceil(-math.log10(100 * min(p, 1 - p)))) if 0 < p < 1 else 99
        if digits <= WRITTEN:
            text = f"{100 * p:.{digits}f}"
            yield float(logit(float(text) / 100)), f"{text} %"


def _near_one(n: int) -> str:
    if n <= WRITTEN:
        return f"{100 * (1 - 10.0**-n):.{max(n - 2, 0)}f} %"
    return f"1 − 10{str(-n).translate(_EXPONENTS)}"
