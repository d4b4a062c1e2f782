"""Rows of files with columns, read as a stream: CSV, TSV, JSON Lines and Parquet."""

from __future__ import annotations

import gzip
import io
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, cast

import pandas as pd
import pyarrow.parquet as pq

from abstain._checks import InputError, shown

Rows = Iterator[tuple[int, dict[str, Any]]]
"""The number of each row, from 1, and its cells."""
ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class RowFile:
    """A file that has been begun.

    Attributes:
        columns: their names.
        rows: of the name of a column of texts, which are taken as they stand, or of None, all columns -> the rows;
            called once.
    """

    columns: list[str]
    rows: Callable[[str | None], Rows]


@contextmanager
def opened_rows(file: str) -> Iterator[RowFile]:
    """The rows of a file that ends in one of `ENDINGS`, with `.gz` behind it or not, but for Parquet.

    Raises:
        InputError: a line is no JSON with keys; and what pandas, Arrow and JSON raise of what they cannot read.
    """
    ending = ending_of(file)
    if ending == ".parquet":
        with pq.ParquetFile(file) as opened:
            yield RowFile(opened.schema_arrow.names, lambda column: parquet_rows(opened, column))
    else:
        with opened_text(file) as lines:
            yield rows_of_lines(lines, ending)


def ending_of(file: str) -> str:
    """How the name of a file ends, but for `.gz`, in lower case."""
    return Path(file.removesuffix(".gz")).suffix.lower()


def opened_text(file: str) -> TextIO:
    """A file of text, unpacked if it ends in `.gz`; line ends inside of cells stay what they are."""
    how: dict[str, Any] = {"mode": "rt", "encoding": "utf-8-sig", "newline": ""}
    return cast(TextIO, gzip.open(file, **how) if file.endswith(".gz") else open(file, **how))


def rows_of_lines(lines: Iterable[str], ending: str) -> RowFile:
    """The rows of an open text: `.csv`, `.tsv` or `.jsonl`.

    Raises:
        InputError: as `opened_rows`.
    """
    first, whole = begun(lines)
    if ending not in SEPARATED:
        columns = list(_object(first, 1, None)) if first else []
        return RowFile(columns, lambda column: _json_rows(whole, column))
    how = {"sep": "\t" if ending == ".tsv" else ";" if ";" in first and "," not in first else ","}
    columns = list(map(str, pd.read_csv(io.StringIO(first), nrows=0, **cast(Any, how)).columns))
    return RowFile(columns, lambda column: _csv_rows(_Readable(whole), column, how))


def begun(lines: Iterable[str]) -> tuple[str, Iterator[str]]:
    """The first line that is not blank, or an empty one, and all lines, with those before it."""
    lines, head = iter(lines), []
    for line in lines:
        head.append(line)
        if line.strip():
            break
    return (head[-1] if head and head[-1].strip() else ""), itertools.chain(head, lines)


def parquet_rows(opened: pq.ParquetFile, column: str | None, at_once: int = ROWS_AT_ONCE) -> Rows:
    """The rows of a Parquet file, with one column or with all.

    Args:
        opened: the file.
        column: its name; None takes all.
        at_once: how many are in memory.
    """
    batches = opened.iter_batches(at_once, columns=None if column is None else [column])
    return enumerate((row for batch in batches for row in batch.to_pylist()), 1)


class _Readable(io.TextIOBase):
    """Lines as a file that pandas reads; some at a time, which may be more than it asks for."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> str:
        return "".join(self._lines if size is None or size < 0 else itertools.islice(self._lines, ROWS_AT_ONCE))


def _csv_rows(file: _Readable, column: str | None, how: dict[str, Any]) -> Rows:
    """A column of texts as it stands; without one all columns, as `datasets` reads them for training."""
    of_texts: dict[str, Any] = {"usecols": [column], "dtype": str, "keep_default_na": False}
    with pd.read_csv(cast(Any, file), chunksize=ROWS_AT_ONCE, **how, **(of_texts if column else {})) as chunks:
        rows = (row for chunk in chunks for row in chunk.to_dict("records"))
        yield from enumerate(({str(name): value for name, value in row.items()} for row in rows), 1)


def _json_rows(lines: Iterator[str], column: str | None) -> Rows:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, _object(line, number, column)


def _object(line: str, number: int, column: str | None) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict) or (column is not None and column not in row):
        wanted = "keys" if column is None else f"the key {column!r}"
        raise InputError(f"the line {number} is {shown(row)}, but must be JSON with {wanted}")
    return row


SEPARATED = (".csv", ".tsv")
ENDINGS = (*SEPARATED, ".parquet", ".jsonl", ".ndjson", ".json")
