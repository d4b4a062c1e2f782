"""How large the logits of a sample are from the largest to the least, as they are and as softmax sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_logits
from abstain.figures.panels import panels_of
from abstain.report.style import RIGHT, WRONG, Look, looks_or_default
from abstain.scores.blocks import block_slices
from abstain.scores.rows import as_pairs
from abstain.scores.softmax import classification_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
FEW_CLASSES = 30
"""Up to so many classes each has a mark; of more the axis of ranks is logarithmic."""
OF_ONE_THREAD = 2**14
"""Logits that are sorted at once; from 2**15 on torch divides even their copy among threads, and waiting costs more."""


@dataclass(frozen=True, eq=False)
class LogitProfile:
    """Means over samples, at each rank from 1 to K in the order of the logits of each sample.

    Attributes:
        n: how many samples.
        magnitude: (K,) float64, |z - mean of z|, descending; what a p-norm sums up.
        exponential: (K,) float64, exp z over the sum of exp z, descending; they sum to 1.
    """

    n: int
    magnitude: Array
    exponential: Array

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON."""
        return {"n": self.n, "magnitude": self.magnitude.tolist(), "exponential": self.exponential.tolist()}


def logit_profile(logits: Any, labels: Any) -> dict[str, LogitProfile]:
    """The profiles of right and of wrong answers.

    Args:
        logits: (N, K) real, NumPy or torch on any device, not changed; (N, 1) stands for the pair (0, z).
        labels: (N,) int in [0, K).

    Returns:
        `right` and `wrong` -> the profile; a key is missing where there is no such answer.

    Raises:
        InputError: as `scores.classification_error`.

    Example:
        >>> profile = logit_profile([[3.0, 0.0, 0.0]], [0])["right"]
        >>> profile.magnitude.tolist()
        [2.0, 1.0, 1.0]
    """
    return profiles_of_batches([(logits, labels)])


def profiles_of_batches(batches: Iterable[tuple[Any, Any]]) -> dict[str, LogitProfile]:
    """The same of logits and labels that come in batches, which are not kept."""
    counts, sums = {"right": 0, "wrong": 0}, {"right": np.zeros(()), "wrong": np.zeros(())}
    for logits, labels in batches:
        rows, error = check_logits(logits), classification_error(logits, labels).astype(bool)
        for some in block_slices(len(rows), max(rows.shape[1], 2), OF_ONE_THREAD):
            profiles = np.stack(_profiles_of(as_pairs(rows[some].cpu().double()).numpy()))
            for name, answers in (("right", ~error[some]), ("wrong", error[some])):
                counts[name] += int(answers.sum())
                sums[name] = sums[name] + profiles[:, answers].sum(axis=1)
    return {name: LogitProfile(n, *(sums[name] / n)) for name, n in counts.items() if n}


def _profiles_of(rows: Array) -> tuple[Array, Array]:
    """(n, K) sorted |z - mean| and softmax, descending."""
    magnitude = np.sort(np.abs(rows - rows.mean(axis=1, keepdims=True)), axis=1)[:, ::-1]
    ordered = np.sort(rows, axis=1)[:, ::-1]
    exponential = np.exp(ordered - ordered[:, :1])
    return magnitude, exponential / exponential.sum(axis=1, keepdims=True)


def logit_profile_figure(
    models: Mapping[str, Mapping[str, LogitProfile]], looks: Mapping[str, Look] | None = None
) -> Figure:
    """Two panels: the sorted |z|, and the sorted exp z; right answers solid, wrong ones dashed with empty marks.

    Args:
        models: name of each model -> what `logit_profile` gives.
        looks: of each model; None: the first is black, the others are shades of one hue.

    Raises:
        InputError: there is no model.
    """
    looks = looks_or_default(models if any(models.values()) else {}, looks)
    figure, panels = panels_of(2, width=4.8, height=4.0)
    quantities = {"magnitude": "mean |z − mean z|", "exponential": "mean exp z / Σ exp z"}
    for axes, (quantity, label) in zip(panels, quantities.items(), strict=True):
        for name, profiles in models.items():
            for answers, style in (("right", RIGHT), ("wrong", WRONG)):
                if answers in profiles:
                    values = getattr(profiles[answers], quantity)
                    _draw(axes, values, looks[name], style, f"{name}, {answers}")
        axes.set(xlabel="rank of the logit", ylabel=label)
        axes.grid(alpha=0.2)
    panels[1].set_yscale("log")
    lines = panels[0].get_lines()
    figure.legend(handles=lines, loc="outside lower center", ncols=min(len(models), 4), frameon=False, fontsize="small")
    return figure


def _draw(axes: Axes, values: Array, look: Look, style: Mapping[str, Any], label: str) -> None:
    ranks = np.arange(1, len(values) + 1)
    few = len(values) <= FEW_CLASSES
    if few:
        axes.set_xticks(ranks if len(ranks) <= 12 else ranks[::5])
    else:
        axes.set_xscale("log")
    axes.plot(ranks, values, label=label, **look.points | dict(style) | ({} if few else {"markevery": 0.12}))
