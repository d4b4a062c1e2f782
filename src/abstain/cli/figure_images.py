"""Figures of runs that show images: the errors that models are most sure of, and where in images they are wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from abstain._checks import ArgumentError

if TYPE_CHECKING:
    from datasets import Dataset

    from abstain.figures.confident_errors import ConfidentErrors
    from abstain.figures.of_runs import MeasuredRun
    from abstain.figures.pixel_ranks import RankMaps

MASKS = "annotation"
N_MAPS = 3
"""Images of a data set of which maps are drawn, evenly spaced."""


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """The images of the samples of some runs.

    Attributes:
        dataset: one row a sample.
        column: of the images.
        has_masks: whether each has a class for every pixel, and not one.
        labels: (N,) int64; None with masks.
        class_names: in the order of the classes; None where they have none.
    """

    dataset: Dataset
    column: str
    has_masks: bool
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] | None = None

    @classmethod
    def read(cls, name: str, split: str) -> LabelledImages:
        """The split of a data set by its name, folder or embedded.

        Raises:
            InputError: as `load_data`, or there is no such split, or no column of images.
        """
        from abstain.data.columns import find_column, read_labels
        from abstain.data.splits import load_data, pick_split

        dataset = pick_split(load_data(name), split)
        if MASKS in dataset.column_names:
            return cls(dataset, find_column(dataset, "image", "image"), True)
        column, label = find_column(dataset, None, "image"), find_column(dataset, None, "label")
        if getattr(dataset.features[label], "dtype", "") == "string":
            dataset = dataset.class_encode_column(label)
        names = getattr(dataset.features[label], "names", None)
        return cls(dataset, column, False, read_labels(dataset, label), names and tuple(names))

    def of(self, rows: Iterable[int]) -> dict[int, Any]:
        """Row -> its image.

        Raises:
            InputError: one does not decode.
        """
        from abstain._checks import InputError
        from abstain.data.decoding import read_images

        found: dict[int, Any] = {}
        for images, bad in read_images(self.dataset, sorted(set(rows)), column=self.column):
            if bad:
                raise InputError(next(iter(bad.values())))
            found |= images
        return found


def confident_errors_of(run: MeasuredRun, images: LabelledImages | None, k: int) -> dict[str, ConfidentErrors]:
    """The errors that a run is most sure of, by MSP and by its repair if it has one: label of each score -> errors.

    Raises:
        InputError: there are no images, or they are those of other samples.
    """
    from abstain.figures.confident_errors import most_confident_errors

    if images is None or images.labels is None:
        raise ArgumentError("it needs images with a label each: give images=")
    samples = run.samples
    if not np.array_equal(images.labels, samples.labels):
        raise ArgumentError(
            f"the {len(images.labels)} labels of the images are not those of the {len(samples.labels)} predictions: give "
            "the data set and the split that were predicted, in the same order"
        )
    shown = [result for result in (run.report.msp, run.report.repaired) if result is not None and not result.falls_back]
    return {
        result.label: most_confident_errors(result.confidence, samples.predicted, samples.labels, k=k)
        for result in shown
    }


def rank_maps_of(run: MeasuredRun, folder: Path | None, images: LabelledImages | None) -> list[RankMaps]:
    """Of some images, where the model of a run is wrong and how sure it is there.

    Raises:
        InputError: there are no images with masks, or no segmentation model.
    """
    if images is None or not images.has_masks:
        raise ArgumentError("it needs images with a class for every pixel (a column annotation): give images=")
    if folder is None or not (folder / "config.json").is_file():
        raise ArgumentError("it needs the model, and there is none beside the logits: give the folder of a run")
    from abstain.inference.classifier import SelectiveClassifier
    from abstain.inference.loading import load_parts

    _, model, processor, _ = load_parts(folder, needs_rule=False, revision=None, device=None, dtype=None)
    classifier = SelectiveClassifier(model, processor)
    if classifier.kind != "pixels":
        raise ArgumentError(f"it needs a segmentation model, and this one is for {classifier.kind}")
    rows = np.linspace(0, len(images.dataset) - 1, min(N_MAPS, len(images.dataset))).round().astype(int)
    return [_maps_of_image(run, classifier, images.dataset, int(row)) for row in rows]


def _maps_of_image(run: MeasuredRun, classifier: Any, dataset: Dataset, row: int) -> RankMaps:
    from abstain.data.decoding import decode_pair
    from abstain.figures.pixel_ranks import rank_maps

    image, mask = decode_pair(dataset, row)
    ((logits, _),) = classifier.logits_in_batches(iter([image]), 1, 1, show=False)
    ignored = getattr(classifier.model.config, "semantic_loss_ignore_index", 255)
    labels = np.where(mask < logits.shape[1], mask, ignored)
    shown = [result for result in (run.report.msp, run.report.repaired) if result is not None and not result.falls_back]
    confidences = {result.label: result.scored_by for result in shown}
    return rank_maps(image, logits[0], labels, confidences, ignore_index=ignored)


def titled(errors: Mapping[str, Mapping[str, ConfidentErrors]]) -> dict[str, ConfidentErrors]:
    """Title of each row of images -> its errors, of name of each run -> score -> errors."""
    return {f"{name}, {score}": one for name, by_score in errors.items() for score, one in by_score.items()}


def all_rows(errors: Sequence[ConfidentErrors]) -> set[int]:
    """The samples in any of them."""
    return {int(index) for one in errors for index in one.index}
