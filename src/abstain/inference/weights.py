"""Which weights a folder holds, told by their content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from abstain._checks import InputError

LFS_DIGEST = re.compile("[0-9a-f]{64}")
"""Of a file that the Hub keeps in Git LFS; others are called by their Git hash, which is shorter."""


def weight_files(folder: str | Path) -> list[Path]:
    """The safetensors files of a folder, whole or in parts, sorted by name; of an adapter its own alone."""
    return sorted(Path(folder).glob("*.safetensors"), key=lambda path: path.name)


def weights_sha256(folder: str | Path) -> str | None:
    """SHA-256 of a folder's weights, in hexadecimal; None where it holds none as safetensors.

    The files are one stream, each after the one before it in the order of their names, and read once, in chunks of
    256 KiB: what `cat *.safetensors | sha256sum` prints. The same weights in other parts have another one. A single
    file in the Hub's cache is not read: it is kept there under the digest that the Hub gives for it.

    Raises:
        InputError: a file cannot be read.
    """
    files = weight_files(folder)
    return (_digest_of_hub(files) or sha256_of(files)) if files else None


def _digest_of_hub(files: list[Path]) -> str | None:
    """The LFS digest of the one file, of which a snapshot has a link to the blob; None where it has none."""
    blob = files[0].resolve()
    is_kept = len(files) == 1 and files[0].is_symlink() and blob.parent.name == "blobs" and blob.is_file()
    return blob.name if is_kept and LFS_DIGEST.fullmatch(blob.name) else None


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
