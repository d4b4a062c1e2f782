"""Run a checkpoint over a data set and keep its logits in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import numpy as np
import torch
from accelerate.utils import gather_object
from numpy.typing import NDArray
from torch.utils.data import Dataset
from transformers import PreTrainedModel, default_data_collator

from abstain._checks import InputError
from abstain.data.pixels import ChosenPixels
from abstain.logits.batch import Batch, LabelledLogits
from abstain.logits.forward import ExtractionPlan, labelled_batches, processes
from abstain.logits.pixels import PixelBatch

Collator = Callable[[list[Any]], dict[str, Any]]


def extract_logits(
    model: PreTrainedModel, dataset: Dataset[Any], *, batch_size: int = 256, data_collator: Collator | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The logits of every sample, in the order of the data set, in the precision of the model's weights.

    Under `accelerate launch` every process takes its share of the batches, and all of them return the whole.

    Args:
        model: its outputs have `logits` (B, K); moved to the process's device and put in evaluation mode.
            Load it anew with `from_pretrained`, since a `Trainer` leaves its model in mixed precision.
        dataset: items are dicts with the model's inputs and `labels`.
        batch_size: samples at once on each process.
        data_collator: makes one dict of a list of items, `labels` among its keys; None is transformers'
            `default_data_collator`.

    Returns:
        Logits (N, K) float32 and labels (N,) int64.

    Raises:
        InputError: the data set is empty, or a logit is not finite.
    """
    items = _CollatedItems(dataset, data_collator or default_data_collator)
    whole = _extract(model, items, batch_size)
    return whole.logits, whole.labels


def extract_pixel_logits(
    model: PreTrainedModel, dataset: ChosenPixels, *, batch_size: int = 8, data_collator: Collator | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """As `extract_logits`, of the chosen pixels of every image, before the last interpolation.

    Args:
        model: its outputs have `logits` (B, K, h, w).
        dataset: items are dicts with the model's inputs and `labels` (H, W).
        batch_size: images at once on each process.
        data_collator: as there.

    Returns:
        Logits (n, K) float32, labels (n,) int64, and the index in the data set of each pixel's image, (n,) int64.

    Raises:
        InputError: as there, or no pixel has a label.
    """
    items = _CollatedItems(dataset, data_collator or default_data_collator, dataset.ignore_index)
    whole = _extract(model, items, batch_size)
    if whole.sample is None or not len(whole.labels):
        raise InputError("no pixel has a label, but at least one is needed: look at ignore_index and label_ids")
    return whole.logits, whole.labels, whole.sample


@dataclass(eq=False)
class _CollatedItems(Dataset[Any]):
    """Batches of a data set's items; with an `ignore_index`, of images whose labels are masks."""

    dataset: Dataset[Any]
    collator: Collator
    ignore_index: int | None = None

    def __len__(self) -> int:
        return len(cast(Sized, self.dataset))

    def __getitems__(self, rows: list[int]) -> Batch:
        several = getattr(self.dataset, "__getitems__", None)
        inputs = dict(self.collator(several(rows) if several else [self.dataset[row] for row in rows]))
        labels = inputs.pop("labels")
        if self.ignore_index is None:
            if labels.ndim != 1:
                raise InputError(
                    f"the labels of a batch have shape {tuple(labels.shape)}, but each sample must have one label: "
                    "of tokens, give the logits that Trainer.predict returns"
                )
            return Batch(inputs, rows, labels)
        no_labels = torch.zeros(0, dtype=torch.int64)
        return PixelBatch(inputs, rows, no_labels, masks=list(labels), ignore_index=self.ignore_index)


def _extract(model: PreTrainedModel, items: _CollatedItems, batch_size: int) -> LabelledLogits:
    if not len(items):
        raise InputError("the data set is empty, but at least one sample is needed")
    state, rows = processes(), range(len(items))
    batches = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    mine = batches[state.process_index :: state.num_processes]
    labelled = labelled_batches(model, items, mine, ExtractionPlan(batch_size=batch_size))
    rounds = -(-len(batches) // state.num_processes)
    pieces = list(_of_all_processes(labelled, rounds))
    return LabelledLogits.joined(pieces, n_classes=pieces[0].logits.shape[1])


def _of_all_processes(labelled: Iterator[LabelledLogits], rounds: int) -> Iterator[LabelledLogits]:
    """The batches in their order: of each round, one from every process that has any left."""
    for _ in range(rounds):
        yield from gather_object(list(islice(labelled, 1)))
