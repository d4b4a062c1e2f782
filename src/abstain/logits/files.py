"""The columns of a file of predictions, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from abstain._checks import ArgumentError, InputError
from abstain.logits.csv_file import read_csv
from abstain.logits.csv_in_blocks import csv_in_blocks
from abstain.logits.data_set_on_hub import FORM
from abstain.logits.folders import splits_in
from abstain.logits.json_lines import json_lines_in_blocks, read_json_lines
from abstain.logits.sample_log import open_sample_log
from abstain.logits.source import Source, by_field, class_names_of, of_arrays, of_arrow, reading

LOGITS = "logits"
"""The folder in that of a model or a run that holds what it says of data."""
READ_AT_ONCE = 2**23
"""Bytes of a Parquet file that wait to be decoded, of all columns together."""
LARGE = 2**27
"""Bytes of a file of text from which on it may hold as many values as need not be in memory; of .gz half as many."""
UNNAMED = "values"
"""What the array of a `.npy` file is called."""
CONVERTED = {
    ".txt": "name it .csv if it is a table with a header",
    ".json": "pandas.read_json(…).to_parquet(…) makes one",
    ".xlsx": "pandas.read_excel(…).to_csv(…) makes one",
    ".xls": "pandas.read_excel(…).to_csv(…) makes one",
    ".feather": "pandas.read_feather(…).to_parquet(…) makes one",
    ".arrow": "pandas.read_feather(…).to_parquet(…) makes one",
    ".pkl": "pandas.read_pickle(…).to_parquet(…) makes one of a table that you trust",
    ".pickle": "pandas.read_pickle(…).to_parquet(…) makes one of a table that you trust",
    ".pt": "numpy.savez(…, logits=…, labels=…) makes one of tensors",
    ".pth": "numpy.savez(…, logits=…, labels=…) makes one of tensors",
    ".skops": "the command abstain audit runs such a model on data",
    ".onnx": "the command abstain audit runs such a model on data",
    ".zip": "unpack it",
    ".bz2": "unpack it",
    ".xz": "unpack it",
    ".zst": "unpack it",
    ".gz": "unpack it",
}
"""Endings of files that are not read -> how one that is comes of them."""


def folder_of_logits(source: str) -> str:
    """The folder `logits` in the folder of a model or a run, if it has one; else the source as it is."""
    inside = Path(source).expanduser() / LOGITS
    return str(inside) if inside.is_dir() else source


def splits_of(source: str) -> set[str]:
    """The names of the splits in a folder of predictions, as they can be asked for; none of what is no folder."""
    return set(splits_in(Path(source).expanduser(), READERS))


def read_file(path: Path) -> Source:
    """The columns of one file; of a Parquet or safetensors file those that are wanted are read later.

    Raises:
        InputError: there is no such file, it is of another kind, or it cannot be read.
    """
    return read_files([path])


def read_files(paths: list[Path], *, in_batches: bool = False) -> Source:
    """As `read_file`, of Parquet files one after the other.

    Args:
        paths: of the files.
        in_batches: whether a large file of text is gone through for what its columns hold, and read in parts later.

    Raises:
        InputError: also where their columns differ, or there are several files of another kind.
    """
    title = repr(str(paths[0] if len(paths) == 1 else paths[0].parent))
    if not paths[0].is_file():
        raise ArgumentError(
            f"there is no file or folder {title}: give a path that exists, or a data set on the Hub ({FORM})"
        )
    kind = kind_of(paths[0])
    empty = next((path for path in paths if not path.stat().st_size), None)
    if empty is not None:
        raise InputError(f"{str(empty)!r} is empty, of 0 bytes, but must hold values and labels: write it anew")
    with reading(title, kind):
        if kind == ".parquet":
            return _parquet(paths, title)
        if len(paths) > 1:
            raise InputError(
                f"{title} holds {len(paths)} files {kind} of one split, but only Parquet is read in shards"
            )
        if in_batches and kind in IN_BLOCKS and paths[0].stat().st_size >= LARGE // (2 if kind.endswith(".gz") else 1):
            opened = IN_BLOCKS[kind](paths[0], title)
            if opened is not None:
                return opened
        return READERS[kind](paths, title)


def kind_of(path: Path) -> str:
    """The key of `READERS` that the name ends in.

    Raises:
        InputError: in none of them.
    """
    name = path.name.lower()
    for kind in sorted(READERS, key=len, reverse=True):
        if name.endswith(kind):
            return kind
    why = " (a pickle can run code)" if path.suffix.lower() in (".pt", ".pth", ".pkl", ".pickle", ".bin") else ""
    how = f"; {CONVERTED[path.suffix.lower()]}" if path.suffix.lower() in CONVERTED else ""
    kinds = ", ".join(READERS)
    raise ArgumentError(
        f"unknown kind of file {path.suffix or path.name!r}{why}, that of {str(path)!r}: give one that ends in "
        f"{kinds}{how}"
    )


def _parquet(paths: list[Path], title: str) -> Source:
    schemas = [pq.read_schema(path) for path in paths]
    for path, schema in zip(paths, schemas, strict=True):
        if set(schema.names) != set(schemas[0].names):
            differ = sorted(set(schema.names) ^ set(schemas[0].names))
            raise InputError(f"the shards {paths[0].name} and {path.name} of {title} differ in {', '.join(differ)}")
    _check_class_names(paths, schemas, title)

    def read_table(names: list[str]) -> pa.Table:
        tables = [_read(path, names) for path in paths]
        return pa.concat_tables(tables, promote_options="permissive") if len(tables) > 1 else tables[0]

    def read_batches(names: list[str], rows: int) -> Iterator[pa.Table]:
        meant = [pa.schema([schema.field(name) for name in names]) for schema in schemas]
        wanted = pa.unify_schemas(meant, promote_options="permissive")
        for path in paths:
            with reading(repr(str(path)), ".parquet"):
                for batch in _batches(path, names, rows):
                    yield pa.Table.from_batches([batch]).select(names).replace_schema_metadata(None).cast(wanted)

    n_rows = sum(pq.read_metadata(path).num_rows for path in paths)
    return of_arrow(title, schemas[0], read_table, read_batches=read_batches, n_rows=n_rows)


def _check_class_names(paths: list[Path], schemas: list[pa.Schema], title: str) -> None:
    """Refuse shards whose labels stand for other classes: only those of the first would be read."""
    first: dict[str, tuple[str, tuple[str, ...]]] = {}
    for path, schema in zip(paths, schemas, strict=True):
        for column, names in class_names_of(schema).items():
            before, expected = first.setdefault(column, (path.name, names))
            if names != expected:
                raise InputError(
                    f"the classes of {column!r} are {_beginning_of(expected, names)} in the shard {before} of {title}, "
                    f"but {_beginning_of(names, expected)} in {path.name}: write all shards with the same classes in "
                    "the same order"
                )


def _beginning_of(names: tuple[str, ...], others: tuple[str, ...], least: int = 8) -> str:
    """Names up to the first that differs from the others', and some more."""
    same = next((index for index, pair in enumerate(zip(names, others, strict=False)) if pair[0] != pair[1]), 0)
    begin = max(0, same + 1 - least)
    end = " …" if begin + least < len(names) else ""
    return ("… " if begin else "") + ", ".join(names[begin : begin + least]) + end


def _batches(path: Path, names: list[str], rows: int) -> Iterator[pa.RecordBatch]:
    """Rows of a file that need not fit into memory: of each column only a buffer is read at once, not a whole group."""
    buffer = max(READ_AT_ONCE // max(len(names), 1), 2**14)
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=buffer, page_checksum_verification=True) as file:
        yield from (batch for batch in file.iter_batches(batch_size=rows, columns=names) if batch.num_rows)


def _read(path: Path, names: list[str]) -> pa.Table:
    """Some columns; a page that does not agree with its checksum, where it has one, is an error."""
    return pq.read_table(path, columns=names, page_checksum_verification=True).replace_schema_metadata(None)


def _csv(paths: list[Path], title: str) -> Source:
    _check_compression(paths[0], title)
    return read_csv(paths[0], title)


def _check_compression(path: Path, title: str) -> None:
    """Refuse a file of text whose name does not say whether it is compressed: only the name is gone by."""
    with path.open("rb") as file:
        is_compressed = file.read(2) == b"\x1f\x8b"
    kind = kind_of(path)
    if is_compressed and not kind.endswith(".gz"):
        raise InputError(f"{title} is compressed with gzip, but is called {kind}: let its name end in {kind}.gz")
    if kind.endswith(".gz") and not is_compressed:
        plain_kind = kind.removesuffix(".gz")
        raise InputError(f"{title} cannot be read as {kind}, as it is not compressed: let its name end in {plain_kind}")


def _json_lines(paths: list[Path], title: str) -> Source:
    _check_compression(paths[0], title)
    log = open_sample_log(paths[0], title)
    return read_json_lines(paths[0], title) if log is None else log


def _npz(paths: list[Path], title: str) -> Source:
    with paths[0].open("rb") as file, np.load(file, allow_pickle=False) as arrays:  # it leaves a damaged file open
        return of_arrays(title, dict(arrays))


def _npy(paths: list[Path], title: str) -> Source:
    mapped = np.load(paths[0], mmap_mode="c", allow_pickle=False)  # read when it is used, and never written
    array = np.asarray(mapped)
    return of_arrays(title, by_field(array) if array.dtype.names else {UNNAMED: array})


def _safetensors(paths: list[Path], title: str) -> Source:
    from safetensors.torch import load_file

    return of_arrays(title, load_file(paths[0]))


READERS: dict[str, Callable[[list[Path], str], Source]] = {
    ".parquet": _parquet,
    ".npz": _npz,
    ".npy": _npy,
    ".csv": _csv,
    ".csv.gz": _csv,
    ".tsv": _csv,
    ".tsv.gz": _csv,
    ".jsonl": _json_lines,
    ".jsonl.gz": _json_lines,
    ".safetensors": _safetensors,
}
"""Ending of a file's name -> what reads it."""
IN_BLOCKS: dict[str, Callable[[Path, str], Source | None]] = {
    ".csv": csv_in_blocks,
    ".csv.gz": csv_in_blocks,
    ".tsv": csv_in_blocks,
    ".tsv.gz": csv_in_blocks,
    ".jsonl": json_lines_in_blocks,
    ".jsonl.gz": json_lines_in_blocks,
}
"""Ending of a file's name -> what opens it to be read in parts, if that can be done."""
