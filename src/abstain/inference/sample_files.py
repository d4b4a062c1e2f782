"""Samples in files, read as a stream: images, also by the folder; texts, a line or a cell each; rows of tables."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from PIL import Image

from abstain._checks import ArgumentError, InputError, first_line, shown
from abstain.inference.samples import URLS, USUAL

Named = tuple[str, Any]
"""What a sample is called, and the sample."""
Rows = Iterator[tuple[int, dict[str, Any]]]
"""The number of each row in its file, from 1, and its cells."""
LINES = (".txt",)
ROWS_AT_ONCE = 1000
NOT_READ = (OSError, ValueError, EOFError, RecursionError)  # those of pandas, of Arrow, and of JSON among them


def samples_of_files(kind: str, files: Sequence[str], column: str | None = None) -> Iterator[Named]:
    """The samples of files, one after another; none is read before its turn.

    Args:
        kind: what is classified: `images` or `pixels` (files, folders with all that they hold, URLs), `texts` (a line
            of a `.txt`, a cell of a column of CSV, TSV, Parquet or JSON Lines), `tables` (a row of these).
        files: paths, of which each exists, and URLs of images.
        column: of texts in files with columns; None takes the only one that is called as texts usually are.

    Returns:
        Names, such as `reviews.csv:12` for its twelfth row, and samples.

    Raises:
        ArgumentError: a file of another kind, or a column that is not there or not needed.
        InputError: a file cannot be read, once it is its turn.
    """
    if column is not None and kind != "texts":
        raise ArgumentError(f"column is {column!r}, but the model classifies {kind}: leave it out")
    if kind in ("images", "pixels"):
        return (sample for file in files for sample in _images(file))
    for file in files:
        _check_suffix(kind, file)
    return (sample for file in files for sample in _of_file(kind, file, column))


def check_files_exist(files: Sequence[str]) -> None:
    """Refuse a path that leads nowhere, before anything else is done.

    Raises:
        ArgumentError: there is one.
    """
    for file in files:
        if not file.startswith(URLS) and not Path(file).exists():
            raise ArgumentError(f"there is no file {file!r}: give one that exists")


def _check_suffix(kind: str, file: str) -> None:
    known = (*(LINES if kind == "texts" else ()), *READERS)
    if file.startswith(URLS) or _suffix(file) not in known:
        raise ArgumentError(
            f"{file!r} holds no {kind} that are read here: give a file that ends in one of {', '.join(known)}"
        )


def _suffix(file: str) -> str:
    return Path(file.removesuffix(".gz")).suffix.lower()


def _images(file: str) -> Iterator[Named]:
    """The image, or all of a folder and those below it, in the order of their names."""
    if file.startswith(URLS) or not Path(file).is_dir():
        yield file, file
        return
    known, found = set(Image.registered_extensions()), False
    for folder, below, names in os.walk(file):
        below.sort()
        for path in sorted(Path(folder, name) for name in names if Path(name).suffix.lower() in known):
            found = True
            yield str(path), path
    if not found:
        raise InputError(f"the folder {file!r} holds no images: give another one")


def _of_file(kind: str, file: str, column: str | None) -> Iterator[Named]:
    try:
        if _suffix(file) in LINES:
            yield from _lines(file)
            return
        wanted = _text_column(file, column) if kind == "texts" else None
        for number, row in READERS[_suffix(file)](file, wanted):
            yield f"{file}:{number}", row if wanted is None else row[wanted]
    except InputError:
        raise
    except NOT_READ as error:
        raise InputError(f"{file!r} cannot be read ({first_line(error)}): look at it") from error


def _lines(file: str) -> Iterator[Named]:
    with open(file, encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield f"{file}:{number}", line.strip()


def _text_column(file: str, column: str | None) -> str:
    known = _columns(file)
    found = [name for name in USUAL if name in known] if column is None else [column]
    if len(found) != 1 or found[0] not in known:
        raise ArgumentError(f"{file!r} has the columns {', '.join(known)}: say which holds the texts by column=")
    return found[0]


def _columns(file: str) -> list[str]:
    if _suffix(file) == ".parquet":
        return pq.read_schema(file).names
    if _suffix(file) in SEPARATORS:
        return list(pd.read_csv(file, sep=_separator(file), nrows=0).columns)
    return list(next(_json_lines(file, None), (1, {}))[1])


def _csv(file: str, column: str | None) -> Rows:
    """A column of texts as it stands; without one all columns, as `datasets` reads them for training."""
    of_texts: dict[str, Any] = {"usecols": [column], "dtype": str, "keep_default_na": False}
    number = 0
    with pd.read_csv(file, sep=_separator(file), chunksize=ROWS_AT_ONCE, **(of_texts if column else {})) as chunks:
        for chunk in chunks:
            for row in chunk.to_dict("records"):
                number += 1
                yield number, {str(name): value for name, value in row.items()}


def _separator(file: str) -> str:
    """A semicolon where the header has one and no comma."""
    if _suffix(file) == ".tsv":
        return "\t"
    header = ",".join(map(str, pd.read_csv(file, sep="\0", nrows=0, engine="python").columns))
    return ";" if ";" in header and "," not in header else ","


def _parquet(file: str, column: str | None) -> Rows:
    number = 0
    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(ROWS_AT_ONCE, columns=None if column is None else [column]):
            for row in batch.to_pylist():
                number += 1
                yield number, row


def _json_lines(file: str, column: str | None) -> Rows:
    with open(file, encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            row = json.loads(line)
            if not isinstance(row, dict) or (column is not None and column not in row):
                wanted = "keys" if column is None else f"the key {column!r}"
                raise InputError(f"the line {number} of {file!r} is {shown(row)}, but must be JSON with {wanted}")
            yield number, row


SEPARATORS = (".csv", ".tsv")
READERS: dict[str, Callable[[str, str | None], Rows]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".parquet": _parquet,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_lines,
}
"""How a file ends -> what reads its rows, of one column or of all."""
