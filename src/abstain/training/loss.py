"""What training minimises of a batch, and what the sum over the batches of an update is divided by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self, cast

import torch
from torch import Tensor
from torch.nn import functional

from abstain._checks import ArgumentError
from abstain.losses import focal_loss, max_suppression, normalized_logits, smoothed_cross_entropy
from abstain.training.arguments import SelectiveTrainingArguments


@dataclass(frozen=True)
class TrainingLoss:
    """Cross-entropy with what regularises it: label smoothing, or in its place max suppression or the focal loss.

    Attributes:
        smoothing: α of `smoothed_cross_entropy`.
        allow_negative_smoothing: as there.
        suppression: what `max_suppression` is multiplied with; 0 is without it.
        ignore_index: the label of samples that do not count.
        class_weights: one a class; None weighs all alike.
        focal_gamma: γ of `focal_loss`; 0 is without it.
        logit_norm_temperature: τ of `normalized_logits`, of which the loss is then; 0 takes the logits as they are.
    """

    smoothing: float
    allow_negative_smoothing: bool
    suppression: float
    ignore_index: int
    class_weights: tuple[float, ...] | None
    focal_gamma: float = 0.0
    logit_norm_temperature: float = 0.0

    @classmethod
    def of(cls, args: SelectiveTrainingArguments, *, ignore_index: int) -> Self:
        """What the arguments of a training say."""
        return cls(
            args.label_smoothing_factor,
            args.allow_negative_smoothing,
            args.max_suppression_factor,
            ignore_index,
            None if args.class_weights is None else tuple(args.class_weights),
            focal_gamma=args.focal_gamma,
            logit_norm_temperature=args.logit_norm_temperature,
        )

    def __call__(self, logits: Tensor, labels: Tensor, total: Tensor | None = None) -> Tensor:
        """The loss of a batch.

        Args:
            logits: (N, K, …); of images smaller than the labels they are interpolated to their size.
            labels: (N, …) classes, or (N, K, …) distributions.
            total: what `count` says of all batches of the update; None divides by what counts in this batch.

        Returns:
            A scalar: these, summed over the batches of an update, are the mean over all that counts in it.
        """
        if logits.ndim == 4 and logits.shape[2:] != labels.shape[-2:]:
            logits = functional.interpolate(logits.float(), labels.shape[-2:], mode="bilinear", align_corners=False)
        if self.logit_norm_temperature:
            logits = normalized_logits(logits, temperature=self.logit_norm_temperature)
        return self.averaged(self._loss, logits, labels, total)

    def averaged(self, loss: Callable[..., Tensor], logits: Tensor, labels: Tensor, total: Tensor | None) -> Tensor:
        """A loss of `abstain.losses`, or one that takes the same, over what counts here; arguments as of a call."""
        options: dict[str, Any] = {"ignore_index": self.ignore_index, "weight": self._weight(logits)}
        if total is None:
            return loss(logits, labels, **options, reduction="mean")
        return loss(logits, labels, **options, reduction="sum") / total.where(total > 0, 1)

    def _loss(self, logits: Tensor, labels: Tensor, **options: Any) -> Tensor:
        if self.focal_gamma:
            return focal_loss(logits, labels, gamma=self.focal_gamma, **options)
        allow_negative = self.allow_negative_smoothing
        loss = smoothed_cross_entropy(
            logits, labels, smoothing=self.smoothing, allow_negative_smoothing=allow_negative, **options
        )
        if self.suppression:
            loss = loss + self.suppression * max_suppression(logits, labels, **options)
        return loss

    def _weight(self, logits: Tensor) -> Tensor | None:
        if self.class_weights is None:
            return None
        if len(self.class_weights) != logits.shape[1]:
            found = len(self.class_weights)
            raise ArgumentError(f"there are {found} class_weights, but the model has {logits.shape[1]} classes")
        return torch.tensor(self.class_weights, device=logits.device)

    def count(self, labels: Sequence[Tensor]) -> Tensor:
        """How many samples of some batches count, each with the weight of its label; a scalar."""
        if self.class_weights is None:
            return cast(Tensor, sum(self._counted(some) for some in labels))
        weights = torch.tensor(self.class_weights, dtype=torch.float64)
        return cast(Tensor, sum((self._frequencies(some, len(weights)) * weights).sum() for some in labels)).float()

    def _counted(self, labels: Tensor) -> Tensor:
        if labels.is_floating_point():
            return torch.tensor(labels[:, 0].numel(), device=labels.device)
        return labels.ne(self.ignore_index).sum()

    def _frequencies(self, labels: Tensor, n_classes: int) -> Tensor:
        labels = labels.cpu()
        if labels.is_floating_point():
            return labels.double().movedim(1, -1).reshape(-1, labels.shape[1]).sum(dim=0)
        return torch.bincount(labels[labels != self.ignore_index], minlength=n_classes)[:n_classes]
