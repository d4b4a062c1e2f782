"""Run a checkpoint over a data set and keep its logits."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Any, cast

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm
from transformers import PreTrainedModel, default_data_collator

from abstain._checks import InputError


@torch.inference_mode()
def extract_logits(
    model: PreTrainedModel,
    dataset: Dataset[Any],
    *,
    batch_size: int = 256,
    data_collator: Callable[[list[Any]], Any] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The logits of every sample, in the order of the data set, in the precision of the model's weights.

    Under `accelerate launch` every process takes its share of the batches, and all of them return the whole.

    Args:
        model: its outputs have `logits` (B, K); moved to the process's device and put in evaluation mode.
            Load it anew with `from_pretrained`, since a `Trainer` leaves its model in mixed precision.
        dataset: items are dicts with the model's inputs and `labels`.
        batch_size: samples at once on each process.
        data_collator: makes a batch of a list of items, as that of `Trainer`; None stacks items of one size, and
            `DataCollatorWithPadding(tokenizer)` pads texts.

    Returns:
        Logits (N, K) float32 and labels (N,) int64.

    Raises:
        InputError: the data set is empty.
    """
    if not len(cast(Sized, dataset)):
        raise InputError("the data set is empty, but at least one sample is needed")
    accelerator = Accelerator()
    model = model.to(accelerator.device).eval()
    collate = data_collator or default_data_collator
    loader = accelerator.prepare_data_loader(DataLoader(dataset, batch_size, collate_fn=collate))
    logits, labels = [], []
    for batch in tqdm(loader, desc="logits", leave=False, disable=not accelerator.is_local_main_process):
        batch_labels = batch.pop("labels")
        gathered = accelerator.gather_for_metrics((model(**batch).logits.float(), batch_labels))
        logits.append(gathered[0].cpu())
        labels.append(gathered[1].cpu())
    return torch.cat(logits).numpy(), torch.cat(labels).numpy()
