"""Run a checkpoint over a split of any size: batch by batch, in parts of a fixed number of samples, resumable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from accelerate import PartialState
from torch.utils.data import DataLoader, Dataset, Sampler
from tqdm.auto import tqdm
from transformers import PreTrainedModel

from abstain._checks import InputError
from abstain._files import write_json
from abstain.logits.batch import Batch, Columns
from abstain.logits.dataset import part_name, write_parquet
from abstain.logits.forward import ExtractionPlan, prepare_model, run_model, weights_hash

SETTINGS_FILE = "extraction.json"
SKIPPED = "skipped"
NOT_OF_THE_RESULT = ("workers", "skip_bad_samples")
"""Of an `ExtractionPlan`: a part that is whole is the same with and without them."""


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
                    columns.append(batch.measured(run_model(forward, batch, plan, state.device)))
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
