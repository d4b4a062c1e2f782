"""Images as they are read from a data set: RGB, 8 bits a channel, and named where they do not decode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from datasets import Image

from abstain._checks import InputError, first_line

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict
    from PIL.Image import Image as PILImage

NOT_AN_IMAGE = (OSError, SyntaxError, AttributeError, ValueError)
"""What PIL and datasets raise for bytes that are no image, and for None."""

DECODED = 16
"""Images that are in memory at once as they were decoded: a photograph of 12 megapixels takes 48 MB."""


def read_image(dataset: Dataset, index: int, *, column: str = "image", split: str = "") -> PILImage:
    """The image in row `index`, decoded to RGB; no other column is decoded.

    Raises:
        InputError: it does not decode; the message names the row, and where they are known the split and the file.
    """
    try:
        return as_rgb(dataset[column][index])
    except NOT_AN_IMAGE as error:
        raise _not_decoded(f"image {index}", dataset, index, column, split, error) from error


def read_images(
    dataset: Dataset, rows: Sequence[int], *, column: str = "image", split: str = ""
) -> Iterator[tuple[dict[int, PILImage], dict[int, str]]]:
    """A few at a time, the images of these rows, decoded to RGB, and why others do not decode.

    Row by row, `read_image` takes far longer (`benchmarks/data.py`): datasets makes a data set of the column for each.

    Yields:
        Row -> image, and row -> what `read_image` says of it, each in the order of `rows`.
    """
    stored = dataset.select_columns([column]).cast_column(column, Image(decode=False))
    kind = Image(mode=getattr(dataset.features[column], "mode", None))
    for start in range(0, len(rows), DECODED):
        images, bad = {}, {}
        some = list(rows[start : start + DECODED])
        for row, file in zip(some, stored[some][column], strict=True):
            try:
                images[row] = as_rgb(None if file is None else kind.decode_example(file))
            except NOT_AN_IMAGE as error:
                bad[row] = str(_not_decoded(f"image {row}", dataset, row, column, split, error))
        yield images, bad


def as_rgb(image: PILImage | None) -> PILImage:
    """An image as RGB of 8 bits a channel, whatever it is stored as.

    Raises:
        ValueError: there is none.
    """
    image = _loaded(image)
    if image.mode.startswith("I"):  # 16 bits a pixel, which PIL clips at 255
        image = image.point(lambda value: value / 256).convert("L")
    return image.convert("RGB")


def decode_pair(dataset: Dataset, index: int) -> tuple[np.ndarray, np.ndarray]:
    """The image (H, W, 3) uint8 in the column `image`, and the ids (H, W) of its mask in the column `annotation`.

    Raises:
        InputError: one of the two does not decode, or they differ in size.
    """
    image = np.array(read_image(dataset, index))
    try:
        mask = np.array(_loaded(dataset["annotation"][index]))
    except NOT_AN_IMAGE as error:
        raise _not_decoded(f"the mask of image {index}", dataset, index, "annotation", "", error) from error
    if mask.shape != image.shape[:2]:
        raise InputError(
            f"the mask of image {index} has shape {mask.shape} and the image {image.shape[:2]}: a mask must have one "
            "channel and the size of its image"
        )
    return image, mask


def skip_bad_images(data: DatasetDict) -> dict[str, int]:
    """Leave out, in place, every row whose image does not decode, or with masks, that `decode_pair` refuses.

    Every image is decoded once, and the answer is kept in the cache of `datasets`.

    Args:
        data: splits with a column `image`, and for segmentation a column `annotation` of masks.

    Returns:
        Split -> how many there were.

    Raises:
        InputError: no row of a split is left.
    """
    skipped = {}
    for name, split in list(data.items()):
        pairs = "annotation" in split.column_names
        columns = ["image", "annotation"] if pairs else ["image"]
        data[name] = _filtered(split, columns, _are_pair if pairs else _is_image)
        skipped[name] = len(split) - len(data[name])
        if not len(data[name]):
            raise InputError(f"none of the {len(split)} images of the split {name!r} decodes")
    return skipped


def _filtered(dataset: Dataset, columns: Sequence[str], is_good: Callable[..., bool]) -> Dataset:
    stored = dataset
    for column in columns:
        stored = stored.cast_column(column, Image(decode=False))
    good = stored.filter(is_good, input_columns=list(columns), desc="checking images")
    for column in columns:
        good = good.cast_column(column, dataset.features[column])
    return good


def _is_image(stored: dict[str, Any] | None) -> bool:
    try:
        as_rgb(_decoded(stored))
    except NOT_AN_IMAGE:
        return False
    return True


def _are_pair(image: dict[str, Any] | None, mask: dict[str, Any] | None) -> bool:
    try:
        size = as_rgb(_decoded(image)).size
        return np.array(_decoded(mask)).shape == size[::-1]
    except NOT_AN_IMAGE:
        return False


def _decoded(stored: dict[str, Any] | None) -> PILImage:
    # an empty cell stays None, as in a column that is decoded: datasets 4.0 looks inside it, and fails
    return _loaded(None if stored is None else Image().decode_example(stored))


def _loaded(image: PILImage | None) -> PILImage:
    if image is None:  # an empty cell, which NumPy would make an array of
        raise ValueError("it is empty")
    return image


def _not_decoded(what: str, dataset: Dataset, index: int, column: str, split: str, error: Exception) -> InputError:
    reason = first_line(error)
    stored = dataset.cast_column(column, Image(decode=False))[column][index] or {}
    known = [f"split {split!r}"] * bool(split) + [f"file {stored.get('path')}"] * bool(stored.get("path"))
    place = f" ({', '.join(known)})" if known else ""
    return InputError(f"{what} does not decode{place}: {reason}")
