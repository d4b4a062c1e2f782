"""What a teacher once said of each training sample, read from a file of logits and held beside the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset

from abstain._checks import ArgumentError, InputError
from abstain.data.items import items_of
from abstain.logits.predictions import Predictions, read_predictions
from abstain.training.teacher import check_same_classes

TEACHER_LOGITS = "teacher_logits"
"""What items and batches call them."""
KINDS = ("logits", "log-probabilities", "one logit")
"""Of stored values, those with a logarithm of every probability."""


@dataclass(eq=False)
class TaughtSamples(Dataset[dict[str, Any]]):
    """The items of a data set, each with the logits that a teacher gave it.

    Attributes:
        dataset: map-style, of items that are the same in every epoch.
        logits: (N, K) float32, in the order of the items.
    """

    dataset: Any
    logits: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """The items of a batch."""
        items = items_of(self.dataset, indices)
        return [{**item, TEACHER_LOGITS: self.logits[index]} for item, index in zip(items, indices, strict=True)]


class StoredTeacher:
    """Who has said of each training sample already what it says of it, and stands in the batch."""

    def logits(self, inputs: dict[str, Any]) -> Tensor | None:
        """What the batch holds of it, which is taken out."""
        return inputs.pop(TEACHER_LOGITS, None)


def read_teacher(source: str, dataset: Any, student: nn.Module | None, *, label_name: str) -> TaughtSamples:
    """The training data with what a file says of each of them.

    Whether the file has the samples in the order of the data is seen by their labels, which must agree row by row: all
    that a file of logits has of its samples.

    Args:
        source: a file or folder that `read_predictions` reads; of a folder of splits, the split `train`.
        dataset: map-style.
        student: whose classes the logits must be of.
        label_name: what the items call their label.

    Raises:
        InputError: the file cannot be read or holds no logits, it is of other samples, or the data are augmented.
    """
    found, what = _read(source), f"the teacher {source!r}"
    if found.kind not in KINDS or found.values is None:
        raise ArgumentError(f"{what} holds {found.kind}, but a student learns from logits: give a file of logits")
    logits = found.values.float().cpu().numpy()
    if not np.isfinite(logits).all():
        raise InputError(f"{what} holds infinite logits, which a student cannot learn from: give finite ones")
    check_same_classes(what, logits.shape[1], found.class_names, student)
    _check_are_the_same(dataset)
    _check_order(what, found, labels_of(dataset, label_name))
    return TaughtSamples(dataset, logits)


def _read(source: str) -> Predictions:
    path = Path(source).expanduser()
    has_train = path.is_dir() and any(path.glob("train*"))
    return read_predictions(str(path), split="train" if has_train else None)


def _check_are_the_same(dataset: Any) -> None:
    """Refuse data that are other samples in every epoch: the stored logits are of none of them."""
    if not hasattr(dataset, "set_epoch"):
        return
    is_ours = hasattr(dataset, "augmentation")
    if not is_ours or (dataset.augmentation is not None and dataset.augmentation.changes_images):
        raise ArgumentError(
            "the teacher is a file of logits, but the training data are augmented, and it has not seen what becomes of "
            "them: leave augmentation out, or give its checkpoint"
        )


def _check_order(what: str, found: Predictions, labels: NDArray[np.int64]) -> None:
    if labels.ndim != 1:
        raise ArgumentError(f"{what} is a file of logits, which teaches classifiers of whole samples: leave it out")
    if len(labels) != len(found):
        raise InputError(
            f"{what} holds the logits of {len(found)} samples, but there are {len(labels)} training samples: give "
            "those of exactly these, in their order"
        )
    stored = cast(NDArray[np.int64], found.labels)
    if (stored != labels).any():
        row = int((stored != labels).argmax())
        raise InputError(
            f"{what} has the label {stored[row]} in row {row}, but the training sample has {labels[row]}: give the "
            "logits of the training samples in their order"
        )


def labels_of(dataset: Any, name: str) -> NDArray[np.int64]:
    """(N, …) the labels of all items, read one by one where a data set does not hold them as `labels`.

    Raises:
        InputError: they are no classes.
    """
    held = getattr(dataset, "labels", None)
    if not isinstance(held, Tensor) or name != "labels":
        held = torch.stack([torch.as_tensor(dataset[index][name]) for index in range(len(dataset))])
    if held.is_floating_point():
        raise InputError(
            "the teacher is a file of logits, whose samples are known by their labels, but those of training are "
            "distributions: give its checkpoint"
        )
    return held.numpy().astype(np.int64)
