"""Images with a class for every pixel as a checkpoint wants them, and of its logits those of a seeded few pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from transformers import BaseImageProcessor

from abstain._checks import InputError
from abstain.extraction_batch import Batch, Columns
from abstain.fingerprint import data_digest
from abstain.masks import check_label_ids, class_labels, decode_pair
from abstain.model_inputs import stacked, with_settings
from abstain.pixels import LabelledPixels, choose_pixels

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True)
class PixelChoice:
    """Which pixels of an image count, and as what.

    Attributes:
        n_classes: K; labels are from 0 to K - 1, or `ignore_index`.
        count: labelled pixels of an image at most.
        seed: of their choice; with the same count, the same pixels for every model.
        ignore_index: the label of pixels that do not count.
        label_ids: the id that each class has in the masks, and every other id is ignored; None takes the ids in the
            masks for the labels.

    Raises:
        InputError: a count below 1, another number of `label_ids` than of classes, or a class that is ignored.
    """

    n_classes: int
    count: int = 5000
    seed: int = 0
    ignore_index: int = -100
    label_ids: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InputError(f"the count of pixels is {self.count}, but must be at least 1")
        check_label_ids(self.label_ids, n_classes=self.n_classes, ignore_index=self.ignore_index)

    def labels(self, ids: np.ndarray, *, index: int) -> Tensor:
        """Of the ids (H, W) in the mask of image `index`, the labels (H, W) of the pixels that count; no other has one.

        Raises:
            InputError: as `class_labels`.
        """
        kinds = {"ignore_index": self.ignore_index, "index": index}
        labels = class_labels(ids, n_classes=self.n_classes, label_ids=self.label_ids, **kinds)
        return choose_pixels(labels, count=self.count, seed=self.seed, **kinds)


@dataclass
class PixelBatch(Batch):
    """As `Batch`, with a mask (H, W) int64 for each image, of any size, in place of labels."""

    masks: list[Tensor]
    ignore_index: int

    def measured(self, logits: Tensor) -> Columns:
        """What is written of the model's logits (B, K, h, w): those nearest to each labelled pixel, and its image."""
        parts = []
        for row, of_image, mask in zip(self.rows, logits.float(), self.masks, strict=True):
            pixels = LabelledPixels.of(of_image[None], mask[None].to(of_image.device), ignore_index=self.ignore_index)
            sample = np.full(len(pixels.labels), row)
            parts.append(Columns(pixels.logits.cpu().numpy(), pixels.labels.cpu().numpy(), sample))
        return Columns.joined(parts, n_classes=logits.shape[1])


@dataclass(eq=False)
class PixelInputs(torch.utils.data.Dataset[Any]):
    """Images and masks made ready for a segmentation model, for `extract_shards`.

    Attributes:
        dataset: with a column `image` of images and a column `annotation` of masks of class ids; it stays on disk.
        processor: the checkpoint's image processor.
        choice: the pixels that count.

    Raises:
        InputError: the processor cuts or fills up the images, so that they would not lie on their masks.
    """

    dataset: Dataset
    processor: BaseImageProcessor
    choice: PixelChoice

    def __post_init__(self) -> None:
        for name in ("do_center_crop", "do_pad"):
            if getattr(self.processor, name, None):
                raise InputError(
                    f"the image processor has {name}, so that pixels would not lie where the mask has them: set it to "
                    "false in the checkpoint's preprocessor_config.json"
                )

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitems__(self, rows: list[int]) -> PixelBatch:
        """The rows as one batch; an image that does not decode, or with a mask that does not fit it, is named in `bad`.

        Raises:
            InputError: a mask holds an id that is no class, or the images differ in size.
        """
        pixels, masks, bad = {}, [], {}
        for row in rows:
            try:
                image, ids = decode_pair(self.dataset, row)
            except InputError as error:
                bad[row] = str(error)
                continue
            masks.append(self.choice.labels(ids, index=row))
            pixels[row] = self.processor(image, return_tensors="pt")["pixel_values"][0]
        inputs = stacked(pixels.values(), "take --batch_size 1")
        return PixelBatch(inputs, list(pixels), torch.zeros(0, dtype=torch.int64), bad, masks, self.choice.ignore_index)

    def fingerprint(self) -> str:
        """SHA-256 of all masks, of 1,000 evenly spaced images, of what is done to them, and of the choice."""
        digest = data_digest(self.dataset, ["image"], whole=["annotation"])
        return with_settings(digest, {"processor": self.processor.to_dict(), "choice": asdict(self.choice)})
