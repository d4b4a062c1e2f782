"""Run a checkpoint over a split of any size: batch by batch, in parts of a fixed number of samples, resumable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from accelerate import PartialState
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Sampler
from tqdm.auto import tqdm
from transformers import PreTrainedModel

from abstain._checks import InputError, check_at_least, check_choice
from abstain.extraction_batch import Batch, Columns
from abstain.json_file import write_json
from abstain.logits_dataset import part_name, write_parquet

SETTINGS_FILE = "extraction.json"
SKIPPED = "skipped"
NOT_OF_THE_RESULT = ("workers", "skip_bad_samples")
"""Of an `ExtractionPlan`: a part that is whole is the same with and without them."""
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
        check_at_least(self, samples_per_shard=1, batch_size=1)


def extract_shards(
    model: PreTrainedModel, dataset: Dataset[Any], folder: Path, plan: ExtractionPlan, *, settings: dict[str, Any]
) -> dict[str, Any]:
    """Write the logits of every sample to `folder/part-00000-of-….parquet`; parts that are whole are kept.

    Under `accelerate launch` every process writes its own parts, which are the same for any number of processes: what
    is in a batch depends on the part alone.

    Args:
        model: its outputs have `logits` (B, K), or whatever the `measured` of the batches takes.
        dataset: its `__getitems__(rows)` gives a `Batch`; rows are 0 to `len(dataset)` - 1.
        folder: `logits/test`, say; made if it does not exist.
        plan: the sizes and the precision.
        settings: what else may not change; all are recorded in `folder/extraction.json`, with the outcome.

    Returns:
        What `extraction.json` holds: the settings, `samples` written, and `skipped` with their count and rows.

    Raises:
        InputError: the folder holds an extraction with other settings, a sample cannot be read, none
            is left, or the disk is full.
    """
    state, size = processes(), len(dataset)  # type: ignore[arg-type]
    count = max(1, -(-size // plan.samples_per_shard))
    kept = {key: value for key, value in vars(plan).items() if key not in NOT_OF_THE_RESULT}
    settings = {**settings, **kept, "rows": size, "parts": count, "weights_sha256": weights_hash(model)}
    claim(folder, settings)
    pending = [index for index in range(count) if not is_whole(folder / part_name(index, count))]
    state.wait_for_everyone()  # all have looked before any writes, so that all deal the parts out alike
    mine = pending[state.process_index :: state.num_processes]
    forward = prepare_model(model, plan, state.device)
    cut = _Cut(size, plan, mine)
    loader = DataLoader(_Rows(dataset), batch_sampler=cut, collate_fn=_as_it_is, num_workers=plan.workers)
    with tqdm(total=cut.n_rows, desc="logits", unit=" samples", disable=not state.is_local_main_process) as bar:
        batches = iter(loader)
        for index in mine:
            columns, bad = [], []
            for _ in cut.batches(index):
                batch = next(batches)
                if isinstance(batch, InputError):
                    raise batch
                bad += _bad_rows(batch, plan)
                if batch.rows:
                    columns.append(batch.measured(_run(forward, batch, plan, state.device)))
                bar.update(len(batch.rows) + len(batch.bad))
            joined = Columns.joined(columns, n_classes=int(model.config.num_labels or 0))
            metadata = {SKIPPED: json.dumps(bad)}
            path = folder / part_name(index, count)
            write_parquet(path, joined.logits, joined.labels, sample=joined.sample, metadata=metadata)
    state.wait_for_everyone()
    return _finish(folder, settings, count)


def processes() -> PartialState:
    """The processes that were launched; accelerate takes each for the only one on processors unless it is told."""
    return PartialState(cpu=not torch.accelerator.is_available())


def claim(folder: Path, settings: dict[str, Any]) -> None:
    """Record the settings of an extraction, or check that they are those of the one that is taken up.

    Raises:
        InputError: they differ, or there is a file of that split already.
    """
    state, path = processes(), folder / SETTINGS_FILE
    if folder.with_suffix(".parquet").exists():
        raise InputError(f"{folder.name}.parquet exists in {str(folder.parent)!r} already: give another folder or name")
    has_parts = any(folder.glob("part-*.parquet"))
    if has_parts and not path.exists():
        raise InputError(f"{str(folder)!r} holds parts without {SETTINGS_FILE}: give another folder or name")
    if has_parts:
        before = json.loads(path.read_text(encoding="utf-8"))["settings"]
        for key, value in json.loads(json.dumps(settings)).items():
            if before.get(key) != value:
                raise InputError(
                    f"{str(folder)!r} holds an extraction with {key} = {before.get(key)!r}, but this one "
                    f"has {value!r}: give another folder or name"
                )
    state.wait_for_everyone()
    if state.is_main_process and not has_parts:
        write_json(path, {"settings": settings})
    state.wait_for_everyone()


def is_whole(path: Path) -> bool:
    """Whether a part was written to its end: it has its name only then, and is looked at again all the same."""
    try:
        return path.exists() and pq.read_metadata(path).num_columns in (2, 3)  # of pixels, the sample too
    except pa.ArrowInvalid:
        return False


def prepare_model(model: PreTrainedModel, plan: ExtractionPlan, device: torch.device) -> nn.Module:
    """The model ready for inference on `device`, with its head outside autocast."""
    model.eval()
    nn.Module.to(model, device)
    if plan.channels_last:
        nn.Module.to(model, memory_format=torch.channels_last)
    if DTYPES[plan.dtype] is not None:
        keep_head_in_float32(model)
    return cast(nn.Module, torch.compile(model)) if plan.torch_compile else model


def keep_head_in_float32(model: PreTrainedModel) -> None:
    """Let the model's heads compute outside autocast: rounded logits tie, and ties lose the order to abstain in.

    Raises:
        InputError: the model has no linear layer and no convolution with one output a class.
    """
    heads = [m for m in model.modules() if _outputs(m) == model.config.num_labels]
    if not heads:
        raise InputError(
            "the model has no linear layer or convolution with one output a class, and its logits would be rounded: "
            "take --dtype float32"
        )
    for head in heads:
        head.forward = _in_float32(head.forward)


def _in_float32(forward: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    def outside_autocast(input: Tensor) -> Any:
        with torch.autocast(input.device.type, enabled=False):
            return forward(input.float())

    return outside_autocast


def _outputs(module: nn.Module) -> int | None:
    if isinstance(module, nn.Conv2d):
        return module.out_channels
    return module.out_features if isinstance(module, nn.Linear) else None


def weights_hash(model: PreTrainedModel) -> str:
    """SHA-256 of all weights and buffers, in hexadecimal."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


class _Cut(Sampler[list[int]]):
    """The rows of each batch of the parts of one process; no batch reaches from one part into another."""

    def __init__(self, size: int, plan: ExtractionPlan, parts: list[int]) -> None:
        self.size, self.plan, self.parts = size, plan, parts

    def rows(self, part: int) -> range:
        start = part * self.plan.samples_per_shard
        return range(start, min(start + self.plan.samples_per_shard, self.size))

    def batches(self, part: int) -> Iterator[range]:
        rows = self.rows(part)
        return (rows[start : start + self.plan.batch_size] for start in range(0, len(rows), self.plan.batch_size))

    @property
    def n_rows(self) -> int:
        return sum(len(self.rows(part)) for part in self.parts)

    def __len__(self) -> int:
        return sum(1 for part in self.parts for _ in self.batches(part))

    def __iter__(self) -> Iterator[list[int]]:
        return (list(batch) for part in self.parts for batch in self.batches(part))


class _Rows(Dataset[Any]):
    """The batches of a data set, or what is wrong with one: raised in a worker it would be a traceback."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitems__(self, rows: list[int]) -> Batch | InputError:
        try:
            return cast(Batch, self.dataset.__getitems__(rows))
        except InputError as error:
            return error


def _as_it_is(batch: Any) -> Any:
    return batch


def _bad_rows(batch: Batch, plan: ExtractionPlan) -> list[int]:
    if batch.bad and not plan.skip_bad_samples:
        reason = next(iter(batch.bad.values()))
        raise InputError(f"{reason}; --skip_bad_samples leaves such samples out and counts them")
    return list(batch.bad)


@torch.inference_mode()
def _run(model: nn.Module, batch: Batch, plan: ExtractionPlan, device: torch.device) -> Tensor:
    """The logits of a batch."""
    inputs = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.inputs.items()}
    if plan.channels_last:
        inputs = {k: v.contiguous(memory_format=torch.channels_last) if v.ndim == 4 else v for k, v in inputs.items()}
    dtype = DTYPES[plan.dtype]
    with torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
        logits: Tensor = model(**inputs).logits
    if not torch.isfinite(logits).all():
        raise InputError(f"the model gives NaN or infinite logits in {plan.dtype}: take --dtype float32 or bfloat16")
    return logits


def _finish(folder: Path, settings: dict[str, Any], count: int) -> dict[str, Any]:
    """Write the outcome beside the settings."""
    samples, skipped = 0, []
    for index in range(count):
        file = pq.read_metadata(folder / part_name(index, count))
        samples += file.num_rows
        skipped += json.loads((file.metadata or {}).get(SKIPPED.encode(), b"[]"))
    if not samples:
        processes().wait_for_everyone()
        if processes().is_main_process:
            for index in range(count):  # so that the corrected command may begin anew
                (folder / part_name(index, count)).unlink(missing_ok=True)
        raise InputError(
            f"none of the {settings['rows']} rows gives a sample: look at what was skipped, and at the labels that are "
            "ignored"
        )
    outcome = {"settings": settings, "samples": samples, "skipped": {"count": len(skipped), "rows": skipped}}
    if processes().is_main_process:
        write_json(folder / SETTINGS_FILE, outcome)
    processes().wait_for_everyone()
    return outcome
