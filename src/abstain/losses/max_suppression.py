"""Max suppression: what pulls the largest logit down whichever class it is of, in place of label smoothing."""

from __future__ import annotations

from torch import Tensor

from abstain.losses.reduction import Reduction, reduced
from abstain.losses.targets import checked, sample_weights


def max_suppression(
    logits: Tensor,
    labels: Tensor,
    *,
    ignore_index: int = -100,
    weight: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """The largest logit minus the mean of all, z_max - z̄; what MaxSup adds, α times, to cross-entropy; lower is better.

    Label smoothing adds α·(z_y - z̄) to cross-entropy: it pulls down the logit of the label, harder where the label is
    likely. Max suppression (Zhou et al. 2025, arXiv 2502.15798) pulls the largest logit down by α·(1 - 1/K) whether it
    is right or wrong. Logits that tie for the largest share the pull; one logit z stands for the pair (0, z), and the
    term is |z|/2, without a gradient at 0; it pulls z back to 0 by α/2, so that a model which begins there stays where
    all the labels pull away by less, |P(y|x) - 1/2| < α/2.

    Args:
        logits: as of `smoothed_cross_entropy`.
        labels: as there; they say only which samples count, and how much.
        ignore_index: as there.
        weight: as there.
        reduction: as there, so that the two can be added.

    Returns:
        A scalar, or with `reduction="none"` one number a sample, times the weight of its label, and 0 where
        ignored; float32 or wider, at least 0.

    Raises:
        InputError: an unknown reduction, or as of `smoothed_cross_entropy`.

    Example:
        >>> import torch
        >>> float(max_suppression(torch.tensor([[3.0, 0.0, 0.0]]), torch.tensor([1])))
        2.0
    """
    logits, labels, weight = checked(logits, labels, weight, ignore_index=ignore_index, reduction=reduction)
    counts = sample_weights(labels, ignore_index=ignore_index, weight=weight)
    above = logits[:, 0].abs() / 2 if logits.shape[1] == 1 else logits.amax(dim=1) - logits.mean(dim=1)
    return reduced(above.where(counts > 0, 0.0) * counts, counts, reduction)
