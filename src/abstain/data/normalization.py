"""Pixels in bytes to what a model sees of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Normalization:
    """Subtracts from each channel its mean, and divides it by its standard deviation.

    Args:
        mean: of each channel, in fractions of full scale.
        std: likewise, above 0.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        per_channel = (torch.tensor(values, dtype=torch.float32)[:, None, None] for values in (mean, std))
        self._shift, self._scale = (values * 255 for values in per_channel)

    def __call__(self, pixels: Tensor) -> Tensor:
        """Of images (..., C, H, W) in bytes, 0 to 255: float32 of the same shape."""
        return (pixels - self._shift).div_(self._scale)
