"""What mixup and CutMix do to a pair of samples, drawn from (seed, epoch, index)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain.data.augmentation import Box

OWN_STREAM = 1
"""Sets these draws apart from those of `Augmentation`, which begin with the same seed and epoch."""


@dataclass(frozen=True, eq=False)
class Mixes:
    """What chance has decided for some samples.

    Attributes:
        partner: (n,) int64, the index of the other sample; it may be the sample itself, as in a shuffled batch.
        share: (n,) float64, λ: the part of the sample itself, before a box is cut off at the edges of an image.
        cuts: (n,) bool, CutMix and not mixup.
        middle: (n, 2) float64 in [0, 1), of CutMix the middle of the box in parts of the height and width.
    """

    partner: NDArray[np.int64]
    share: NDArray[np.float64]
    cuts: NDArray[np.bool_]
    middle: NDArray[np.float64]

    def of(self, indices: Sequence[int]) -> Mixes:
        """Those of the samples at `indices`."""
        rows = np.asarray(indices, dtype=np.int64)
        return Mixes(self.partner[rows], self.share[rows], self.cuts[rows], self.middle[rows])


@dataclass(frozen=True)
class Mixing:
    """Mixup (Zhang et al. 2018, arXiv 1710.09412), CutMix (Yun et al. 2019, arXiv 1905.04899), or either at random.

    Mixup makes λ·a + (1 - λ)·b of two samples, CutMix pastes a box of b over a, 1 - λ of its area; λ ~ Beta(α, α).

    The functions of torchvision and timm draw from generators of the whole process, and pair the samples of a batch,
    so that what becomes of a sample would depend on the batch that it is in; here a sample is mixed alike in any batch.

    Attributes:
        mixup_alpha: α of mixup; 0 is without it.
        cutmix_alpha: α of CutMix; 0 is without it, but one of the two is above 0. With both, each sample has one of
            them, with probability 1/2.
        seed: with the epoch and the index of the sample, and the number of samples, all that the draw depends on.
    """

    mixup_alpha: float = 0.0
    cutmix_alpha: float = 0.0
    seed: int = 0

    def draw(self, n_samples: int, *, epoch: int) -> Mixes:
        """For each of so many samples with which of them it is mixed in this epoch, and how.

        All at once, which costs next to nothing. The order of draws is part of what a seed means: changing it changes
        every run.
        """
        generator = np.random.default_rng((self.seed, epoch, 0, OWN_STREAM))
        partner = generator.integers(n_samples, size=n_samples)
        cuts = generator.random(n_samples) < 0.5
        if not (self.mixup_alpha and self.cutmix_alpha):
            cuts = np.full(n_samples, bool(self.cutmix_alpha))
        alpha = np.where(cuts, self.cutmix_alpha, self.mixup_alpha)
        return Mixes(partner, generator.beta(alpha, alpha), cuts, generator.random((n_samples, 2)))


def mix_inputs(first: Tensor, second: Tensor, mixes: Mixes) -> tuple[Tensor, Tensor]:
    """The inputs of some samples, each mixed with that of its partner; neither is changed.

    Args:
        first: (n, ...) floats; of CutMix images (n, C, H, W).
        second: the same of the partners.
        mixes: what was drawn for each of the n samples.

    Returns:
        (n, ...), and (n,) float64 in [0, 1] what is left of `first`: λ, or of CutMix a share of the area.
    """
    shares = np.where(mixes.cuts, 1.0, mixes.share)
    mixed = first.clone() if mixes.cuts.all() else weighted(first, second, torch.from_numpy(shares))
    for row in np.flatnonzero(mixes.cuts):
        height, width = first.shape[-2:]
        box = cut_box(mixes.share[row], mixes.middle[row], height=height, width=width)
        part = (row, ..., slice(box.top, box.top + box.height), slice(box.left, box.left + box.width))
        mixed[part] = second[part]
        shares[row] = 1 - box.height * box.width / (height * width)
    return mixed, torch.from_numpy(shares)


def weighted(first: Tensor, second: Tensor, shares: Tensor) -> Tensor:
    """share·first + (1 - share)·second of each row, (n, ...) as they are, with shares (n,)."""
    shares = shares.reshape(-1, *[1] * (first.ndim - 1))
    # not lerp, whose last bits depend on where in a batch a number stands
    return first * shares.to(first) + second * (1 - shares).to(second)


def cut_box(share: float, middle: Sequence[float] | NDArray[np.float64], *, height: int, width: int) -> Box:
    """The part of an image around a point that has 1 - `share` of its area, as far as it lies within the image."""
    top, bottom = _side(height, share, middle[0])
    left, right = _side(width, share, middle[1])
    return Box(top, left, bottom - top, right - left)


def _side(length: int, share: float, middle: float) -> tuple[int, int]:
    cut, at = int(length * math.sqrt(1 - share)), int(length * middle)
    return max(0, at - cut // 2), min(length, at + (cut + 1) // 2)
