"""Images as they are read from a data set: RGB, 8 bits a channel, and named where they do not decode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasets import Image

from abstain._checks import InputError

if TYPE_CHECKING:
    from datasets import Dataset
    from PIL.Image import Image as PILImage

NOT_AN_IMAGE = (OSError, SyntaxError, AttributeError, ValueError)
"""What PIL and datasets raise for bytes that are no image, and for None."""


def read_image(dataset: Dataset, index: int, *, column: str = "image", split: str = "") -> PILImage:
    """The image in row `index`, decoded to RGB.

    Raises:
        InputError: it does not decode; the message names the row, and where they are known the split and the file.
    """
    try:
        image = dataset[index][column]
        if image.mode.startswith("I"):  # 16 bits a pixel, which PIL clips at 255
            image = image.point(lambda value: value / 256).convert("L")
        return image.convert("RGB")
    except NOT_AN_IMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"image {index} does not decode{_place(dataset, index, column, split)}: {reason}") from error


def without_bad_images(dataset: Dataset, *, column: str = "image", processes: int | None = None) -> tuple[Dataset, int]:
    """The rows whose image decodes, and how many do not; every image is decoded once, and the answer is cached."""
    stored = dataset.cast_column(column, Image(decode=False))
    good = stored.filter(_decodes, input_columns=[column], num_proc=processes, desc="checking images")
    return good.cast_column(column, Image()), len(dataset) - len(good)


def _decodes(stored: dict[str, Any] | None) -> bool:
    try:
        return stored is not None and Image().decode_example(stored) is not None
    except NOT_AN_IMAGE:
        return False


def _place(dataset: Dataset, index: int, column: str, split: str) -> str:
    stored = dataset.cast_column(column, Image(decode=False))[index][column] or {}
    known = [f"split {split!r}"] * bool(split) + [f"file {stored.get('path')}"] * bool(stored.get("path"))
    return f" ({', '.join(known)})" if known else ""
