"""Which weights a folder holds, told by their content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from abstain._checks import InputError, first_line


def weight_files(folder: str | Path) -> list[Path]:
    """The safetensors files of a folder, whole or in parts, sorted by name; of an adapter its own alone."""
    return sorted(Path(folder).glob("*.safetensors"), key=lambda path: path.name)


def weights_sha256(folder: str | Path) -> str | None:
    """SHA-256 of a folder's weights, in hexadecimal; None where it holds none as safetensors.

    The files are one stream, each after the one before it in the order of their names, and read once, in chunks of
    256 KiB: what `cat *.safetensors | sha256sum` prints. The same weights in other parts have another one. A single
    file in the cache of the Hub is not read: it is called by its SHA-256 there.

    Raises:
        InputError: a file cannot be read.
    """
    files = weight_files(folder)
    if len(files) == 1 and (known := _digest_in_cache(files[0])):
        return known
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


def tensor_digests(folder: str | Path) -> frozenset[str]:
    """SHA-256 of each tensor of a folder's weights, with its type and shape, whatever it is called and where it lies.

    By these weights are known that were written anew, in other parts or under other names, and have another
    `weights_sha256`.

    Raises:
        InputError: a file cannot be read.
    """
    return frozenset(_digest_of(tensor) for tensor in _tensors(folder))


def stored_type(folder: str | Path) -> torch.dtype | None:
    """The type of the first weights that are no indices; None where there are none."""
    return next((tensor.dtype for tensor in _tensors(folder) if tensor.is_floating_point()), None)


def _tensors(folder: str | Path) -> Iterator[torch.Tensor]:
    """One after another."""
    for path in weight_files(folder):
        try:
            with safe_open(path, framework="pt") as file:
                for name in file.keys():
                    yield file.get_tensor(name)
        except (OSError, SafetensorError) as error:
            raise InputError(f"{str(path)!r} cannot be read ({first_line(error)}): save the model anew") from error


def _digest_of(tensor: torch.Tensor) -> str:
    digest = hashlib.sha256(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
    digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _digest_in_cache(path: Path) -> str | None:
    """SHA-256 of a large file in the cache of the Hub, where it is a link to a blob of that name; None elsewhere."""
    blob = path.resolve()
    in_cache = path.is_symlink() and blob.parent.name == "blobs" and re.fullmatch("[0-9a-f]{64}", blob.name)
    return blob.name if in_cache else None
