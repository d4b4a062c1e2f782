"""The columns of a file of predictions, whatever its kind."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from abstain._checks import ArgumentError, InputError, shown
from abstain.logits.decimal_commas import without_decimal_commas
from abstain.logits.sample_log import open_sample_log
from abstain.logits.source import Source, check_rows, of_arrays, of_arrow, reading

SEPARATORS = "\t;,| "
"""Of CSV files: the first that divides the header."""
READ_AT_ONCE = 2**23
"""Bytes of a Parquet file that wait to be decoded, of all columns together."""
UNNAMED = "values"
"""What the array of a `.npy` file is called."""


def read_file(path: Path) -> Source:
    """The columns of one file; of a Parquet or safetensors file those that are wanted are read later.

    Raises:
        InputError: there is no such file, it is of another kind, or it cannot be read.
    """
    return read_files([path])


def read_files(paths: list[Path]) -> Source:
    """As `read_file`, of Parquet files one after the other.

    Raises:
        InputError: also where their columns differ, or there are several files of another kind.
    """
    kind, title = kind_of(paths[0]), repr(str(paths[0] if len(paths) == 1 else paths[0].parent))
    if not paths[0].is_file():
        raise ArgumentError(f"the file {title} does not exist: give one that ends in {', '.join(READERS)}")
    with reading(title, kind):
        if kind == ".parquet":
            return _parquet(paths, title)
        if len(paths) > 1:
            raise InputError(
                f"{title} holds {len(paths)} files {kind} of one split, but only Parquet is read in shards"
            )
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
    kinds = ", ".join(READERS)
    raise ArgumentError(f"unknown kind of file {path.suffix or path.name!r}{why}: give one that ends in {kinds}")


def _parquet(paths: list[Path], title: str) -> Source:
    schemas = [pq.read_schema(path) for path in paths]
    for path, schema in zip(paths, schemas, strict=True):
        if set(schema.names) != set(schemas[0].names):
            differ = sorted(set(schema.names) ^ set(schemas[0].names))
            raise InputError(f"the shards {paths[0].name} and {path.name} of {title} differ in {', '.join(differ)}")

    def read_table(names: list[str]) -> pa.Table:
        tables = [_read(path, names) for path in paths]
        return pa.concat_tables(tables, promote_options="permissive") if len(tables) > 1 else tables[0]

    def read_batches(names: list[str], rows: int) -> Iterator[pa.Table]:
        kinds = pa.unify_schemas([schema.remove_metadata() for schema in schemas], promote_options="permissive")
        wanted = pa.schema([kinds.field(name) for name in names])
        for path in paths:
            with reading(repr(str(path)), ".parquet"):
                for batch in _batches(path, names, rows):
                    yield pa.Table.from_batches([batch]).select(names).replace_schema_metadata(None).cast(wanted)

    n_rows = sum(pq.read_metadata(path).num_rows for path in paths)
    return of_arrow(title, schemas[0], read_table, read_batches=read_batches, n_rows=n_rows)


def _batches(path: Path, names: list[str], rows: int) -> Iterator[pa.RecordBatch]:
    """Rows of a file that need not fit into memory: of each column only a buffer is read at once, not a whole group."""
    buffer = max(READ_AT_ONCE // max(len(names), 1), 2**14)
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=buffer, page_checksum_verification=True) as file:
        yield from (batch for batch in file.iter_batches(batch_size=rows, columns=names) if batch.num_rows)


def _read(path: Path, names: list[str]) -> pa.Table:
    """Some columns; a page that does not agree with its checksum, where it has one, is an error."""
    return pq.read_table(path, columns=names, page_checksum_verification=True).replace_schema_metadata(None)


def _csv(paths: list[Path], title: str) -> Source:
    from pyarrow import csv as arrow_csv

    with pa.input_stream(str(paths[0]), compression="detect") as stream:
        beginning = stream.read(1_000_000)
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(f"{title} is text in UTF-16, but must be in UTF-8: save it again so")
    options = arrow_csv.ParseOptions(delimiter=_separator(beginning))
    try:
        table = arrow_csv.read_csv(paths[0], parse_options=options)
    except pa.ArrowInvalid as error:
        raise _ragged(error, title) or error from None
    table = table.rename_columns([name.strip() for name in table.column_names])
    return _table(without_decimal_commas(table, title), title)


def _ragged(error: pa.ArrowInvalid, title: str) -> InputError | None:
    """What is wrong with a row of more or fewer cells than there are columns; None of another error."""
    found = re.search(r"Expected (\d+) columns, got (\d+): (.*)", str(error))
    if found is None:
        return None
    n_columns, n_cells, row = found.groups()
    return InputError(
        f"{title} cannot be read as .csv: a row has {n_cells} cells, but there are {n_columns} columns: mend "
        f"{shown(row)}, or quote what holds a separator"
    )


def _separator(beginning: bytes) -> str:
    lines = beginning.decode("utf-8-sig", errors="replace").splitlines()
    header = next((line for line in lines if line.strip()), "")
    divide = (one for one in SEPARATORS if len(next(csv.reader([header], delimiter=one), [])) > 1)
    return next(divide, ",")


def _json_lines(paths: list[Path], title: str) -> Source:
    from pyarrow import json as arrow_json

    if (log := open_sample_log(paths[0], title)) is not None:
        return log
    with pa.input_stream(str(paths[0]), compression="detect") as stream:
        options = arrow_json.ReadOptions(block_size=2**26)  # a row must fit into a block
        return _table(arrow_json.read_json(stream, read_options=options), title)


def _table(table: pa.Table, title: str) -> Source:
    return of_arrow(title, check_rows(table, title).schema, table.select)


def _npz(paths: list[Path], title: str) -> Source:
    with paths[0].open("rb") as file, np.load(file, allow_pickle=False) as arrays:  # it leaves a damaged file open
        return of_arrays(title, dict(arrays))


def _npy(paths: list[Path], title: str) -> Source:
    mapped = np.load(paths[0], mmap_mode="c", allow_pickle=False)  # read when it is used, and never written
    return of_arrays(title, {UNNAMED: np.asarray(mapped)})


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
