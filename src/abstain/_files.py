"""A file is whole, or not there; and what is asked of a folder before it is read or written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from abstain._checks import ArgumentError, InputError, first_line, shown

RESULTS_FILE = "results.json"
"""What a program writes last of all: where it stands, everything beside it is whole."""


FILE_ENDINGS = (
    *(".csv", ".tsv", ".txt", ".parquet", ".json", ".jsonl", ".ndjson", ".arrow", ".npz", ".npy", ".xlsx", ".zip"),
    *(".onnx", ".skops", ".safetensors", ".pt", ".pth", ".bin", ".pkl", ".pickle", ".joblib", ".h5", ".keras"),
)
"""How names of files of data and of models end, packed by gzip too."""


def ending_of(path: Path) -> str:
    """The end of a file's name, both of `.csv.gz`."""
    return "".join(path.suffixes[-2 if path.suffix.lower() == ".gz" else -1 :])


def is_missing_file(path: Path) -> bool:
    """Whether it is named as files are, and nothing is there.

    `user/name.csv` may be on the Hub, unless `user` is a folder here.
    """
    of_file = ending_of(path).lower().removesuffix(".gz") in FILE_ENDINGS
    return of_file and not path.exists() and (len(path.parts) != 2 or path.parent.is_dir())


def as_path(path: Any, what: str = "the path") -> Path:
    """`path` as a path, with the home folder for `~`; neither need exist.

    Raises:
        InputError: it is no path, or none that a file could have.
    """
    try:
        found = Path(path).expanduser()
        found.exists()
        if "\0" in str(found):
            raise ValueError("it holds a zero byte")
        if isinstance(path, str) and not path.strip():
            raise ValueError("it is empty")
    except (TypeError, ValueError, RuntimeError, OSError) as error:  # no text, a zero byte, no such user, …
        reason = getattr(error, "strerror", None) or first_line(error)
        raise ArgumentError(f"{what} is {shown(path)}, but must be that of a file or folder ({reason})") from error
    return found


@contextmanager
def no_empty_folders(folder: Path) -> Iterator[None]:
    """Folders, down to this one, that the block makes are gone after it where it leaves them empty."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        yield
    finally:
        for path in made:
            with suppress(OSError):  # it holds something, or was never made
                path.rmdir()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to, which takes the place of `path` once the block has ended without an error.

    The folder is made if need be. After an error nothing is left beside `path`, nor a folder that was made for it, and
    what was there before is untouched.
    Where blocks lie in each other, the innermost file is renamed first, and the one that is being written is named.

    Raises:
        InputError: it cannot be written, on a full disk, say.
    """
    if path.is_dir():
        raise ArgumentError(f"{str(path)!r} cannot be written: it is a folder")
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")  # its own for each process
    with no_empty_folders(path.parent):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            partial.replace(path)
        except OSError as error:
            raise InputError(f"{str(path)!r} cannot be written: {error.strerror or error}") from error
        finally:
            with suppress(OSError):
                partial.unlink()


def json_text(values: Any) -> str:
    """Values as the text of a JSON file.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    return json.dumps(values, indent=2, allow_nan=False) + "\n"


def write_json(path: Path, values: Any) -> Path:
    """Write values as JSON, by `whole_file`.

    Raises:
        InputError: it cannot be written; what was there before is untouched.
        ValueError: a number is NaN or infinite.
    """
    write_text(path, json_text(values))
    return path


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8, by `whole_file`."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def check_folder(path: str | Path, what: str) -> Path:
    """`path` if it is a folder that exists."""
    given, path = str(path), as_path(path, what)
    if not path.is_dir():
        raise ArgumentError(f"{what} {given!r} does not exist or is not a folder: give the path of a folder")
    return path


def check_results_folder(path: str | Path, *, overwrite: bool, written: Iterable[str] = ()) -> Path:
    """`path`, for a program to make if need be and to write `results.json` and the names in `written` to.

    Never one that holds any of them, unless `overwrite`, and as `check_output_folder`.
    """
    return check_output_folder(path, overwrite=overwrite, written=[RESULTS_FILE, *written])


def check_output_folder(path: str | Path, *, overwrite: bool = False, written: Iterable[str] = ()) -> Path:
    """`path`, if it can be made, if need be, and a program may write files of these names into it.

    That is tried before the work begins, whose results would be lost. Nothing of the trial is left, nor is the folder
    made: what is refused later leaves no trace.

    Raises:
        InputError: it is a file, or can be neither made nor written to; or it holds one of the names, and `overwrite`
            is false.
    """
    path = as_path(path, "the output folder")
    what = f"the output folder {str(path)!r}"
    _check_way_to(path, what)
    held = [name for name in written if (path / name).exists()]
    if held and not overwrite:
        results = f"{str(path)!r} already holds results ({held[0]})"
        raise ArgumentError(f"{results}: give another folder, or overwrite_output_dir=True to replace them")
    _try_to_write(path, what)
    return path


def check_new_folder(path: str | Path) -> Path:
    """`path`, if it is empty or not there, and as `check_output_folder`.

    Raises:
        InputError: it holds something, or as `check_output_folder`.
    """
    path = as_path(path, "the output folder")
    if path.is_dir() and any(path.iterdir()):
        raise ArgumentError(f"{str(path)!r} is not empty, and nothing there is replaced: give another folder")
    return check_output_folder(path)


def check_output_file(path: str | Path, what: str) -> Path:
    """`path`, if a file can be written there, into a folder that is made if need be; tried as `check_output_folder`.

    Args:
        path: of the file.
        what: the argument that it is.

    Raises:
        InputError: it cannot.
    """
    path = as_path(path, what)
    if path.is_dir():
        raise ArgumentError(f"{what} is {str(path)!r}, which is a folder: give the path of a file")
    of_folder = f"the folder {str(path.parent)!r} of {what}="
    _check_way_to(path.parent, of_folder)
    _try_to_write(path.parent, of_folder)
    return path


def _nearest(folder: Path) -> Path:
    """The folder itself where something is, be it a link to nothing, or else the first of those above it."""
    return next(one for one in (folder, *folder.absolute().parents) if os.path.lexists(one))


def _check_way_to(folder: Path, what: str) -> None:
    """Refuse a folder in whose place, or above it, is something else."""
    there = _nearest(folder)
    if not there.is_dir():
        kind = "a file" if there.exists() else "a link to nothing"
        where = f"is {kind}" if there == folder else f"cannot be made: {str(there)!r} is {kind}"
        raise ArgumentError(f"{what} {where}: give another path")


def _try_to_write(folder: Path, what: str) -> None:
    """Refuse a folder that cannot be made or written to, which the modes alone do not tell, least of all to root.

    The trial has a folder of its own, since another process of the same run may have made this one and not filled it.
    """
    there = _nearest(folder)
    missing = folder.absolute().parts[len(there.absolute().parts) :]
    try:
        with TemporaryDirectory(prefix=".abstain-", dir=there) as trial:
            for name in {*missing} - {os.pardir}:  # not every disk takes every name
                (Path(trial) / name).mkdir(exist_ok=True)
    except OSError as error:
        verb = "made" if missing else "written to"
        raise ArgumentError(f"{what} cannot be {verb} ({error.strerror or error}): give another path") from error
