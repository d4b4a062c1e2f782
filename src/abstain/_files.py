"""A file is whole, or not there; and what is asked of a folder before it is read or written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from abstain._checks import ArgumentError, InputError, first_line, shown

RESULTS_FILE = "results.json"
"""What a program writes last of all: where it stands, everything beside it is whole."""


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

    Never one that holds any of them, unless `overwrite`. Nothing is made yet: what is refused later leaves no trace.
    """
    return check_output_folder(path, overwrite=overwrite, written=[RESULTS_FILE, *written])


def check_output_folder(path: str | Path, *, overwrite: bool, written: Iterable[str]) -> Path:
    """`path`, if a program may write files of these names into it, as `check_results_folder`; it is not made."""
    path = as_path(path, "the output folder")
    there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not there.is_dir():
        what = "is a file" if there == path else f"cannot be made: {str(there)!r} is a file"
        raise ArgumentError(f"the output folder {str(path)!r} {what}: give another path")
    held = [name for name in written if (path / name).exists()]
    if held and not overwrite:
        what = f"{str(path)!r} already holds results ({held[0]})"
        raise ArgumentError(f"{what}: give another folder, or overwrite_output_dir=True to replace them")
    if not os.access(there, os.W_OK):
        raise ArgumentError(f"the output folder {str(path)!r} cannot be written to: give another one")
    return path
