"""Run a checkpoint over a data set and keep its logits in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import numpy as np
from accelerate.utils import gather_object
from numpy.typing import NDArray
from torch.utils.data import Dataset
from transformers import PreTrainedModel, default_data_collator

from abstain._checks import InputError
from abstain.data.items import items_of
from abstain.logits.batch import Batch, LabelledLogits
from abstain.logits.forward import ExtractionPlan, labelled_batches, processes

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


@dataclass(eq=False)
class _CollatedItems(Dataset[Any]):
    """Batches of a data set's items."""

    dataset: Dataset[Any]
    collator: Collator

    def __len__(self) -> int:
        return len(cast(Sized, self.dataset))

    def __getitems__(self, rows: list[int]) -> Batch:
        inputs = dict(self.collator(items_of(self.dataset, rows)))
        labels = inputs.pop("labels")
        if labels.ndim != 1:
            raise InputError(
                f"the labels of a batch have shape {tuple(labels.shape)}, but each sample must have one label: "
                "SelectiveTrainer.save_with_logits takes pixels and tokens"
            )
        return Batch(inputs, rows, labels)


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
