"""Samples in files and from standard input, read as a stream: images, also by the folder; texts; rows of tables."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from PIL import Image

from abstain._checks import ArgumentError, InputError, first_line
from abstain.inference.arrow_files import ENDING, arrow_samples, is_arrow, parquet_images
from abstain.inference.row_files import ENDINGS, RowFile, begun, ending_of, opened_rows, opened_text, rows_of_lines
from abstain.inference.samples import URLS, USUAL

Named = tuple[str, Any]
"""What a sample is called, and the sample."""
STANDARD_INPUT = "-"
LINES = ".txt"
IMAGES = ("images", "pixels")
CALLED = {"images": "images", "pixels": "images", "texts": "texts", "tables": "rows"}
"""What is classified -> what the samples are."""
NOT_READ = (OSError, ValueError, EOFError, RecursionError)  # those of pandas, of Arrow, and of JSON among them


def samples_of_files(kind: str, files: Sequence[str], column: str | None = None) -> Iterator[Named]:
    """The samples of files, one after another; none is read before its turn.

    Args:
        kind: what is classified: `images` or `pixels` (files, folders with all that they hold, URLs, a column of
            Parquet), `texts` (a line of a `.txt`, a cell of a column of CSV, TSV, Parquet or JSON Lines), `tables` (a
            row of these). Any of them: data sets of Arrow, as `save_to_disk` of `datasets` writes them.
        files: paths, of which each exists, and URLs of images; `-` is standard input: a path or a URL of an image a
            line, a text a line, and of rows, or with `column`, CSV with a header or JSON Lines.
        column: of files with columns; None takes the only one that can be meant.

    Returns:
        Names, such as `reviews.csv:12` for its twelfth row, and samples.

    Raises:
        ArgumentError: a file of another kind, or a column that is not there or not needed.
        InputError: a file cannot be read, once it is its turn.
    """
    if column is not None and (kind == "tables" or (kind in IMAGES and not any(map(_has_columns, files)))):
        raise ArgumentError(f"column is {column!r}, but the model classifies {kind} without one: leave it out")
    for file in files:
        if kind not in IMAGES:
            _check_ending(kind, file)
    return (sample for file in files for sample in _of_file(kind, file, column))


def check_files_exist(files: Sequence[str]) -> None:
    """Refuse a path that leads nowhere, before anything else is done.

    Raises:
        ArgumentError: there is one, or standard input is to be read twice.
    """
    for file in files:
        if file != STANDARD_INPUT and not file.startswith(URLS) and not Path(file).exists():
            raise ArgumentError(f"there is no file {file!r}: give one that exists")
    if files.count(STANDARD_INPUT) > 1:
        raise ArgumentError(f"{STANDARD_INPUT!r} is given twice, but standard input is read once: leave one out")


def _has_columns(file: str) -> bool:
    return ending_of(file) == ".parquet" or is_arrow(file)


def _check_ending(kind: str, file: str) -> None:
    known = (*((LINES,) if kind == "texts" else ()), *ENDINGS, ENDING)
    if file == STANDARD_INPUT or is_arrow(file):
        return
    if file.startswith(URLS) or ending_of(file) not in known:
        raise ArgumentError(
            f"{file!r} holds no {kind} that are read here: give a file that ends in one of {', '.join(known)}, or a "
            "folder that save_to_disk of datasets wrote"
        )


def _of_file(kind: str, file: str, column: str | None) -> Iterator[Named]:
    is_empty = True
    try:
        for named in _read(kind, file, column):
            is_empty = False
            yield named
        if is_empty:
            raise InputError(f"it holds no {CALLED[kind]}: give another one")
    except ArgumentError:
        raise
    except InputError as error:
        raise InputError(f"{_called(file)}: {error}") from error
    except NOT_READ as error:
        raise InputError(f"{_called(file)} cannot be read ({first_line(error)}): look at it") from error


def _read(kind: str, file: str, column: str | None) -> Iterator[Named]:
    if is_arrow(file):
        yield from _numbered(file, arrow_samples(kind, file, column))
    elif kind in IMAGES:
        yield from _images(file, column)
    elif file == STANDARD_INPUT:
        with _standard_input() as lines:
            yield from _typed_in(kind, lines, column)
    elif ending_of(file) == LINES:
        with opened_text(file) as lines:
            yield from _lines(file, lines)
    else:
        with opened_rows(file) as opened:
            yield from _rows(kind, file, opened, column)


def _called(file: str) -> str:
    return "standard input" if file == STANDARD_INPUT else repr(file)


def _numbered(file: str, samples: Iterator[Any]) -> Iterator[Named]:
    return ((f"{file}:{number}", sample) for number, sample in enumerate(samples, 1))


def _images(file: str, column: str | None) -> Iterator[Named]:
    """The image, those of a column, or all of a folder and those below it, in the order of their names."""
    if file == STANDARD_INPUT:
        with _standard_input() as lines:
            yield from ((line, line) for line in map(str.strip, lines) if line)
    elif file.startswith(URLS):
        yield file, file
    elif ending_of(file) == ".parquet":
        yield from _numbered(file, parquet_images(file, column))
    elif Path(file).is_dir():
        yield from _of_folder(file)
    else:
        yield file, file


def _of_folder(folder: str) -> Iterator[Named]:
    known = set(Image.registered_extensions())
    for place, below, names in os.walk(folder):
        below.sort()
        for path in sorted(Path(place, name) for name in names if Path(name).suffix.lower() in known):
            yield str(path), path


def _lines(file: str, lines: TextIO) -> Iterator[Named]:
    return ((f"{file}:{number}", line.strip()) for number, line in enumerate(lines, 1) if line.strip())


def _rows(kind: str, file: str, opened: RowFile, column: str | None) -> Iterator[Named]:
    wanted = _text_column(file, opened.columns, column) if kind == "texts" else None
    for number, row in opened.rows(wanted):
        yield f"{file}:{number}", row if wanted is None else row[wanted]


def _text_column(file: str, known: Sequence[str], column: str | None) -> str:
    found = [name for name in USUAL if name in known] if column is None else [column]
    if len(found) != 1 or found[0] not in known:
        raise ArgumentError(f"{_called(file)} has the columns {', '.join(known)}: say which holds the texts by column=")
    return found[0]


def _typed_in(kind: str, lines: TextIO, column: str | None) -> Iterator[Named]:
    if kind == "texts" and column is None:
        return _lines(STANDARD_INPUT, lines)
    first, whole = begun(lines)
    ending = ".jsonl" if first.lstrip().startswith("{") else ".csv"
    return _rows(kind, STANDARD_INPUT, rows_of_lines(whole, ending), column)


@contextmanager
def _standard_input() -> Iterator[TextIO]:
    lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
    try:
        yield lines
    finally:
        lines.detach()  # so that it stays open for who reads it next
