"""Which data a data set on disk holds, told without reading all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from datasets import Image

if TYPE_CHECKING:
    from datasets import Dataset

FINGERPRINTED = 1000
"""Rows whose content is read: all labels tell data sets apart, and these the contents, in seconds for any size."""


def data_digest(
    dataset: Dataset, columns: Iterable[str], labels: Any = (), *, whole: Iterable[str] = ()
) -> hashlib._Hash:
    """SHA-256 of all labels and of 1,000 evenly spaced rows (or all), as they are stored; more can be added to it.

    Args:
        dataset: with columns of images, texts or numbers.
        columns: the names of those that count.
        labels: (N,) integers.
        whole: the names of columns of which every row is read, for labels of other kinds.
    """
    digest = hashlib.sha256(np.asarray(labels, dtype=np.int64).tobytes())
    columns, whole = list(columns), list(whole)
    stored = dataset.select_columns(list(dict.fromkeys([*columns, *whole])))
    for column, kind in stored.features.items():
        if isinstance(kind, Image):
            stored = stored.cast_column(column, Image(decode=False))
    for batch in stored.select_columns(whole).iter(batch_size=1000) if whole else ():
        for row in zip(*batch.values(), strict=True):
            for value in row:
                digest.update(_content(value))
    sampled = stored.select_columns(columns)
    for index in np.linspace(0, len(dataset) - 1, min(len(dataset), FINGERPRINTED)).round().astype(int).tolist():
        for value in sampled[index].values():
            digest.update(_content(value))
    return digest


def _content(value: Any) -> bytes:
    """The bytes of an image file, or a text or a number as text."""
    if isinstance(value, dict) and value.keys() == {"bytes", "path"}:
        return Path(value["path"]).read_bytes() if value["bytes"] is None else cast(bytes, value["bytes"])
    return str(value).encode()
