"""Run a checkpoint over a split of any size: batch by batch, in shards of a fixed number of samples, resumable."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from torch.utils.data import Dataset
from transformers import PreTrainedModel

from abstain._checks import ArgumentError, InputError
from abstain._files import write_json
from abstain.logits.batch import LabelledLogits
from abstain.logits.dataset import shard_name, write_parquet
from abstain.logits.forward import ExtractionPlan, labelled_batches, processes, weights_hash

SETTINGS_FILE = "extraction.json"
SKIPPED_ROWS = "skipped"
"""The key in the metadata of a shard's file."""
NOT_OF_THE_RESULT = ("workers", "skip_bad_samples")
"""Of an `ExtractionPlan`: a shard that is whole is the same with and without them."""


def extract_shards(
    model: PreTrainedModel, dataset: Dataset[Any], folder: Path, plan: ExtractionPlan, *, settings: dict[str, Any]
) -> dict[str, Any]:
    """Write the logits of every sample to `folder/part-00000-of-….parquet`; shards that are whole are kept.

    Under `accelerate launch` every process writes shards of its own, which are the same for any number of processes:
    what is in a batch depends on the shard alone.

    Args:
        model: its outputs have `logits` (B, K), or whatever the `labelled` of the batches takes.
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
    # "parts" is the word of the format, as in the names of its files
    settings = {**settings, **kept, "rows": size, "parts": count, "weights_sha256": weights_hash(model)}
    recorded = _check_free(folder, settings)
    pending = [index for index in range(count) if not _is_whole(folder / shard_name(index, count))]
    state.wait_for_everyone()  # all have looked before any writes, so that all deal the shards out alike
    mine = _ShardBatches(size, plan, pending[state.process_index :: state.num_processes])
    with closing(labelled_batches(model, dataset, mine, plan)) as labelled:
        for index in mine.shards:
            batches = list(islice(labelled, len(mine.of_shard(index))))
            joined = LabelledLogits.joined(batches, n_classes=int(model.config.num_labels or 0))
            if not recorded:  # not before there is a shard: what is refused till then leaves no trace
                write_json(folder / SETTINGS_FILE, {"settings": settings})
                recorded = True
            _write_shard(folder / shard_name(index, count), joined)
    state.wait_for_everyone()
    return _finish(folder, settings, count)


@dataclass(frozen=True)
class _ShardBatches:
    """The rows of each batch of some shards; no batch reaches from one shard into another."""

    size: int
    plan: ExtractionPlan
    shards: Sequence[int]

    def of_shard(self, index: int) -> list[range]:
        start, step = index * self.plan.samples_per_shard, self.plan.batch_size
        rows = range(start, min(start + self.plan.samples_per_shard, self.size))
        return [rows[first : first + step] for first in range(0, len(rows), step)]

    def __iter__(self) -> Iterator[range]:
        return (batch for index in self.shards for batch in self.of_shard(index))


def _check_free(folder: Path, settings: dict[str, Any]) -> bool:
    """Check that there is no extraction, or one of these settings to be taken up; whether they are recorded.

    Raises:
        InputError: they differ, or there is a file of that split already.
    """
    path = folder / SETTINGS_FILE
    if folder.with_suffix(".parquet").exists():
        raise ArgumentError(
            f"{folder.name}.parquet exists in {str(folder.parent)!r} already: give another folder or name"
        )
    has_shards = any(folder.glob("part-*.parquet"))
    if has_shards and not path.exists():
        raise ArgumentError(f"{str(folder)!r} holds shards without {SETTINGS_FILE}: give another folder or name")
    if has_shards:
        _check_same(folder, json.loads(path.read_text(encoding="utf-8"))["settings"], settings)
    return has_shards


def _check_same(folder: Path, before: dict[str, Any], settings: dict[str, Any]) -> None:
    for key, value in json.loads(json.dumps(settings)).items():
        if before.get(key) != value:
            raise ArgumentError(
                f"{str(folder)!r} holds an extraction with {key} = {before.get(key)!r}, but this one "
                f"has {value!r}: give another folder or name"
            )


def _is_whole(path: Path) -> bool:
    """Whether a shard was written to its end: it has its name only then, and is looked at again all the same."""
    try:
        return path.exists() and pq.read_metadata(path).num_columns in (2, 3)  # of pixels, the sample too
    except pa.ArrowInvalid:
        return False


def _write_shard(path: Path, kept: LabelledLogits) -> None:
    metadata = {SKIPPED_ROWS: json.dumps(list(kept.skipped))}
    write_parquet(path, kept.logits, kept.labels, sample=kept.sample, metadata=metadata)


def _finish(folder: Path, settings: dict[str, Any], count: int) -> dict[str, Any]:
    """Write the outcome beside the settings."""
    shards = [folder / shard_name(index, count) for index in range(count)]
    files = [pq.read_metadata(path) for path in shards]
    samples = sum(file.num_rows for file in files)
    skipped = [row for file in files for row in json.loads((file.metadata or {}).get(SKIPPED_ROWS.encode(), b"[]"))]
    if not samples:
        _begin_anew(shards)
        raise InputError(
            f"none of the {settings['rows']} rows gives a sample: look at what was skipped, and at the labels that are "
            "ignored"
        )
    outcome = {"settings": settings, "samples": samples, "skipped": {"count": len(skipped), "rows": skipped}}
    if processes().is_main_process:
        write_json(folder / SETTINGS_FILE, outcome)
    processes().wait_for_everyone()
    return outcome


def _begin_anew(shards: list[Path]) -> None:
    """Remove shards without a row, so that the corrected command may write them."""
    processes().wait_for_everyone()
    if processes().is_main_process:
        for path in shards:
            path.unlink(missing_ok=True)
