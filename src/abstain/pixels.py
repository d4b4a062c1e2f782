"""Labelled pixels of images, a seeded few of each: the same ones for every model, on every machine."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm
from transformers import PreTrainedModel, default_data_collator

from abstain._checks import InputError


def choose_pixels(labels: Any, *, count: int, seed: int, index: int, ignore_index: int = -100) -> Tensor:
    """The labels of an image with all but `count` of them ignored, chosen by (seed, index) and the labels alone.

    Args:
        labels: (H, W) int, `ignore_index` where there is none. Not changed.
        count: how many to keep; all of them if there are fewer.
        seed: of the choice, whatever the seed of training.
        index: the number of the image in its set.
        ignore_index: the label of pixels that do not count.

    Returns:
        (H, W) int64.
    """
    labels = torch.as_tensor(labels).long()
    labelled = (labels.flatten() != ignore_index).nonzero().flatten()
    if len(labelled) <= count:
        return labels
    chosen = np.random.default_rng((seed, index)).choice(len(labelled), size=count, replace=False)
    kept = labelled[torch.from_numpy(chosen)]
    return torch.full_like(labels, ignore_index).flatten().index_copy_(0, kept, labels.flatten()[kept]).view_as(labels)


@dataclass(eq=False)
class ChosenPixels(Dataset[dict[str, Any]]):
    """The items of a data set, with the labels that `choose_pixels` leaves of them."""

    dataset: Dataset[Any]
    count: int
    seed: int
    ignore_index: int

    def __len__(self) -> int:
        return len(cast(Sized, self.dataset))

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = dict(self.dataset[index])
        item["labels"] = choose_pixels(
            item["labels"], count=self.count, seed=self.seed, index=index, ignore_index=self.ignore_index
        )
        return item


def has_dense_labels(dataset: Any) -> bool:
    """Whether each item of a map-style data set has `labels` (H, W), as segmentation does."""
    if isinstance(dataset, torch.utils.data.IterableDataset) or not (hasattr(dataset, "__len__") and len(dataset)):
        return False
    item = dataset[0]
    return isinstance(item, dict) and item.get("labels") is not None and np.ndim(item["labels"]) == 2


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


@torch.inference_mode()
def extract_pixel_logits(
    model: PreTrainedModel, dataset: ChosenPixels, *, batch_size: int = 8
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """The logits of the chosen pixels of every image, in the order of the data set, before the last interpolation.

    Under `accelerate launch` every process takes its share of the batches, and all of them return the whole.

    Args:
        model: its outputs have `logits` (B, K, h, w); moved to the process's device and put in evaluation mode.
        dataset: items are dicts with the model's inputs and `labels` (H, W).
        batch_size: images at once on each process.

    Returns:
        Logits (n, K) float32, labels (n,) int64, and the index in the data set of each pixel's image, (n,) int64.

    Raises:
        InputError: no pixel has a label.
    """
    accelerator = Accelerator()
    model = model.to(accelerator.device).eval()
    loader = accelerator.prepare_data_loader(DataLoader(dataset, batch_size, collate_fn=default_data_collator))
    parts: list[tuple[Tensor, Tensor, Tensor]] = []
    first = 0
    for batch in tqdm(loader, desc="logits", leave=False, disable=not accelerator.is_local_main_process):
        labels = batch.pop("labels")
        pixels = LabelledPixels.of(model(**batch).logits.float(), labels, ignore_index=dataset.ignore_index)
        rows = [pixels.padded(values, dataset.count, dataset.ignore_index) for values in (pixels.logits, pixels.labels)]
        logits, labels = (gathered.cpu() for gathered in accelerator.gather_for_metrics(rows))
        image, place = (labels != dataset.ignore_index).nonzero(as_tuple=True)
        parts.append((logits[image, place], labels[image, place], image + first))
        first += len(labels)
    if not sum(len(labels) for _, labels, _ in parts):
        raise InputError("no pixel has a label, but at least one is needed: look at ignore_index and label_ids")
    joined = [torch.cat(column).numpy() for column in zip(*parts, strict=True)]
    return joined[0], joined[1], joined[2]
