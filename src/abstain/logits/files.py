"""Logits and labels from one file of any common kind, Parquet, NumPy or CSV, or from a folder of shards."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from abstain._checks import InputError, check_choice, first_line
from abstain.logits.dataset import read_parquet, read_shards

LABEL_NAMES = ("label", "labels", "target", "y")
"""What the labels may be called in `.npz` and CSV files, the first that is there."""

Pair = tuple[NDArray[Any], NDArray[Any]]


def read_logits_file(path: str | Path, labels: str | Path | None = None) -> Pair:
    """Logits (N, K) and labels (N,), as they are in the file.

    Args:
        path: `.parquet` with columns `logits` and `label` (a logits data set) or a folder of its shards, `.npz` with
            arrays `logits` and `label`, `.npy` with the logits alone, or `.csv` with a header, a column `label`, and
            one column for each logit.
        labels: a `.npy` file with the labels, needed for and only for logits in `.npy`.

    Raises:
        InputError: the file does not exist, is of another kind, cannot be read, or lacks what is named above.
    """
    path = Path(path).expanduser()
    if path.is_dir() and labels is None:
        return read_shards(path)
    if not path.is_file():
        raise InputError(f"the file {str(path)!r} does not exist: give .parquet, .npz, .npy or .csv")
    readers: dict[str, Callable[[Path], Pair]] = {
        ".parquet": read_parquet,
        ".npz": _read_npz,
        ".csv": _read_csv,
        ".npy": lambda file: _read_npy(file, labels),
    }
    check_choice("kind of file", path.suffix.lower(), readers)
    if labels is not None and path.suffix.lower() != ".npy":
        raise InputError(f"labels are given apart, but {path.name} holds its own: leave them out")
    try:
        return readers[path.suffix.lower()](path)
    except (InputError, MemoryError):
        raise  # one sentence already, or not the fault of the file
    except (
        Exception
    ) as error:  # damaged files make NumPy and pyarrow raise nearly anything, IndexError and TokenError too
        reason = first_line(error)
        raise InputError(f"{str(path)!r} cannot be read as {path.suffix}: {reason}") from error


def holds_pixels(path: str | Path) -> bool:
    """Whether rows of a logits data set share images, as its column `sample` says: they depend on each other then."""
    path = Path(path).expanduser()
    files = [path] if path.suffix.lower() == ".parquet" else sorted(path.glob("part-*.parquet"))
    return bool(files) and "sample" in pq.read_schema(files[0]).names


def _read_npz(path: Path) -> Pair:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:  # np.load leaves a damaged file open
        if "logits" not in arrays:
            raise InputError(f"{str(path)!r} holds {', '.join(arrays)}, but must hold `logits` and `label`")
        return arrays["logits"], arrays[_label_name(path, list(arrays))]


def _read_npy(path: Path, labels: str | Path | None) -> Pair:
    if labels is None:
        raise InputError(f"{str(path)!r} holds logits alone: give the labels' .npy file as well (--labels)")
    if not Path(labels).is_file():
        raise InputError(f"the file of labels {str(labels)!r} does not exist")
    return np.load(path, allow_pickle=False), np.load(labels, allow_pickle=False)


def _read_csv(path: Path) -> Pair:
    with path.open(encoding="utf-8-sig") as file:
        names = [name.strip().strip('"') for name in file.readline().split(",")]
    label = names.index(_label_name(path, names))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of no data, which is an error below
        table = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2, encoding="utf-8-sig")
    if not len(table):
        raise InputError(f"{str(path)!r} has a header and no row, but at least one sample is needed")
    if table.shape[1] != len(names):
        raise InputError(f"{str(path)!r} has {len(names)} names in its header and {table.shape[1]} numbers in its rows")
    labels = table[:, label]
    if (labels != np.rint(labels)).any():
        raise InputError(f"the column {names[label]!r} of {str(path)!r} holds fractions, but labels must be integers")
    return np.delete(table, label, axis=1), labels.astype(np.int64)


def _label_name(path: Path, names: list[str]) -> str:
    found = [name for name in LABEL_NAMES if name in names]
    if not found:
        raise InputError(
            f"{str(path)!r} holds {', '.join(names)}, but none of them is called {' or '.join(LABEL_NAMES)}"
        )
    return found[0]
