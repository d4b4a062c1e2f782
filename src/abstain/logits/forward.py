"""The forward pass of an extraction: its precision and memory format, and the one loop that runs a model over data."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any, cast

import torch
from accelerate import PartialState
from accelerate.utils import send_to_device
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm
from transformers import PreTrainedModel

from abstain._checks import ArgumentError, InputError, check_at_least, check_choice
from abstain.logits.batch import Batch, LabelledLogits
from abstain.logits.heads import keep_heads_in_float32

DTYPES = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""Of the forward pass; weights, head and logits stay in float32."""


@dataclass(frozen=True)
class ExtractionPlan:
    """How a split is cut and run.

    All but `workers` and `skip_bad_samples` stay the same between a run and the one that takes it up.

    Raises:
        InputError: an unknown dtype, or a number below 1.
    """

    samples_per_shard: int = 10_000
    batch_size: int = 256
    dtype: str = "float32"
    torch_compile: bool = False
    channels_last: bool = False
    skip_bad_samples: bool = False
    workers: int = 0

    def __post_init__(self) -> None:
        check_choice("dtype", self.dtype, DTYPES)
        check_at_least(self, samples_per_shard=1, batch_size=1, workers=0)


def processes() -> PartialState:
    """The processes that were launched; accelerate takes each for the only one on processors unless it is told."""
    return PartialState(cpu=not torch.accelerator.is_available())


def labelled_batches(
    model: PreTrainedModel, dataset: Dataset[Any], batches: Iterable[range], plan: ExtractionPlan
) -> Generator[LabelledLogits]:
    """What is kept of every batch that this process runs, one after the other.

    Args:
        model: its outputs have `logits`, which the `labelled` of the batches takes; moved to the process's device.
        dataset: its `__getitems__(rows)` gives a `Batch`.
        batches: the rows of each; gone through more than once.
        plan: the precision and the processes that read ahead.

    Raises:
        InputError: a batch cannot be read, or has a bad row that may not be skipped; the logits are not finite, or
            rounded to half precision although the head is not.
    """
    state, n_classes = processes(), int(model.config.num_labels or 0)
    forward = _prepared(model, plan, state.device)
    rows = cast("Iterable[list[int]]", map(list, batches))
    loader = DataLoader(dataset, batch_sampler=rows, collate_fn=_as_it_is, num_workers=plan.workers)
    hidden = not state.is_local_main_process
    with tqdm(total=sum(map(len, batches)), desc="logits", unit=" samples", leave=False, disable=hidden) as bar:
        for batch in loader:
            _check_read(batch, plan)
            logits = _run(forward, batch, plan, state.device) if batch.rows else torch.zeros(0, n_classes)
            yield batch.labelled(logits)
            bar.update(len(batch.rows) + len(batch.bad))


def weights_hash(model: PreTrainedModel) -> str:
    """SHA-256 of all weights and buffers, in hexadecimal."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _prepared(model: PreTrainedModel, plan: ExtractionPlan, device: torch.device) -> nn.Module:
    """The model ready for inference on `device`, with its head outside autocast."""
    model.eval()
    nn.Module.to(model, device)
    if plan.channels_last:
        nn.Module.to(model, memory_format=torch.channels_last)
    if DTYPES[plan.dtype] is not None:
        keep_heads_in_float32(model)
    return cast(nn.Module, torch.compile(model)) if plan.torch_compile else model


@torch.inference_mode()
def _run(model: nn.Module, batch: Batch, plan: ExtractionPlan, device: torch.device) -> Tensor:
    inputs = send_to_device(batch.inputs, device, non_blocking=True)
    if plan.channels_last:
        inputs = {k: v.contiguous(memory_format=torch.channels_last) if v.ndim == 4 else v for k, v in inputs.items()}
    dtype = DTYPES[plan.dtype]
    with torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
        logits: Tensor = model(**inputs).logits
    if dtype is not None and logits.dtype != torch.float32:
        raise ArgumentError(f"the model rounds its logits to {logits.dtype} behind its head: take dtype=float32")
    if not torch.isfinite(logits).all():
        advice = "its weights or its inputs are no good" if dtype is None else "take dtype=float32 or bfloat16"
        raise InputError(f"the model gives NaN or infinite logits in {plan.dtype}: {advice}")
    return logits


def _as_it_is(batch: Any) -> Any:
    return batch


def _check_read(batch: Batch, plan: ExtractionPlan) -> None:
    if batch.bad and not plan.skip_bad_samples:
        reason = next(iter(batch.bad.values()))
        raise InputError(f"{reason}; skip_bad_samples leaves such samples out and counts them")
