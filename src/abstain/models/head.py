"""The head of our own architectures: it never rounds its logits, whatever precision the layers before it have."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel


class ModelWithFloat32Head(PreTrainedModel):
    """A model that ends in `classifier`, a layer with one output a class.

    The head always computes in the precision of its weights, outside autocast: logits rounded to half
    precision tie, and ties lose the order in which to abstain.
    """

    accepts_loss_kwargs = False  # or Trainer takes **kwargs for a loss that knows its number of samples
    classifier: nn.Linear | nn.Conv2d

    def head(self, features: Tensor) -> Tensor:
        """Logits of what is classified; overridden where more layers than `classifier` make up the head."""
        return cast(Tensor, self.classifier(features))

    def logits_of(self, features: Tensor) -> Tensor:
        """The head's logits, computed in the precision of its weights."""
        with torch.autocast(device_type=features.device.type, enabled=False):
            return self.head(features.to(self.classifier.weight.dtype))
