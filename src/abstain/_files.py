"""JSON files that are whole, or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from abstain._checks import InputError


def write_json(path: Path, values: Any) -> Path:
    """Write values as JSON; the file, in a folder that is made if need be, is replaced once the new one is whole.

    Raises:
        InputError: it cannot be written; what was there before is untouched.
        ValueError: a number is NaN or infinite.
    """
    text = json.dumps(values, indent=2, allow_nan=False) + "\n"
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")  # its own for each process
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        return partial.replace(path)
    except OSError as error:  # a full disk, say
        with suppress(OSError):
            partial.unlink()
        raise InputError(f"{str(path)!r} cannot be written: {error.strerror or error}") from error


def check_folder(path: str | Path, what: str) -> Path:
    """`path` if it is a folder that exists."""
    given, path = str(path), Path(path).expanduser()
    if not path.is_dir():
        raise InputError(f"{what} {given!r} does not exist or is not a folder: give the path of a folder")
    return path


def check_results_folder(
    path: str | Path, *, overwrite: bool, written: Iterable[str] = (), how: str = "--overwrite_output_dir"
) -> Path:
    """`path`, made if need be, for a program to write `results.json` and the names in `written` to.

    Never one that holds any of them, unless `overwrite`.
    """
    path = Path(path).expanduser()
    if path.exists() and not path.is_dir():
        raise InputError(f"the output folder {str(path)!r} is a file: give another path")
    held = [name for name in ("results.json", *written) if (path / name).exists()]
    if held and not overwrite:
        raise InputError(
            f"{str(path)!r} already holds results ({held[0]}): give another folder, or {how} to replace them"
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"the output folder {str(path)!r} cannot be made: {error.strerror}") from error
    if not os.access(path, os.W_OK):
        raise InputError(f"the output folder {str(path)!r} cannot be written to: give another one")
    return path
