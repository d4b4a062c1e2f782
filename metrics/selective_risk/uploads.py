"""Uploaded files to predictions: within the limits of the page, and in sentences that name no folder of the server."""

from __future__ import annotations

import contextlib
import gzip
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from abstain import InputError, read_predictions
from abstain.cli import typed
from abstain.logits import Predictions

MEGABYTE = 10**6
LIMIT_MB = 200
UNPACKED_LIMIT_MB = 1000
"""A small compressed file may unpack to more memory than the machine has."""
KINDS = ".csv, .tsv, .parquet, .npz, .jsonl or .safetensors"


def check_limits(files: Sequence[Path]) -> None:
    """Refuse files that are too large together, before anything is read of them.

    Raises:
        InputError: they are, as they are stored or once they are unpacked.
    """
    for limit, size, how in ((LIMIT_MB, _stored_size, "in size"), (UNPACKED_LIMIT_MB, _unpacked_size, "unpacked")):
        found = sum(map(size, files)) / MEGABYTE
        if found > limit:
            raise InputError(f"the upload is {found:,.0f} MB {how}, but at most {limit} MB are taken: give fewer rows")


def as_told(texts: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, as `read_predictions` takes it; what was left empty is left out.

    Raises:
        InputError: a text that should be a whole number is none.
    """
    typed = {name: text.strip() for name, text in texts.items() if text and text.strip()}
    return {
        name: _whole(name, text) if name in ("class_axis", "ignore_index") else text for name, text in typed.items()
    }


def _whole(name: str, text: str) -> int:
    if re.fullmatch(r"[-+]?[0-9]{1,18}", text) is None:
        raise InputError(f"{name} is {text!r}, but must be a whole number, such as -100, or empty")
    return int(text)


def read_upload(files: Sequence[Path], **told: Any) -> Predictions:
    """What one field of files holds: one file, or values and labels as two `.npy` in any order.

    Args:
        files: as they were uploaded.
        **told: as `read_predictions`, where names and values do not tell.

    Raises:
        InputError: other files than these, or as `read_predictions`.
    """
    kinds = {file.suffix.lower() for file in files}
    if len(files) != (2 if ".npy" in kinds else 1) or len(kinds) > 1:
        raise InputError(
            f"the upload is {called(files)}, but must be one {KINDS} file, or two .npy files at once, with the values "
            "and the labels"
        )
    values, *labels = files if len(files) == 1 else _values_and_labels(*files)
    return read_predictions(values, labels=labels[0] if labels else None, **told)


def called(files: Sequence[Path]) -> str:
    """The names of files, without their folders."""
    return " and ".join(file.name for file in files)


@contextlib.contextmanager
def without_folders(files: Sequence[Path]) -> Iterator[None]:
    """Say of wrong data what the command line says, without the folders of these files.

    Raises:
        InputError: in place of the one that was raised.
    """
    try:
        yield
    except InputError as error:
        sentence = str(error)
        for folder in {file.parent for file in files}:
            sentence = sentence.replace(f"{folder}/", "")
        raise InputError(typed(sentence)) from error


def forget(paths: Sequence[str]) -> None:
    """Delete uploaded files, each with the folder that was made for it alone."""
    for path in map(Path, paths):
        with contextlib.suppress(OSError):  # gone already, or not alone in its folder
            path.unlink()
            path.parent.rmdir()


def _values_and_labels(first: Path, second: Path) -> tuple[Path, Path]:
    """Labels are the fewer numbers; of as many, as in one-hot labels, those that are whole."""
    sizes = [_n_numbers(file) for file in (first, second)]
    if sizes[0] != sizes[1]:
        return (first, second) if sizes[0] > sizes[1] else (second, first)
    whole = [_are_whole(file) for file in (first, second)]
    if whole[0] == whole[1]:
        raise InputError(
            f"{first.name!r} and {second.name!r} hold as many numbers, of which nothing tells which are the labels: "
            "give both in one .npz, as the arrays logits and label"
        )
    return (second, first) if whole[0] else (first, second)


def _n_numbers(file: Path) -> int:
    with contextlib.suppress(Exception):  # of a damaged file; the reader says in words what is wrong
        return int(np.load(file, mmap_mode="r", allow_pickle=False).size)
    return -1


def _are_whole(file: Path) -> bool:
    with contextlib.suppress(Exception):  # as above
        numbers = np.load(file, allow_pickle=False)
        return bool((numbers == np.floor(numbers)).all())
    return False


def _stored_size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0  # the reader says in words what is missing


def _unpacked_size(file: Path) -> int:
    sizes = {".npz": _size_in_zip, ".parquet": _size_in_parquet, ".gz": _size_in_gzip}
    with contextlib.suppress(Exception):  # of a damaged file; the reader says in words what is wrong
        return sizes.get(file.suffix.lower(), _stored_size)(file)
    return 0


def _size_in_zip(file: Path) -> int:
    with zipfile.ZipFile(file) as archive:
        return sum(member.file_size for member in archive.infolist())


def _size_in_parquet(file: Path) -> int:
    groups = pq.read_metadata(file).to_dict()["row_groups"]
    return 8 * sum(column["num_values"] for group in groups for column in group["columns"])


def _size_in_gzip(file: Path) -> int:
    """Counted up to just above the limit, since what the file says of itself may be wrong."""
    size = 0
    with gzip.open(file) as stream:
        while size <= UNPACKED_LIMIT_MB * MEGABYTE and (block := stream.read(MEGABYTE)):
            size += len(block)
    return size
