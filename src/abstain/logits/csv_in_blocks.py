"""A large file of comma-separated values, block by block: first what its columns hold, then their values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow_csv

from abstain.logits.csv_file import beginning_of, separator_of
from abstain.logits.decimal_commas import are_written_as_numbers
from abstain.logits.source import Source, of_arrow, reading

BLOCK = 2**21
"""Bytes that are parsed at once; Arrow reads up to 32 times as many ahead, and a row must fit in."""


def csv_in_blocks(path: Path, title: str, *, block: int = BLOCK) -> Source | None:
    """The columns of one file, as `read_csv` gives them.

    Args:
        path: of the file; what ends in `.gz` is decompressed.
        title: what messages call it.
        block: bytes that are parsed at once.

    Returns:
        None where only the whole file tells the type of a column, or what is wrong with it.
    """
    parsing = arrow_csv.ParseOptions(delimiter=separator_of(beginning_of(path)), newlines_in_values=True)

    def batches(types: dict[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
        converting = arrow_csv.ConvertOptions(column_types=types, include_columns=list(types))
        with pa.input_stream(str(path), compression="detect") as stream:
            options = arrow_csv.ReadOptions(block_size=block)
            with arrow_csv.open_csv(stream, options, parsing, converting) as reader:
                yield from reader

    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            with arrow_csv.open_csv(stream, parse_options=parsing) as reader:
                written = reader.schema.names
        if len({name.strip() for name in written}) < len(written):  # they could not be told apart
            return None
        schema, n_rows = _types(batches(dict.fromkeys(written, pa.string())))
    except (pa.ArrowException, UnicodeDecodeError, OSError, _OnlyAsAWhole):
        return None
    names = dict(zip((name.strip() for name in written), written, strict=True))

    def read_batches(wanted: list[str], rows: int) -> Iterator[pa.Table]:
        types = {names[name]: schema.field(names[name]).type for name in wanted}
        with reading(title, ".csv"):
            for batch in batches(types):
                yield pa.Table.from_batches([batch]).rename_columns(wanted)

    def read_table(wanted: list[str]) -> pa.Table:
        return pa.concat_tables(read_batches(wanted, 0))

    named = pa.schema([field.with_name(field.name.strip()) for field in schema])
    return of_arrow(title, named, read_table, read_batches=read_batches, n_rows=n_rows)


class _OnlyAsAWhole(Exception):
    """No block tells what all are."""


def _types(texts: Iterator[pa.RecordBatch]) -> tuple[pa.Schema, int]:
    """The types that all blocks of texts have in common, and the number of rows.

    Raises:
        ArrowException: they have none, as of a number in one block and a text in another.
    """
    n_rows, seen, last = 0, list[pa.Schema](), ""
    for batch in texts:
        table = _inferred(batch)
        columns = zip(batch.columns, table.schema, strict=True)
        if any(field.type == pa.string() and are_written_as_numbers(column) for column, field in columns):
            raise _OnlyAsAWhole
        seen = [pa.unify_schemas([*seen, table.schema], promote_options="permissive")]
        n_rows, last = n_rows + batch.num_rows, batch.columns[-1][-1].as_py()
    if "\n" in last or "\r" in last:  # of a quotation mark that may never be closed
        raise _OnlyAsAWhole
    return seen[0], n_rows


def _inferred(batch: pa.RecordBatch) -> pa.Table:
    """A block of texts with the types that Arrow gives to its columns."""
    sink = pa.BufferOutputStream()
    arrow_csv.write_csv(batch, sink)
    options = arrow_csv.ParseOptions(newlines_in_values=True)
    return arrow_csv.read_csv(pa.BufferReader(sink.getvalue()), parse_options=options)
