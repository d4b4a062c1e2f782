"""Batches of a data set as a checkpoint wants them: its own image processor, tokenizer or encoder, read row by row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import BaseImageProcessor, PreTrainedTokenizerBase

from abstain._checks import InputError
from abstain.data.columns import read_labels
from abstain.data.decoding import read_images
from abstain.data.fingerprint import data_digest
from abstain.data.tables import TableEncoder
from abstain.logits.batch import Batch

if TYPE_CHECKING:
    from datasets import Dataset
    from PIL.Image import Image as PILImage


@dataclass(eq=False)
class ImageInputs(torch.utils.data.Dataset[Any]):
    """Images made ready for a classifier, for `extract_shards`.

    Attributes:
        dataset: with the two columns below; it stays on disk.
        processor: the checkpoint's image processor.
        column: of images.
        label_column: of integers.
        split: for messages.
    """

    dataset: Dataset
    processor: BaseImageProcessor
    column: str
    label_column: str = "label"
    split: str = ""

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitems__(self, rows: list[int]) -> Batch:
        """The rows as one batch; an image that does not decode is named in `bad`."""
        pixels: dict[int, Tensor] = {}
        bad: dict[int, str] = {}
        for images, unread in read_images(self.dataset, rows, column=self.column, split=self.split):
            pixels |= zip(images, processed_images(self.processor, list(images.values())), strict=True)
            bad |= unread
        good = list(pixels)
        return Batch(stacked(pixels.values(), "give it a size"), good, _labels_of(self, good), bad)

    def fingerprint(self) -> str:
        """SHA-256 of the labels, of 1,000 evenly spaced images, and of what the processor does to them."""
        digest = data_digest(self.dataset, [self.column], read_labels(self.dataset, self.label_column))
        return with_settings(digest, self.processor.to_dict())


@dataclass(eq=False)
class TextInputs(torch.utils.data.Dataset[Any]):
    """Texts made ready for a classifier, for `extract_shards`.

    Attributes:
        dataset: with the two columns below; it stays on disk.
        processor: the checkpoint's tokenizer.
        column: of texts.
        label_column: of integers.
        max_length: tokens at most; None is the tokenizer's own.
    """

    dataset: Dataset
    processor: PreTrainedTokenizerBase
    column: str
    label_column: str = "label"
    max_length: int | None = None

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitems__(self, rows: list[int]) -> Batch:
        """The rows as one batch."""
        texts = [str(text) for text in self.dataset[rows][self.column]]
        inputs = self.processor(texts, padding=True, truncation=True, max_length=self.max_length, return_tensors="pt")
        return Batch(dict(inputs), rows, _labels_of(self, rows))

    def fingerprint(self) -> str:
        """SHA-256 of the labels, of 1,000 evenly spaced texts, and of the tokenizer."""
        digest = data_digest(self.dataset, [self.column], read_labels(self.dataset, self.label_column))
        made = {"vocabulary": self.processor.get_vocab(), "padding_side": self.processor.padding_side}
        return with_settings(digest, made)


@dataclass(eq=False)
class TableInputs(torch.utils.data.Dataset[Any]):
    """Rows of a table made ready for a classifier, for `extract_shards`.

    Attributes:
        dataset: with the columns that the encoder knows; it stays on disk.
        processor: the encoder beside the checkpoint, which knows the column of labels and their classes too.
    """

    dataset: Dataset
    processor: TableEncoder

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitems__(self, rows: list[int]) -> Batch:
        """The rows as one batch.

        Raises:
            InputError: as `TableEncoder.encode`.
        """
        encoded = self.processor.encode(self.dataset.select(rows))
        return Batch(dict(encoded.inputs), rows, encoded.labels)

    def fingerprint(self) -> str:
        """SHA-256 of all labels, of 1,000 evenly spaced rows, and of the encoder."""
        digest = data_digest(self.dataset, self.dataset.column_names, whole=[self.processor.label_column])
        return with_settings(digest, asdict(self.processor))


def stacked(images: Iterable[Tensor], advice: str) -> dict[str, Tensor]:
    """Images (C, H, W) of one size as the inputs of a model; of none of them, no input.

    Raises:
        InputError: they differ in size; `advice` says what to do then.
    """
    images = list(images)
    if len({image.shape for image in images}) > 1:
        raise InputError(f"the image processor gives images of several sizes, but a batch needs one: {advice}")
    return {"pixel_values": torch.stack(images)} if images else {}


def processed_images(processor: BaseImageProcessor, images: Sequence[PILImage]) -> Iterable[Tensor]:
    """What the processor makes of each image (C, H, W), whatever the others are.

    Images of one size are given at once, which is cheaper; of several sizes some processors would fill up the smaller.
    """
    together = [images] if len({image.size for image in images}) == 1 else [[image] for image in images]
    for some in together:
        yield from map(torch.as_tensor, processor(list(some))["pixel_values"])  # which is faster than one tensor of all


def _labels_of(inputs: ImageInputs | TextInputs, rows: list[int]) -> Tensor:
    if not rows:
        return torch.zeros(0, dtype=torch.int64)
    return torch.from_numpy(read_labels(inputs.dataset, inputs.label_column, rows))


def with_settings(digest: hashlib._Hash, made: dict[str, Any]) -> str:
    """The digest in hexadecimal, once what is made of the data is added to it."""
    digest.update(json.dumps(made, sort_keys=True, default=str).encode())
    return digest.hexdigest()
