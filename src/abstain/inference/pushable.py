"""Which files of a folder may go to the Hub: none that runs code when it is read, and none with a secret in it."""

from __future__ import annotations

import mmap
import re
import warnings
import zipfile
from pathlib import Path

PICKLES = (".bin", ".ckpt", ".distcp", ".joblib", ".pickle", ".pkl", ".pt", ".pth")
"""What pickles are called; a file of another name is told by how it begins."""
PROTOCOLS = re.compile(rb"\x80[\x02-\x05][^\x00]")
ANY_TOKEN = rb"hf_[A-Za-z0-9]{30,}"
"""How the Hub's own tokens look, whosever they are."""


def pushable_files(folder: Path, token: str | None = None) -> list[str]:
    """The files below a folder that hold no pickle and no token, as paths from there, sorted.

    A file that holds a token is named in a warning: the user should know that it stands there.

    Args:
        folder: whose hidden files and folders count too.
        token: the one that is used, which may be of a form that the Hub does not give.
    """
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if is_pickle(path):
            continue
        if holds_token(path, token):
            warnings.warn(f"{str(path)!r} is not pushed, for it holds a token: remove it there", stacklevel=2)
            continue
        found.append(path.relative_to(folder).as_posix())
    return found


def is_pickle(path: Path) -> bool:
    """Whether a file is a pickle, alone or in what `torch.save` writes, by its name or by how it begins."""
    if path.suffix in PICKLES:
        return True
    if path.suffix == ".safetensors":  # which begins with a number, that may be any
        return False
    with path.open("rb") as file:
        begins = file.read(4)
    if begins != b"PK\x03\x04":
        return PROTOCOLS.match(begins) is not None
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(PICKLES) for name in archive.namelist())
    except zipfile.BadZipFile:
        return False


def holds_token(content: Path | bytes, token: str | None = None) -> bool:
    """Whether a token stands in a file, or in what one will hold.

    Args:
        content: the file, or its bytes.
        token: the one that is used, which may be of a form that the Hub does not give.
    """
    secrets = re.compile(b"|".join([ANY_TOKEN, *([re.escape(token.encode())] if token else [])]))
    if isinstance(content, bytes):
        return secrets.search(content) is not None
    if not content.stat().st_size:
        return False
    with content.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return secrets.search(mapped) is not None
