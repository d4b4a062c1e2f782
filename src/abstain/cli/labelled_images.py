"""The images of samples whose predictions are read elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from abstain._checks import InputError
from abstain.data.columns import find_column, read_labels
from abstain.data.decoding import read_images
from abstain.data.splits import load_data, pick_split

if TYPE_CHECKING:
    from datasets import Dataset

MASKS = "annotation"


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """The images of the samples of some runs.

    Attributes:
        dataset: one row a sample.
        column: of the images.
        labels: (N,) int64; None where each image has a mask.
        class_names: in the order of the classes; None where they have none.
    """

    dataset: Dataset
    column: str
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] | None = None

    @classmethod
    def read(cls, name: str, split: str) -> Self:
        """The split of a data set by its name, or in a folder.

        Raises:
            InputError: as `load_data`, or there is no such split, or no column of images.
        """
        dataset = pick_split(load_data(name), split)
        if MASKS in dataset.column_names:
            return cls(dataset, find_column(dataset, "image", "image"))
        column, label = find_column(dataset, None, "image"), find_column(dataset, None, "label")
        if getattr(dataset.features[label], "dtype", "") == "string":
            dataset = dataset.class_encode_column(label)
        names = getattr(dataset.features[label], "names", None)
        return cls(dataset, column, read_labels(dataset, label), names and tuple(names))

    def of(self, rows: Iterable[int]) -> dict[int, Any]:
        """Row -> its image.

        Raises:
            InputError: one does not decode.
        """
        found: dict[int, Any] = {}
        for images, bad in read_images(self.dataset, sorted(set(rows)), column=self.column):
            if bad:
                raise InputError(next(iter(bad.values())))
            found |= images
        return found
