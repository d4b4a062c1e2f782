"""What convolutional networks for small images share: how weights begin, and the head on their pooled features."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import initialization
from transformers.modeling_outputs import ImageClassifierOutputWithNoAttention

from abstain.models.head import ModelWithFloat32Head


class SmallImageClassifier(ModelWithFloat32Head):
    """A network whose `features` are pooled over the image and classified by the linear layer `classifier`."""

    main_input_name = "pixel_values"

    def features(self, pixel_values: Tensor) -> Tensor:
        """(B, num_channels, H, W) -> (B, C, H', W')."""
        raise NotImplementedError

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, nn.Conv2d):
            initialization.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            initialization.kaiming_normal_(module.weight, nonlinearity="linear")
            initialization.zeros_(module.bias)

    def forward(
        self, pixel_values: Tensor, labels: Tensor | None = None, **kwargs: object
    ) -> ImageClassifierOutputWithNoAttention:
        """Logits (B, num_labels) of images (B, num_channels, H, W); with `labels` (B,), the plain cross-entropy too."""
        logits = self.logits_of(self.features(pixel_values).mean(dim=(2, 3)))
        loss = None if labels is None else functional.cross_entropy(logits, labels)
        return ImageClassifierOutputWithNoAttention(loss=loss, logits=logits)
