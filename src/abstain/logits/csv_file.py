"""The columns of a file of comma-separated values, or of tabs, semicolons, bars or blanks."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from abstain._checks import InputError, shown
from abstain.logits.decimal_commas import without_decimal_commas
from abstain.logits.names import LABEL, PREDICTION, plain
from abstain.logits.source import Source, check_rows, of_arrow

SEPARATORS = "\t;,| "
"""The first that divides the header is meant."""


def read_csv(path: Path, title: str) -> Source:
    """The columns of one file; quoted text may hold separators and lines.

    Args:
        path: of the file; what ends in `.gz` is decompressed.
        title: what messages call it.

    Raises:
        InputError: it is not in UTF-8, has rows of other lengths than its header, or a quotation mark too few.
    """
    from pyarrow import csv as arrow_csv

    beginning = beginning_of(path)
    if not beginning.strip(b"\xef\xbb\xbf \t\r\n"):
        raise InputError(f"{title} is empty, but must hold a header and rows of values and labels: write it anew")
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(f"{title} is text in UTF-16, but must be in UTF-8: save it again so")
    options = arrow_csv.ParseOptions(delimiter=separator_of(beginning), newlines_in_values=True)
    try:
        table = arrow_csv.read_csv(path, parse_options=options)
        names = [name.strip() for name in table.column_names]
    except UnicodeDecodeError:
        raise _not_utf_8(title, "the header") from None
    except pa.ArrowInvalid as error:
        raise _ragged(error, title, beginning, lambda: _row_of(path, options)) or error from None
    _check_quotes_are_closed(table, path, title)
    for name, column in zip(names, table.columns, strict=True):
        if pa.types.is_binary(column.type) and plain(name) in (*LABEL, *PREDICTION):
            raise _not_utf_8(title, f"the column {name!r}")
    table = without_decimal_commas(table.rename_columns(names), title)
    return of_arrow(title, check_rows(table, title).schema, table.select)


def beginning_of(path: Path) -> bytes:
    """The first bytes of a file, which hold its header; of what ends in `.gz` those of what it holds."""
    with pa.input_stream(str(path), compression="detect") as stream:
        return bytes(stream.read(1_000_000))


def separator_of(beginning: bytes) -> str:
    """What divides the cells of a file with this beginning."""
    _, header, _ = _header(beginning)
    divide = (one for one in SEPARATORS if len(next(csv.reader([header], delimiter=one), [])) > 1)
    return next(divide, ",")


def _check_quotes_are_closed(table: pa.Table, path: Path, title: str) -> None:
    """Refuse rows that a quotation mark which is never closed makes part of the last cell."""
    last = table.column(table.num_columns - 1)[-1].as_py() if table.num_rows and table.num_columns else None
    last = last.encode() if isinstance(last, str) else last  # bytes where it is not in UTF-8
    if not isinstance(last, bytes) or not (b"\n" in last or b"\r" in last):
        return
    end = b""
    with pa.input_stream(str(path), compression="detect") as stream:
        while chunk := stream.read(2**24):
            end = (end + chunk)[-1000:]
    if not end.rstrip().endswith(b'"'):
        raise InputError(
            f"{title} cannot be read as .csv: a quotation mark is opened in row {table.num_rows - 1} (counted from 0) "
            "and never closed, so that all lines after it are one cell: close it, or take it out"
        )


def _not_utf_8(title: str, where: str) -> InputError:
    return InputError(f"{where} of {title} cannot be read as text in UTF-8: save it as UTF-8")


def _row_of(path: Path, options: Any) -> str:
    """Which row Arrow stumbles over, which it counts only where it does not read several parts at once."""
    from pyarrow import csv as arrow_csv

    try:
        arrow_csv.read_csv(path, read_options=arrow_csv.ReadOptions(use_threads=False), parse_options=options)
    except pa.ArrowInvalid as error:
        found = re.search(r"Row #(\d+): Expected", str(error))
        return f" {int(found[1]) - 2} (counted from 0)" if found else ""  # of the header it is 1
    return ""


def _ragged(error: pa.ArrowInvalid, title: str, beginning: bytes, which: Callable[[], str]) -> InputError | None:
    """What is wrong with a row of more or fewer cells than there are columns; None of another error."""
    found = re.search(r"Expected (\d+) columns, got (\d+): (.*)", str(error))
    if found is None:
        return None
    n_columns, n_cells, row = found.groups()
    number, header, first_row = _header(beginning)
    is_first = row and first_row.startswith(row.removesuffix(" ..."))
    title_line = f", or take out line {number}, {shown(header)}, if that is a title or a comment and no header"
    return InputError(
        f"{title} cannot be read as .csv: row{which()} has {n_cells} cells, but there are {n_columns} columns: mend "
        f"{shown(row)}, or quote what holds a separator{title_line if is_first else ''}"
    )


def _header(beginning: bytes) -> tuple[int, str, str]:
    """The number, from 1, of the first line that is not empty, this line, and the next one that is not empty."""
    lines = beginning.decode("utf-8-sig", errors="replace").splitlines()
    filled = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    (number, header), (_, first_row) = [*filled, (1, ""), (1, "")][:2]
    return number, header, first_row
