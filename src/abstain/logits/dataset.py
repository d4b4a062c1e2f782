"""Logits data sets, the seam between training and evaluation: Parquet with `logits` and `label`, one file a split.

A large split is a folder of shards instead, `split/part-00000-of-00010.parquet` and so on.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from abstain._arrays import check_labels, check_logits, check_same_order, to_numpy
from abstain._checks import ArgumentError, InputError, first_line, shown
from abstain._files import as_path, check_folder, whole_file
from abstain.logits.source import reading

ENCODING: dict[str, Any] = {
    "compression": "zstd",
    "use_dictionary": ["label", "sample"],
    "column_encoding": {"logits.list.element": "BYTE_STREAM_SPLIT"},
    "write_page_checksum": True,
}
"""Of the files. Logits hardly repeat, so a dictionary of them is larger than they are; their first bytes are alike."""


def write_logits(folder: str | Path, split: str, logits: Any, labels: Any, *, sample: Any = None) -> Path:
    """Write `folder/split.parquet`, replacing it only once the new file is whole.

    Args:
        folder: made if it does not exist.
        split: `validation`, `test`, ….
        logits: (N, K), stored as a fixed-size list of float32.
        labels: (N,) int in [0, K).
        sample: (N,) int, of pixels the image that each comes from; None leaves the column `sample` out.

    Returns:
        The path of the file.

    Raises:
        InputError: bad logits or labels, or a `sample` of another length.
    """
    check_same_order(logits=logits, labels=labels, sample=sample)
    logits = check_logits(check_logits(logits).float()).cpu().numpy()  # again: float32 is narrower
    labels = check_labels(labels, n_samples=len(logits), n_logits=logits.shape[1])
    return write_parquet(
        as_path(folder, "the folder") / f"{_check_split(split)}.parquet", logits, labels, sample=sample
    )


def _check_split(split: Any) -> str:
    """`split` if it can be the name of a file, and of none elsewhere."""
    if not isinstance(split, str) or split in ("", "..") or split != Path(split).name or "\0" in split:
        raise ArgumentError(f"the split is {shown(split)}, but must be a plain name, such as test")
    return split


def write_parquet(
    path: Path,
    logits: NDArray[np.floating[Any]],
    labels: NDArray[np.int64],
    *,
    sample: Any = None,
    column: str = "logits",
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write values (N, K) of any float type and labels (N,) as they are, N = 0 too; the file appears once it is whole.

    Args:
        path: of the file.
        logits: or other values, which `column` then tells.
        labels: of the samples.
        sample: (N,) what each row belongs to; None: each is its own.
        column: what the values are called.
        metadata: of the schema.
    """
    rows = pa.FixedSizeListArray.from_arrays(pa.array(logits.ravel()), logits.shape[1])
    columns = {column: rows, "label": labels}
    if sample is not None:
        columns["sample"] = to_numpy(sample, "sample")
        if columns["sample"].shape != labels.shape:
            raise InputError(
                f"there are {len(labels)} labels and sample has shape {columns['sample'].shape}: not equal"
            )
    with whole_file(path) as partial:
        pq.write_table(pa.table(columns).replace_schema_metadata(metadata), partial, **ENCODING)
    return path


def read_logits(folder: str | Path, split: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Logits (N, K) float32 and labels (N,) int64 of one split.

    Raises:
        InputError: there is no such folder or split, some of its shards are missing, or as `read_parquet`.
    """
    return read_parquet(*_files(folder, split))


def sample_of_each_row(folder: str | Path, split: str) -> NDArray[Any] | None:
    """Of which sample each row of one split is, such as a pixel of which image, (N,).

    None where each row is its own, or all are of one.

    Raises:
        InputError: as `read_logits`.
    """
    files = _files(folder, split)
    with reading(repr(str(files[0])), ".parquet"):
        if "sample" not in pq.read_schema(files[0]).names:
            return None
        samples = np.concatenate([pq.read_table(file, columns=["sample"])["sample"].to_numpy() for file in files])
    return samples if len(np.unique(samples)) > 1 else None


def _files(folder: str | Path, split: str) -> list[Path]:
    """The file of a split, or its shards in their order."""
    path = check_folder(folder, "the folder of the logits data set") / f"{_check_split(split)}.parquet"
    shards = path.with_suffix("")
    if path.is_file() and shards.is_dir():
        raise InputError(f"{str(folder)!r} holds both {path.name} and the folder {shards.name}: remove one of them")
    if shards.is_dir():
        return _shards(shards)
    if not path.is_file():
        found = {file.stem for file in path.parent.glob("*.parquet")}
        found |= {file.parent.name for file in path.parent.glob("*/part-*.parquet")}
        raise ArgumentError(
            f"there is no split {split!r} in {str(folder)!r}: it has {', '.join(sorted(found)) or 'none'}"
        )
    return [path]


def shard_name(index: int, count: int) -> str:
    """The name of the file of shard `index` (from 0) of `count`."""
    return f"part-{index:05d}-of-{count:05d}.parquet"


def read_shards(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """As `read_logits`, of a folder of shards in their order.

    Raises:
        InputError: shards are missing or of different sets, or as `read_parquet`.
    """
    return read_parquet(*_shards(folder))


def _shards(folder: Path) -> list[Path]:
    names = [path.name for path in folder.glob("part-*-of-*.parquet")]
    counts = {int(match[1]) for name in names if (match := re.search(r"-of-(\d+)\.parquet$", name))}
    if not counts:
        raise InputError(f"{str(folder)!r} holds no shard: they are called {shard_name(0, 10)} and so on")
    if len(counts) > 1:
        raise InputError(f"{str(folder)!r} holds shards of {len(counts)} sets: leave those of one")
    wanted = [shard_name(index, *counts) for index in range(*counts)]
    missing = sorted(set(wanted) - set(names))
    if missing:
        raise InputError(
            f"{str(folder)!r} lacks {len(missing)} of {len(wanted)} shards, {missing[0]} first: start the extraction "
            "again, which goes on where it stopped"
        )
    return [folder / name for name in wanted]


def read_parquet(*paths: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """As `read_logits`, of one file or of several, one after the other.

    Raises:
        InputError: there is no row, or not the columns `logits` (K of them in every row) and `label`.
    """
    path = paths[0] if len(paths) == 1 else paths[0].parent
    table = _joined([_read_table(path) for path in paths], path)
    if not table.num_rows:
        raise InputError(f"{str(path)!r} holds no row, but at least one sample is needed")
    lists = table["logits"].combine_chunks()
    _check_lists(lists, path)
    values = lists.flatten()
    if lists.null_count or values.null_count or table["label"].null_count:
        raise InputError(f"{str(path)!r} has empty cells, but every sample needs all its logits and a label")
    logits = values.to_numpy(zero_copy_only=False).reshape(len(lists), -1).astype(np.float32, copy=False)
    labels = check_labels(table["label"].to_numpy(), n_samples=len(lists), n_logits=logits.shape[1])
    return check_logits(logits).numpy(), labels


def _read_table(path: Path) -> pa.Table:
    with reading(repr(str(path)), ".parquet"):
        columns = pq.read_schema(path).names
    if not {"logits", "label"} <= set(columns):
        raise InputError(f"{str(path)!r} has the columns {', '.join(columns)}, but must have `logits` and `label`")
    with reading(repr(str(path)), ".parquet"):
        table = pq.read_table(path, columns=["logits", "label"], page_checksum_verification=True)
    return table.replace_schema_metadata(None)


def _joined(tables: list[pa.Table], path: Path) -> pa.Table:
    try:
        return pa.concat_tables(tables, promote_options="permissive" if len(tables) > 1 else "none")
    except pa.ArrowInvalid as error:
        reason = first_line(error)
        raise InputError(f"the shards of {str(path)!r} differ in their columns: {reason}") from error


def _check_lists(lists: pa.Array, path: Path) -> None:
    kind = lists.type
    if not (pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind) or pa.types.is_large_list(kind)):
        raise InputError(f"the column `logits` of {str(path)!r} holds {kind}, but must hold lists of numbers")
    if pc.count_distinct(pc.list_value_length(lists)).as_py() != 1:
        raise InputError(f"{str(path)!r} has rows with different numbers of logits, but all must have K")
