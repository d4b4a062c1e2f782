"""What a student's training minimises: its own loss, and how far it is from its teacher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from abstain.losses import distillation
from abstain.training.loss import TrainingLoss


@dataclass(frozen=True, eq=False)
class DistillationLoss:
    """(1 - w)·L + w·T²·KL(teacher ‖ student), each averaged over what counts (Hinton et al. 2015).

    Attributes:
        own: L, as without a teacher.
        teacher_logits: (N, K) of the batch.
        temperature: T.
        share: w, in [0, 1].
    """

    own: TrainingLoss
    teacher_logits: Tensor
    temperature: float
    share: float

    def __call__(self, logits: Tensor, labels: Tensor, total: Tensor | None = None) -> Tensor:
        """The loss of a batch; arguments and result as of `TrainingLoss`."""
        soft = self.own.averaged(self._from_teacher, logits, labels, total)
        return (1 - self.share) * self.own(logits, labels, total) + self.share * soft

    def _from_teacher(self, logits: Tensor, labels: Tensor, **options: Any) -> Tensor:
        return distillation(logits, self.teacher_logits, labels, temperature=self.temperature, **options)
