"""What convolutional networks for small images share: how weights begin, and the head on their pooled features."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedConfig, initialization
from transformers.modeling_outputs import BaseModelOutputWithNoAttention, ImageClassifierOutputWithNoAttention

from abstain.models.head import ModelWithFloat32Head, tuple_on_demand


class SmallImageClassifier(ModelWithFloat32Head):
    """A network whose features are pooled over the image and classified by the linear layer `classifier`.

    Args:
        config: of the whole.
        backbone: images (B, num_channels, H, W) -> a `BaseModelOutputWithNoAttention` with features (B, C, H', W');
            it also takes `output_hidden_states`.
        n_features: C.
    """

    main_input_name = "pixel_values"

    def __init__(self, config: PreTrainedConfig, backbone: nn.Module, n_features: int) -> None:
        super().__init__(config)
        self._no_split_modules = [type(backbone).__name__]  # whose shortcuts would cross from one device to another
        self.backbone = backbone
        self.classifier = nn.Linear(n_features, int(config.num_labels or 0), dtype=torch.float32)
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, nn.Conv2d):
            initialization.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            initialization.kaiming_normal_(module.weight, nonlinearity="linear")
            initialization.zeros_(module.bias)

    @tuple_on_demand
    def forward(
        self, pixel_values: Tensor, labels: Tensor | None = None, **kwargs: object
    ) -> ImageClassifierOutputWithNoAttention:
        """Logits (B, num_labels) of images (B, num_channels, H, W); with `labels` (B,), the plain cross-entropy too.

        With `output_hidden_states` also what goes into the stages, and what comes out of each.
        """
        self.refuse("output_attentions", given=kwargs)
        found = self.backbone(pixel_values, output_hidden_states=self.wants("output_hidden_states", kwargs))
        logits = self.logits_of(found.last_hidden_state.mean(dim=(2, 3)))
        loss = None if labels is None else functional.cross_entropy(logits, labels)
        return ImageClassifierOutputWithNoAttention(loss=loss, logits=logits, hidden_states=found.hidden_states)


def through_stages(stages: Iterable[nn.Module], hidden: Tensor, *, keep: bool) -> BaseModelOutputWithNoAttention:
    """What the last stage gives of `hidden`, and if they are to be kept, `hidden` and what each stage gives."""
    kept: tuple[Tensor, ...] = (hidden,) if keep else ()
    for stage in stages:
        hidden = stage(hidden)
        kept += (hidden,) if keep else ()
    return BaseModelOutputWithNoAttention(last_hidden_state=hidden, hidden_states=kept or None)
