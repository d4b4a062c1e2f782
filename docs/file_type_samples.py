"""The files of this installation of Python as Magika sees them, with what their names say they are."""

from __future__ import annotations

import hashlib
import os
import sysconfig
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from file_type_names import FOLDERS_LEFT_OUT, label_of

BLOCK, KEPT = 4096, 1024
"""Bytes read at each end of a file, and how many of them the model sees, without the white space at the ends."""
FEWEST = 8
"""Bytes without which Magika does not ask its model."""
PADDING = 256
MOST_OF_PACKAGE, MOST_OF_EXTENSION = 100, 2000
STANDARD_LIBRARY = "the standard library"


@dataclass(frozen=True)
class File:
    """A file whose name says what it is.

    Attributes:
        path: where it is.
        package: the folder of `site-packages` in which it lies, or the standard library.
        label: what its name says.
        place: a hash of its path below the package, which decides who is taken where there are many.
    """

    path: Path
    package: str
    label: str
    place: str


@dataclass(frozen=True, eq=False)
class Samples:
    """Files that differ in what the model sees of them.

    Attributes:
        inputs: (N, 2048) int32, bytes and paddings.
        labels: N names of classes.
        packages: N names.
        is_test: (N,) by a hash of the input.
        n_duplicates: files that were left out because another one looks the same to the model.
        n_contradictions: of them those whose names say something else.
    """

    inputs: Any
    labels: list[str]
    packages: list[str]
    is_test: Any
    n_duplicates: int
    n_contradictions: int


def roots() -> dict[Path, bool]:
    """Folder -> whether it is the standard library, of this installation."""
    paths = sysconfig.get_paths()
    packages = {Path(paths[name]).resolve(): False for name in ("purelib", "platlib")}
    return {Path(paths["stdlib"]).resolve(): True} | packages


def find_files(folders: dict[Path, bool]) -> Iterator[File]:
    """Every file below them whose name says what it is."""
    for root, is_standard in folders.items():
        for folder, inner, names in os.walk(root):
            inner[:] = sorted(name for name in inner if _is_taken(Path(folder, name), folders))
            below = Path(folder).relative_to(root)
            package = STANDARD_LIBRARY if is_standard else (below.parts or ("",))[0]
            for name in sorted(names):
                if (label := label_of(name)) and package:
                    place = hashlib.sha256((below / name).as_posix().encode()).hexdigest()
                    yield File(Path(folder, name), package, label, place)


def _is_taken(folder: Path, folders: dict[Path, bool]) -> bool:
    other_root = folder in folders or folder.name == "site-packages"
    return not (other_root or folder.name in FOLDERS_LEFT_OUT or folder.name.endswith(".dist-info"))


def some_of_each(files: Iterable[File], of_package: int, of_extension: int) -> list[File]:
    """At most so many files of an extension from a package, and in all, by the hash of their paths."""
    groups = defaultdict(list)
    for file in sorted(files, key=lambda file: file.place):
        groups[file.path.suffix.lower(), file.package].append(file)
    by_extension = defaultdict(list)
    for (extension, _), group in groups.items():
        by_extension[extension] += group[:of_package]
    chosen = (sorted(group, key=lambda file: file.place)[:of_extension] for group in by_extension.values())
    return [file for group in chosen for file in group]


def read_samples(files: Iterable[File]) -> Samples:
    """What the model sees of each file; of those that look the same the first, or none where their names disagree."""
    seen: dict[bytes, list[File]] = defaultdict(list)
    for file in files:
        if (tokens := model_input(file.path)) is not None:
            seen[tokens.tobytes()].append(file)
    agreeing = {key: same for key, same in seen.items() if len({file.label for file in same}) == 1}
    n_files = sum(map(len, seen.values()))
    return Samples(
        inputs=np.array([np.frombuffer(key, np.int32) for key in agreeing]),
        labels=[same[0].label for same in agreeing.values()],
        packages=[same[0].package for same in agreeing.values()],
        is_test=np.array([hashlib.sha256(b"0" + key).digest()[0] % 2 == 0 for key in agreeing]),
        n_duplicates=n_files - len(agreeing),
        n_contradictions=n_files - sum(map(len, agreeing.values())),
    )


def model_input(path: Path) -> Any:
    """(2048,) int32, the first and the last bytes of a file; None of one too short for the model."""
    with path.open("rb") as stream:
        first = stream.read(BLOCK)
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - BLOCK))
        last = stream.read(BLOCK)
    first, last = first.lstrip()[:KEPT], last.rstrip()[-KEPT:]
    if len(first) < FEWEST:
        return None
    tokens = np.full(2 * KEPT, PADDING, np.int32)
    tokens[: len(first)] = np.frombuffer(first, np.uint8)
    tokens[2 * KEPT - len(last) :] = np.frombuffer(last, np.uint8)
    return tokens
