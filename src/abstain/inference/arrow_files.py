"""Samples in data sets as `datasets` writes them: what `save_to_disk` left, and columns of images in Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq

from abstain._checks import ArgumentError
from abstain.inference.row_files import parquet_rows
from abstain.inference.samples import in_order

ENDING = ".arrow"
OF_A_SPLIT, OF_SPLITS = "state.json", "dataset_dict.json"
"""By which a folder is known that `save_to_disk` wrote."""
IMAGES_AT_ONCE = 32


def is_arrow(file: str) -> bool:
    """Whether this is a data set of Arrow: a file, or a folder that `save_to_disk` wrote."""
    path = Path(file)
    return path.suffix == ENDING or any((path / name).is_file() for name in (OF_A_SPLIT, OF_SPLITS))


def arrow_samples(kind: str, file: str, column: str | None) -> Iterator[Any]:
    """The samples of a data set of Arrow, which stays on disk.

    Args:
        kind: what is classified.
        file: as of `is_arrow`.
        column: as `in_order`.

    Raises:
        ArgumentError: it has several splits; or as `in_order`.
    """
    if (Path(file) / OF_SPLITS).is_file():
        splits = sorted(path.parent.name for path in Path(file).glob(f"*/{OF_A_SPLIT}"))
        raise ArgumentError(
            f"{file!r} has the splits {', '.join(splits)}: give one of them, such as {file}/{splits[0]}"
        )
    data = datasets.Dataset.from_file(file) if file.endswith(ENDING) else datasets.load_from_disk(file)
    try:
        return in_order(kind, data, column)[0]
    except ArgumentError as error:
        raise ArgumentError(f"{file!r}: {error}") from error


def parquet_images(file: str, column: str | None) -> Iterator[Any]:
    """The images of a Parquet file, as they are stored: `bytes`, or the `path` of a file.

    Args:
        file: its path.
        column: the one that holds them; None takes the only one that can.

    Raises:
        ArgumentError: there is no such column, or none at all, or several.
    """
    with pq.ParquetFile(file) as opened:
        known = _image_columns(opened)
        found = known if column is None else [name for name in known if name == column]
        if len(found) != 1:
            wanted = "one of images" if column is None else f"{column!r} of images"
            raise ArgumentError(
                f"{file!r} has the columns of images {', '.join(known) or 'none'}, but needs {wanted}: say which by "
                "column=, or write the images by Dataset.to_parquet"
            )
        for _, row in parquet_rows(opened, found[0], IMAGES_AT_ONCE):
            yield row[found[0]]


def _image_columns(opened: pq.ParquetFile) -> list[str]:
    """Those that `datasets` says are images, and those that hold what it stores of one."""
    features = datasets.Features.from_arrow_schema(opened.schema_arrow)
    return [name for name, feature in features.items() if isinstance(feature, datasets.Image) or _is_stored(feature)]


def _is_stored(feature: Any) -> bool:
    if not isinstance(feature, dict) or set(feature) != {"bytes", "path"}:
        return False
    return getattr(feature["bytes"], "dtype", None) in ("binary", "large_binary", "null")  # null where none is stored
