"""The columns of a file of JSON Lines: read at once, or of a large one block by block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import json as arrow_json

from abstain.logits.sample_log import is_sample_log
from abstain.logits.source import Source, check_rows, of_arrow, reading

BLOCK = 2**22
"""Bytes that are parsed at once."""
ROW = 2**26
"""Bytes of the longest row."""


def read_json_lines(path: Path, title: str) -> Source:
    """The columns of one file.

    Args:
        path: of the file; what ends in `.gz` is decompressed.
        title: what messages call it.
    """
    with pa.input_stream(str(path), compression="detect") as stream:
        table = arrow_json.read_json(stream, read_options=arrow_json.ReadOptions(block_size=ROW))
    return of_arrow(title, check_rows(table, title).schema, table.select)


def json_lines_in_blocks(path: Path, title: str, *, block: int = BLOCK) -> Source | None:
    """The same columns, of a file that need not fit into memory.

    Args:
        path: of the file.
        title: what messages call it.
        block: bytes that are parsed at once.

    Returns:
        None where only the whole file tells the type of a column, or what is wrong with it; and of a log of answers.
    """
    n_rows, seen = 0, list[pa.Schema]()
    try:
        for lines in _blocks(path, block):
            table = _parsed(lines, None)
            seen = [pa.unify_schemas([*seen, table.schema], promote_options="permissive")]
            n_rows += table.num_rows
    except (pa.ArrowException, OSError):
        return None
    if not n_rows or is_sample_log(seen[0].names):
        return None
    schema = seen[0]

    def read_batches(wanted: list[str], rows: int) -> Iterator[pa.Table]:
        with reading(title, ".jsonl"):
            yield from (_parsed(lines, schema, wanted) for lines in _blocks(path, block))

    def read_table(wanted: list[str]) -> pa.Table:
        return pa.concat_tables(read_batches(wanted, 0))

    return of_arrow(title, schema, read_table, read_batches=read_batches, n_rows=n_rows)


def _blocks(path: Path, size: int) -> Iterator[bytes]:
    """The file in pieces of whole lines: none ends within a row, whose texts have their line ends escaped."""
    rest = b""
    with pa.input_stream(str(path), compression="detect") as stream:
        while piece := bytes(stream.read(size)):
            end = piece.rfind(b"\n") + 1
            if end and (lines := rest + piece[:end]).strip():
                yield lines
            rest = piece[end:] if end else rest + piece
    if rest.strip():
        yield rest


def _parsed(lines: bytes, schema: pa.Schema | None, wanted: list[str] | None = None) -> pa.Table:
    """Some columns of rows with the types that are known, or all with those that these rows tell."""
    known = None if schema is None else pa.schema([schema.field(name) for name in wanted or ()])
    options = arrow_json.ParseOptions(
        explicit_schema=known, unexpected_field_behavior="infer" if known is None else "ignore"
    )
    reading_at_once = arrow_json.ReadOptions(block_size=max(len(lines), 1))
    table = arrow_json.read_json(pa.BufferReader(lines), read_options=reading_at_once, parse_options=options)
    return table if known is None else table.select(known.names)
