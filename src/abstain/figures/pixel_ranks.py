"""Where in an image a segmentation model is wrong, and how confident it is there, before and after the repair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata

from abstain._checks import InputError
from abstain.logits.pixels import LabelledPixels
from abstain.report.pictures import new_figure
from abstain.scores.confidence import Confidence
from abstain.scores.softmax import classification_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAP = "cividis"
"""From dark to light, the same to the colour-blind and in grey."""
SIDE = 3.0
"""Width of a picture, in inches."""


@dataclass(frozen=True, eq=False)
class RankMaps:
    """Of one image, height H and width W.

    Attributes:
        image: (H, W, 3) uint8.
        wrong: (H, W) bool, labelled pixels whose predicted class is wrong.
        counted: (H, W) bool, labelled pixels.
        ranks: name of each score -> (H, W) float64 in (0, 1), the share of the labelled pixels of this image that are
            less confident, ties half; NaN where there is no label. High ranks on wrong pixels are bad.
    """

    image: NDArray[np.uint8]
    wrong: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    ranks: Mapping[str, NDArray[np.float64]]

    @property
    def error_rate(self) -> float:
        """The share of wrong pixels among the labelled ones, in [0, 1]."""
        return float(self.wrong.sum() / self.counted.sum())

    def mean_rank_of_wrong(self, score: str) -> float | None:
        """The mean rank of the wrong pixels, in (0, 1); lower is better. None where none is wrong."""
        return float(self.ranks[score][self.wrong].mean()) if self.wrong.any() else None

    def to_dict(self) -> dict[str, Any]:
        """What the pictures say in numbers, ready for JSON."""
        return {
            "error": self.error_rate,
            "mean_rank_of_wrong": {score: self.mean_rank_of_wrong(score) for score in self.ranks},
        }


def rank_maps(
    image: Any, logits: Any, labels: Any, confidences: Mapping[str, Confidence], *, ignore_index: int = 255
) -> RankMaps:
    """The maps of one image.

    Args:
        image: (H, W, 3) uint8, or a `PIL.Image`.
        logits: (K, h, w), of any size: each pixel has those of the cell in which its centre lies.
        labels: (H, W) int.
        confidences: name of each score -> what makes it of logits, such as a `LogitNorm`.
        ignore_index: the label of pixels without one.

    Raises:
        InputError: no confidence, sizes that do not fit, or no pixel with a label.
    """
    if not confidences:
        raise InputError("no confidence is given, but at least one is needed to rank by: give {'MSP': ...}")
    labels, image = torch.as_tensor(np.asarray(labels)), np.asarray(image)
    if image.shape[:2] != tuple(labels.shape):
        raise InputError(f"the image is {image.shape[:2]} and its labels are {tuple(labels.shape)}: not equal")
    pixels = LabelledPixels.of(torch.as_tensor(logits)[None], labels[None], ignore_index=ignore_index)
    if not len(pixels.labels):
        raise InputError(f"every label of the image is {ignore_index}, which is ignored: give another image")
    counted = (labels != ignore_index).numpy()
    error = classification_error(pixels.logits, pixels.labels)
    n = len(error)
    ranks = {name: (rankdata(one.score(pixels.logits)) - 0.5) / n for name, one in confidences.items()}
    wrong = _as_map(error, counted) == 1
    return RankMaps(image, wrong, counted, {name: _as_map(rank, counted) for name, rank in ranks.items()})


def _as_map(values: NDArray[np.float64], counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    found = np.full(counted.shape, np.nan)
    found[counted] = values
    return found


def rank_maps_figure(models: Mapping[str, Sequence[RankMaps]]) -> Figure:
    """One row an image of a model: the image, and for each score the ranks of its wrong pixels; the rest is white.

    Args:
        models: name of each model -> its maps, at least one in all.

    Raises:
        InputError: there is none.
    """
    rows = [(name, maps) for name, images in models.items() for maps in images]
    if not rows:
        raise InputError("there is no image to show: give at least one")
    n_scores = max(len(maps.ranks) for _, maps in rows)
    height, width = rows[0][1].wrong.shape
    figure = new_figure(SIDE * (1 + n_scores) + 0.9, (SIDE * height / width + 0.22) * len(rows))
    panels = figure.subplots(len(rows), 1 + n_scores, squeeze=False)
    for row, (name, maps) in zip(panels, rows, strict=True):
        _draw_image(row[0], maps, name)
        for axes, score in zip(row[1:], maps.ranks, strict=False):
            drawn = _draw_ranks(axes, maps, score)
        for axes in row[1 + len(maps.ranks) :]:
            axes.set_axis_off()
    bar = figure.colorbar(drawn, ax=panels[:, 1:], shrink=0.7, aspect=25)
    bar.set_label("rank of the confidence on wrong pixels (%)", fontsize="small")
    return figure


def _draw_image(axes: Axes, maps: RankMaps, name: str) -> None:
    axes.imshow(maps.image)
    axes.set(xticks=[], yticks=[])
    axes.set_title(f"{name}: {100 * maps.error_rate:.1f} % of pixels wrong".removeprefix(": "), fontsize="small")


def _draw_ranks(axes: Axes, maps: RankMaps, score: str) -> Any:
    mean = maps.mean_rank_of_wrong(score)
    shown = np.where(maps.wrong, 100 * maps.ranks[score], np.nan)
    found = "no pixel is wrong" if mean is None else f"mean rank {100 * mean:.1f} %"
    axes.set_title(f"{score}: {found}", fontsize="small")
    axes.set(xticks=[], yticks=[])
    return axes.imshow(shown, cmap=MAP, vmin=0, vmax=100, interpolation="nearest")
