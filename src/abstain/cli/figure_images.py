"""Figures of runs that show images: the errors that models are most sure of, and where in images they are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from abstain._checks import ArgumentError
from abstain.cli.labelled_images import LabelledImages
from abstain.cli.read_run import ReadRun, RefusedError
from abstain.data.decoding import decode_pair
from abstain.data.masks import class_labels
from abstain.figures.confident_errors import ConfidentErrors, confident_errors_figure, most_confident_errors
from abstain.figures.of_runs import FigureOfRuns
from abstain.figures.pixel_ranks import RankMaps, rank_maps, rank_maps_figure
from abstain.inference.classifier import SelectiveClassifier
from abstain.inference.loading import load_parts

if TYPE_CHECKING:
    from datasets import Dataset
    from matplotlib.figure import Figure

N_MAPS = 3
"""Images of a data set of which maps are drawn, evenly spaced."""
DEFAULT_IGNORED = 255
"""The label of pixels without one where the model's configuration names none, as in transformers."""


@dataclass(frozen=True, eq=False)
class ErrorsWithImages:
    """What a run is most sure of and wrong about: label of each score -> errors, and the images that they are of."""

    errors: Mapping[str, ConfidentErrors]
    images: LabelledImages = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON."""
        return {score: errors.to_dict() for score, errors in self.errors.items()}


def confident_errors_of(run: ReadRun) -> ErrorsWithImages:
    """The errors that a run is most sure of, by MSP and by its repair.

    Raises:
        InputError: there are no images, or they are those of other samples.
    """
    images = run.wanted.images
    if images is None or images.labels is None:
        raise ArgumentError("it needs images with a label each: give images=")
    seen = run.samples
    if not np.array_equal(images.labels, seen.labels):
        raise RefusedError(
            f"the {len(images.labels)} labels of the images are not those of the {len(seen.labels)} predictions: give "
            "with images= the data set that was predicted, and its split with split=, in the same order"
        )
    told = (seen.predicted, seen.labels)
    errors = {one.label: most_confident_errors(one.confidence, *told, k=run.wanted.n_errors) for one in run.shown}
    return ErrorsWithImages(errors, images)


def draw_confident_errors(runs: Mapping[str, ErrorsWithImages], looks: Any) -> Figure:
    """One row of images a run and score."""
    rows = {f"{name}, {score}": one for name, run in runs.items() for score, one in run.errors.items()}
    images = next(iter(runs.values())).images
    shown = images.of(int(index) for errors in rows.values() for index in errors.index)
    return confident_errors_figure(rows, shown, images.class_names)


def rank_maps_of(run: ReadRun) -> list[RankMaps]:
    """Of some images, where the model of a run is wrong and how sure it is there.

    Raises:
        InputError: there are no images with masks, or no segmentation model.
    """
    images, folder = run.wanted.images, run.place.folder
    if images is None or images.labels is not None:
        raise ArgumentError("it needs images with a class for every pixel, in a column annotation: give images=")
    if folder is None or not (folder / "config.json").is_file():
        raise ArgumentError("it needs the model, and there is none beside the logits: give the folder of a run")
    _, model, processor, _ = load_parts(folder, needs_rule=False, revision=None, device=None, dtype=None)
    classifier = SelectiveClassifier(model, processor)
    if classifier.kind != "pixels":
        raise ArgumentError(f"it needs a segmentation model, and this one is for {classifier.kind}")
    rows = np.linspace(0, len(images.dataset) - 1, min(N_MAPS, len(images.dataset))).round().astype(int)
    return [_maps_of_image(run, classifier, images.dataset, row) for row in rows.tolist()]


def _maps_of_image(run: ReadRun, classifier: SelectiveClassifier, dataset: Dataset, row: int) -> RankMaps:
    image, mask = decode_pair(dataset, row)
    ((logits, _),) = classifier.logits_in_batches(iter([image]), 1, 1, show=False)
    ignored = getattr(classifier.model.config, "semantic_loss_ignore_index", DEFAULT_IGNORED)
    kinds: dict[str, Any] = {"label_ids": run.place.label_ids, "ignore_index": ignored, "index": row}
    labels = class_labels(mask, n_classes=logits.shape[1], **kinds)
    confidences = {result.label: result.scored_by for result in run.shown}
    return rank_maps(image, logits[0], labels, confidences, ignore_index=ignored)


OF_IMAGES: dict[str, FigureOfRuns] = {
    "confident_errors": FigureOfRuns(confident_errors_of, draw_confident_errors),
    "rank_maps": FigureOfRuns(
        rank_maps_of,
        lambda runs, looks: rank_maps_figure(runs),
        lambda images: [maps.to_dict() for maps in images],
    ),
}
"""Figures of `ReadRun`."""
