"""Which weights a folder holds, told by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from abstain._checks import InputError


def weight_files(folder: str | Path) -> list[Path]:
    """The safetensors files of a folder, whole or in parts, sorted by name; of an adapter its own alone."""
    return sorted(Path(folder).glob("*.safetensors"), key=lambda path: path.name)


def weights_sha256(folder: str | Path) -> str | None:
    """SHA-256 of a folder's weights, in hexadecimal; None where it holds none as safetensors.

    The files are one stream, each after the one before it in the order of their names, and read once, in chunks of
    256 KiB: what `cat *.safetensors | sha256sum` prints. The same weights in other parts have another one.

    Raises:
        InputError: a file cannot be read.
    """
    files = weight_files(folder)
    return sha256_of(files) if files else None


def sha256_of(files: Iterable[Path]) -> str:
    """SHA-256 of files as one stream, in this order.

    Raises:
        InputError: one cannot be read.
    """
    digest = hashlib.sha256()
    for path in files:
        try:
            with path.open("rb") as file:
                hashlib.file_digest(file, lambda: digest)
        except OSError as error:
            raise InputError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()
