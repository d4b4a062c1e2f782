"""Images with a class for every pixel as a checkpoint wants them, and of its logits those of a seeded few pixels."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from transformers import BaseImageProcessor

from abstain._checks import InputError
from abstain.data.decoding import decode_pair
from abstain.data.fingerprint import data_digest
from abstain.data.pixels import PixelChoice
from abstain.logits.batch import Batch, LabelledLogits
from abstain.logits.inputs import stacked, with_settings

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(kw_only=True)
class PixelBatch(Batch):
    """As `Batch`, with a mask (H, W) int64 for each image, of any size, in place of labels."""

    masks: list[Tensor]
    ignore_index: int

    def labelled(self, logits: Tensor) -> LabelledLogits:
        """What is kept of the model's logits (B, K, h, w): those nearest to each labelled pixel, and its image."""
        images = []
        for row, of_image, mask in zip(self.rows, logits.float(), self.masks, strict=True):
            pixels = LabelledPixels.of(of_image[None], mask[None].to(of_image.device), ignore_index=self.ignore_index)
            sample = np.full(len(pixels.labels), row)
            images.append(LabelledLogits(pixels.logits.cpu().numpy(), pixels.labels.cpu().numpy(), sample))
        kept = LabelledLogits.joined(images, n_classes=logits.shape[1])
        return replace(kept, skipped=list(self.bad))


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
        check_covers_image(self.processor)

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
        inputs = stacked(pixels.values(), "take batch_size=1")
        no_labels = torch.zeros(0, dtype=torch.int64)
        return PixelBatch(inputs, list(pixels), no_labels, bad, masks=masks, ignore_index=self.choice.ignore_index)

    def fingerprint(self) -> str:
        """SHA-256 of all masks, of 1,000 evenly spaced images, of what is done to them, and of the choice."""
        digest = data_digest(self.dataset, ["image"], whole=["annotation"])
        return with_settings(digest, {"processor": self.processor.to_dict(), "choice": asdict(self.choice)})


def check_covers_image(processor: BaseImageProcessor) -> None:
    """Refuse a processor that cuts or fills up images: what a model says of them would not lie on their pixels.

    Raises:
        InputError: so it does.
    """
    for name in ("do_center_crop", "do_pad"):
        if getattr(processor, name, None):
            raise InputError(
                f"the image processor has {name}, so that pixels would not lie where the mask has them: set it to "
                "false in the checkpoint's preprocessor_config.json"
            )


@dataclass(frozen=True, eq=False)
class LabelledPixels:
    """The n labelled pixels of a batch of B images, with the logits nearest to them: before the last interpolation.

    Attributes:
        logits: (n, K) float, of the cell of the logits in which the centre of the pixel lies.
        labels: (n,) int64.
        image: (n,) int64, the number of the image in the batch, ascending.
        place: (n,) int64, the number of the pixel among the labelled ones of its image.
        n_images: B.
    """

    logits: Tensor
    labels: Tensor
    image: Tensor
    place: Tensor
    n_images: int

    @classmethod
    def of(cls, logits: Tensor, labels: Tensor, *, ignore_index: int) -> LabelledPixels:
        """From logits (B, K, h, w), of any size, and labels (B, H, W)."""
        image, row, column = (labels != ignore_index).nonzero(as_tuple=True)
        cells = [
            ((2 * position + 1) * cells // (2 * pixels)).clamp(max=cells - 1)
            for position, cells, pixels in zip((row, column), logits.shape[-2:], labels.shape[-2:], strict=True)
        ]
        counts = torch.bincount(image, minlength=len(labels))
        place = torch.arange(len(image), device=image.device) - (counts.cumsum(0) - counts)[image]
        return cls(logits[image, :, cells[0], cells[1]], labels[image, row, column].long(), image, place, len(labels))

    def padded(self, values: Tensor, width: int, fill: float) -> Tensor:
        """(B, width, …) of `values` (n, …): one row an image, which processes can exchange, filled up with `fill`.

        Raises:
            InputError: an image has more than `width` labelled pixels.
        """
        if len(self.place) and int(self.place.max()) >= width:
            raise InputError(
                f"an image has {int(self.place.max()) + 1} labelled pixels, but at most {width} are evaluated: have "
                "the data set and not the collator give `labels` (H, W), so that they can be chosen"
            )
        rows = values.new_full((self.n_images, width, *values.shape[1:]), fill)
        rows[self.image, self.place] = values
        return rows
