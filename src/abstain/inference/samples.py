"""Samples as people have them: paths, URLs, images, arrays, texts, rows, data sets; one, many, or a stream."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sized
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import datasets
import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from abstain._checks import ArgumentError, InputError, shown
from abstain.data.columns import find_column
from abstain.data.decoding import as_rgb

ROLES = {"images": "image", "texts": "text", "pixels": "image"}
"""What is classified -> the role of its column in a data set; rows of tables are taken whole."""
SPLITS = (datasets.DatasetDict, datasets.IterableDatasetDict)
DATA_SETS = (datasets.Dataset, datasets.IterableDataset, *SPLITS)
URLS = ("http://", "https://", "data:image/")
SECONDS = 60
"""How long a server may take to answer."""
MOST_BYTES = 2**28
"""Of an image at a URL."""
USUAL = ("image", "img", "text", "sentence")
"""Names of columns in a stream, whose kinds nobody may know."""


def is_one(kind: str, samples: Any) -> bool:
    """Whether this is a single sample and not several.

    Args:
        kind: what is classified: `images`, `texts`, `pixels` or `tables`.
        samples: what a user gave.
    """
    if isinstance(samples, (*DATA_SETS, pd.DataFrame)):
        return False
    if isinstance(samples, str | bytes | Path | Image.Image | Mapping):
        return True
    if isinstance(samples, pd.Series):
        return kind == "tables"
    shape = getattr(samples, "shape", None)
    return shape is not None and (len(shape) == 0 or (kind in ("images", "pixels") and len(shape) in (2, 3)))


def in_order(kind: str, samples: Any, column: str | None = None) -> tuple[Iterator[Any], int | None]:
    """The samples one after another, and how many there are; None where nobody knows.

    Args:
        kind: what is classified.
        samples: an iterable of samples, a data set, or a table.
        column: of a data set: the column that holds the samples; None takes the only one that can.

    Raises:
        ArgumentError: they are no samples, or a single one; a column of what has none, or several could be meant.
    """
    if is_one(kind, samples):
        raise ArgumentError(f"one sample is given, {shown(samples)}, where there may be several: give a list of it")
    if isinstance(samples, SPLITS):
        raise ArgumentError(f"the data set has the splits {', '.join(samples)}: give one of them, as data['test']")
    if isinstance(samples, datasets.Dataset):
        return _of_dataset(kind, samples, column), len(samples)
    if isinstance(samples, datasets.IterableDataset):
        return _of_stream(kind, samples, column), None
    if column is not None:
        raise ArgumentError(f"column is {column!r}, but only a data set has columns: leave it out")
    if isinstance(samples, pd.DataFrame):
        if kind != "tables":
            raise ArgumentError(f"a DataFrame is given, but the model classifies {kind}: give them as a list")
        return iter(samples.to_dict("records")), len(samples)
    if not isinstance(samples, Iterable):
        raise ArgumentError(f"samples are {shown(samples)}, but must be {kind}, one or several: give a list of them")
    return iter(samples), len(samples) if isinstance(samples, Sized) else None


def in_batches(samples: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """Lists of at most `size` samples."""
    while batch := list(islice(samples, size)):
        yield batch


def _of_dataset(kind: str, data: datasets.Dataset, column: str | None) -> Iterator[Any]:
    if kind == "tables":
        _refuse_column(column)
        return iter(data.with_format(None))
    name = find_column(data, column, ROLES[kind])
    rows = data.select_columns([name]).with_format(None)
    return (row[name] for row in rows)


def _of_stream(kind: str, data: datasets.IterableDataset, column: str | None) -> Iterator[Any]:
    if kind == "tables":
        _refuse_column(column)
        return iter(data.with_format(None))
    known = list(data.column_names or [])
    names = [name for name in USUAL if name in known] if column is None else [column]
    if len(names) != 1 or (known and names[0] not in known):
        raise ArgumentError(
            f"the stream has the columns {', '.join(known) or 'unknown'}: say which holds the {kind} by column="
        )
    return (_cell(row, names[0], place) for place, row in enumerate(data.with_format(None)))


def _cell(row: Mapping[str, Any], column: str, place: int) -> Any:
    if column not in row:
        raise InputError(f"sample {place} of the stream has the columns {', '.join(row)}, but must have {column!r}")
    return row[column]


def _refuse_column(column: str | None) -> None:
    if column is not None:
        raise ArgumentError(f"column is {column!r}, but a row of a table is taken whole: leave it out")


def as_image(sample: Any, place: int) -> Image.Image:
    """A sample as an image in RGB, turned as its camera says; with the pixels that training has of the same file.

    Args:
        sample: a path, a URL, a `PIL.Image`, or uint8 in shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); or what
            `datasets` stores of an image, its `bytes`.
        place: its number among the samples, for messages.

    Raises:
        InputError: it cannot be read, or is no image.
    """
    if isinstance(sample, Mapping) and len(sample) == 1:  # as datasets decodes a column of images
        (sample,) = sample.values()
    try:
        return as_rgb(ImageOps.exif_transpose(_opened(sample)))
    except InputError as error:
        raise InputError(f"sample {place} is {error}") from error
    except Exception as error:  # of the network, PIL, and what a user calls an image
        raise InputError(
            f"sample {place} ({shown(sample)}) cannot be read as an image ({type(error).__name__}): give a path, a "
            "URL, a PIL image or uint8 pixels (H, W, 3)"
        ) from error


def _opened(sample: Any) -> Image.Image:
    if isinstance(sample, Image.Image):
        return sample
    if isinstance(sample, Mapping) and isinstance(sample.get("bytes"), bytes):
        return Image.open(io.BytesIO(sample["bytes"]))
    if isinstance(sample, Mapping) and isinstance(sample.get("path"), str):
        return Image.open(_existing(Path(sample["path"])))  # which is no URL: data do not say what is fetched
    if not isinstance(sample, str | Path):
        return _of_array(sample)
    path = Path(sample).expanduser()
    if path.is_file():
        return Image.open(path)
    return Image.open(io.BytesIO(_fetched(str(sample))) if str(sample).startswith(URLS) else _existing(path))


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"the path {str(path)!r}, where no file is: give one that exists")
    return path


def _fetched(url: str) -> bytes:
    """What stands at a URL, the whole of which lies in it where it begins with `data:`."""
    asked = Request(url, headers={"User-Agent": "abstain"})  # some servers refuse that of the library
    with urlopen(asked, timeout=SECONDS) as answer:
        content: bytes = answer.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InputError(f"an image of more than {MOST_BYTES:,} bytes, which is not read: give a smaller one")
    return content


def _of_array(sample: Any) -> Image.Image:
    if not hasattr(sample, "__array__"):
        raise TypeError
    array = np.asarray(sample.detach().cpu() if hasattr(sample, "detach") else sample)
    wanted = "must be uint8 pixels (H, W) or (H, W, 1 or 3 or 4)"
    if array.dtype != np.uint8:
        raise InputError(f"an array of {array.dtype}, but {wanted}: numbers of another type have several scales")
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise InputError(f"an array of shape {array.shape}, but {wanted}: the channels stand last")
    return Image.fromarray(array)
