"""JSON files that are whole, or not there."""

from __future__ import annotations

import json
import os
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
