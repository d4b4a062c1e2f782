"""Labelled validation data as people have them: a data set, or samples and labels apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import datasets
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain._checks import ArgumentError, InputError, shown
from abstain.data.columns import find_column, read_labels, with_head_classes
from abstain.data.pixels import PixelChoice
from abstain.data.tables import TableEncoder
from abstain.inference.samples import in_order
from abstain.logits.pixels import LabelledPixels

if TYPE_CHECKING:
    from abstain.inference.classifier import SelectiveClassifier

Said = tuple[NDArray[np.float32], NDArray[np.int64]]
WANTED = "a data set with a column of labels, or the pair (samples, labels)"


def said_of_validation(classifier: SelectiveClassifier, validation: Any) -> Said:
    """What a classifier says of validation data: logits (N, K), and the labels (N,); of pixels a seeded few an image.

    Raises:
        InputError: as `labelled`, or another number of samples than of labels.
    """
    logits, labels, _ = said_of_samples(classifier, validation)
    return logits, labels


def said_of_samples(
    classifier: SelectiveClassifier, data: Any, *, show: bool = False, first: int = 0, n_all: int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64] | None]:
    """The same, and of pixels the number (N,) of the image that each belongs to; None of samples of their own.

    Args:
        classifier: whose logits are wanted.
        data: as `labelled`.
        show: a progress bar.
        first: the number of the first sample, where the data are a piece of more.
        n_all: how many these are; None: the data are all.

    Raises:
        InputError: as `said_of_validation`.
    """
    kind, names = classifier.kind, classifier.class_names
    samples, labels = labelled(kind, data, classifier.processor, names)
    n, size = len(labels), classifier.batch_size
    found = classifier.logits_in_batches(samples, n_all or n, size, show=show, first=first)
    if kind == "pixels":
        ignored = getattr(classifier.model.config, "semantic_loss_ignore_index", 255)
        ids = range(1, len(names) + 1) if getattr(classifier.processor, "do_reduce_labels", False) else None
        choice = PixelChoice(len(names), ignore_index=ignored, label_ids=ids)
        return _of_pixels((logits for batch, _ in found for logits in batch), labels, choice, first)
    logits = np.concatenate([rows.numpy() for rows, _ in found] or [np.empty((0, len(names)), np.float32)])
    if len(logits) != n:
        raise _not_paired(len(logits), n)
    if not n:
        raise InputError("there are no samples, but at least one is needed")
    return logits, np.asarray(labels), None


def _of_pixels(
    images: Iterator[Tensor], masks: Iterable[Any], choice: PixelChoice, first: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    kept = []
    for index, (logits, mask) in enumerate(zip_longest(images, masks), start=first):
        if logits is None or mask is None:
            more, fewer = ("masks", "images") if logits is None else ("images", "masks")
            raise InputError(f"there are more {more} than {fewer}, but each image needs its mask: give one each")
        labels = choice.labels(np.array(mask), index=index)
        kept.append(LabelledPixels.of(logits[None], labels[None], ignore_index=choice.ignore_index))
    logits, ids = torch.cat([of.logits for of in kept]), torch.cat([of.labels for of in kept])
    return logits.numpy(), ids.numpy(), np.repeat(first + np.arange(len(kept)), [len(of.labels) for of in kept])


def _not_paired(n_samples: int, n_labels: int) -> InputError:
    return InputError(f"there are {n_samples} validation samples and {n_labels} labels: give one label a sample")


def labelled(
    kind: str, validation: Any, processor: Any, class_names: Sequence[str], *, split: str = "validation"
) -> tuple[Iterator[Any], NDArray[np.int64] | list[Any]]:
    """The samples in order, and their labels (N,) from 0 to K - 1; of pixels a mask of ids for each image.

    Args:
        kind: what is classified: `images`, `texts`, `pixels` or `tables`.
        validation: a `datasets.Dataset`, or a pair (samples, labels) with labels as numbers or names of classes.
        processor: of tables the encoder, which knows the column of labels.
        class_names: of the model.
        split: what an error calls them.

    Raises:
        InputError: it is neither, a label is no class of the model, or there are as many labels as samples not.
    """
    if isinstance(validation, datasets.Dataset):
        return _of_dataset(kind, validation, processor, class_names, split)
    if not isinstance(validation, tuple) or len(validation) != 2:
        raise ArgumentError(f"validation is {shown(validation)}, but must be {WANTED}")
    samples, labels = validation
    found, n = in_order(kind, samples)
    labels = list(labels) if kind == "pixels" else _classes(labels, class_names)
    if n is not None and n != len(labels):
        raise _not_paired(n, len(labels))
    return found, labels


def _of_dataset(
    kind: str, data: datasets.Dataset, processor: Any, class_names: Sequence[str], split: str
) -> tuple[Iterator[Any], NDArray[np.int64] | list[Any]]:
    if kind == "pixels":
        image, mask = find_column(data, _only(data, "image"), "image"), find_column(data, "annotation", "annotation")
        return (row[image] for row in data.select_columns([image])), data[mask]
    if kind == "tables":
        assert isinstance(processor, TableEncoder)
        return iter(data), processor.encode(data).labels.numpy()
    samples, _ = in_order(kind, data)
    column = find_column(data, None, "label")
    names = dict(enumerate(class_names))
    return samples, read_labels(with_head_classes(data, column, names, split=split), column)


def _only(data: datasets.Dataset, role: str) -> str | None:
    """The column of this name, where there is one beside others of its kind."""
    return role if role in data.column_names else None


def _classes(labels: Any, class_names: Sequence[str]) -> NDArray[np.int64]:
    """Numbers of classes, of numbers or of names."""
    found = np.asarray(labels.detach().cpu() if hasattr(labels, "detach") else labels)
    if found.ndim != 1:
        raise InputError(f"the labels have the shape {found.shape}, but must be (N,), one a sample")
    if found.dtype.kind in "iu":
        wrong = found[(found < 0) | (found >= len(class_names))]
        if len(wrong):
            raise InputError(f"a label is {wrong[0]}, but the model has the classes 0 to {len(class_names) - 1}")
        return found.astype(np.int64)
    ids = {name: index for index, name in enumerate(class_names)}
    for name in found.tolist():
        if name not in ids:
            raise InputError(f"a label is {shown(name)}, but the model has the classes {shown(tuple(class_names))}")
    return np.array([ids[name] for name in found.tolist()], np.int64)
