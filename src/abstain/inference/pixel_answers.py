"""The answer for every pixel of an image, of logits that are coarser than it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from abstain.inference.abstention import AbstentionRule
from abstain.inference.answers import PixelAnswer, confidence_of, predicted_classes


def pixel_answer(
    logits: Tensor, size: tuple[int, int], rule: AbstentionRule | None, class_names: Sequence[str]
) -> PixelAnswer:
    """Of logits (K, h, w), each pixel of an image of `size` (H, W) that of the cell in which its centre lies.

    So the rule is asked about logits as it was fitted on, before the last interpolation, which would make new ones.
    """
    n_classes, height, width = logits.shape
    rows = logits.reshape(n_classes, -1).T.contiguous().numpy()
    confidence, accepted = confidence_of(rows, rule)
    of_cells = (accepted, predicted_classes(rows), confidence)
    found = [_of_pixels(values.reshape(height, width), size) for values in of_cells]
    return PixelAnswer(found[0], found[1], found[2], tuple(class_names))


def _of_pixels(cells: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    places = [
        (2 * np.arange(pixels) + 1) * of_cells // (2 * pixels)
        for pixels, of_cells in zip(size, cells.shape, strict=True)
    ]
    return cells[np.ix_(*places)]
