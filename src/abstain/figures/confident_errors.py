"""The errors that a model is most sure of, before and after the repair, as images with what was said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from abstain._arguments import check_whole
from abstain._arrays import check_class_values, check_confidence_error
from abstain._checks import InputError
from abstain.report.pictures import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE, TEXT, TITLE = 1.25, 0.58, 0.2
"""Width of an image, and height of what is written below it and above a row, in inches."""
MOST_LETTERS = 16
"""Of a class name."""


@dataclass(frozen=True, eq=False)
class ConfidentErrors:
    """The k errors of the highest confidence, the most confident first.

    Attributes:
        index: (k,) int64, of the samples.
        confidence: (k,) float64.
        predicted: (k,) int64, the class that is said.
        label: (k,) int64, the class that is right.
        coverage: (k,) float64 in (0, 1], from which on a threshold accepts the sample; lower is worse.
    """

    index: NDArray[np.int64]
    confidence: NDArray[np.float64]
    predicted: NDArray[np.int64]
    label: NDArray[np.int64]
    coverage: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.index)

    def to_dict(self) -> dict[str, list[Any]]:
        """All numbers, ready for JSON."""
        return {name: array.tolist() for name, array in vars(self).items()}


def most_confident_errors(confidence: Any, predicted: Any, labels: Any, *, k: int = 8) -> ConfidentErrors:
    """The errors with the highest confidence; equal ones in the order of the samples.

    Args:
        confidence: (N,) real; larger is accepted first.
        predicted: (N,) int, the predicted classes.
        labels: (N,) int.
        k: how many at most; all of them where there are fewer.

    Raises:
        InputError: unequal lengths, no sample, NaN in `confidence`, classes that are no integers, or a k below 1.

    Example:
        >>> most_confident_errors([0.9, 0.8, 0.7], [1, 0, 1], [0, 0, 0], k=1).index.tolist()
        [0]
    """
    check_whole("k", k, at_least=1)
    predicted, labels = _classes(predicted, "predicted classes"), _classes(labels, "labels")
    if len(predicted) != len(labels):
        raise InputError(f"there are {len(predicted)} predicted classes and {len(labels)} labels: they must be equal")
    confidence = check_confidence_error(confidence, predicted != labels)[0].astype(np.float64, copy=False)
    wrong = np.flatnonzero(predicted != labels)
    index = wrong[np.argsort(-confidence[wrong], kind="stable")[:k]]
    accepted = [int((confidence >= threshold).sum()) for threshold in confidence[index]]
    coverage = np.array(accepted, dtype=np.float64) / len(confidence)
    return ConfidentErrors(index, confidence[index], predicted[index], labels[index], coverage)


def _classes(values: Any, what: str) -> NDArray[np.int64]:
    classes = check_class_values(values, what)
    if classes.dtype.kind == "U":
        raise InputError(f"{what} are names, but must be integers: the numbers of the classes")
    return classes.astype(np.int64)


def confident_errors_figure(
    rows: Mapping[str, ConfidentErrors], images: Mapping[int, Any], class_names: Sequence[str] | None = None
) -> Figure:
    """One row of images a model and score, each with what was said, what is right, and how soon it is accepted.

    Args:
        rows: title of each row, such as `LS 0.2, MSP` -> its errors.
        images: index of each sample in them -> what `imshow` takes of it: a `PIL.Image`, (H, W) or (H, W, 3).
        class_names: in the order of the classes; None: their numbers.

    Raises:
        InputError: an image is missing, or there is no error at all.
    """
    most = max((len(errors) for errors in rows.values()), default=0)
    if not most:
        raise InputError("there is no error to show: every prediction is right")
    figure = new_figure(SIDE * most + 0.2, (SIDE + TEXT + TITLE) * len(rows))
    figure.get_layout_engine().set(h_pad=TITLE / 2)  # type: ignore[union-attr, call-arg]  # of the layout of new_figure
    grid = figure.subplots(len(rows), most, squeeze=False)
    for panels, (title, errors) in zip(grid, rows.items(), strict=True):
        panels[0].text(0, 1.05, title, transform=panels[0].transAxes, fontsize="medium", in_layout=False)
        _draw_row(panels, errors, images, class_names)
    return figure


def _draw_row(
    panels: Sequence[Axes], errors: ConfidentErrors, images: Mapping[int, Any], names: Sequence[str] | None
) -> None:
    for axes in panels:
        axes.set_axis_off()
    told = zip(errors.index.tolist(), errors.predicted, errors.label, errors.coverage, strict=True)
    for axes, (index, said, right, coverage) in zip(panels, told, strict=False):
        if index not in images:
            raise InputError(f"there is no image of sample {index}, which is an error: give the images of all errors")
        _draw_image(axes, images[index], _named(said, names), _named(right, names), coverage)


def _draw_image(axes: Axes, image: Any, said: str, right: str, coverage: float) -> None:
    axes.imshow(np.asarray(image), cmap="gray", interpolation="nearest")
    axes.text(
        0.5,
        -0.04,
        f"says {said}\nis {right}\naccepted from\n{100 * coverage:.3g} % coverage",
        transform=axes.transAxes,
        ha="center",
        va="top",
        fontsize=7,
    )


def _named(index: int, names: Sequence[str] | None) -> str:
    name = str(index) if names is None else str(names[index])
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"
