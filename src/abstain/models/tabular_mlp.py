"""A perceptron with two hidden layers for the rows of a table."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, initialization
from transformers.modeling_outputs import SequenceClassifierOutput

from abstain._checks import ArgumentError
from abstain.losses import smoothed_cross_entropy
from abstain.models.head import ModelWithFloat32Head, tuple_on_demand


class TabularMLPConfig(PreTrainedConfig):
    """Configuration of a `TabularMLPForClassification`.

    Args:
        num_features: F, numbers a row; the hidden layers have 4F and 2F units.
    """

    model_type = "tabular_mlp"

    num_features: int = 1

    def __post_init__(self, **kwargs: object) -> None:
        super().__post_init__(**kwargs)
        if self.num_features < 1:
            raise ArgumentError(f"num_features is {self.num_features}, but must be at least 1")


class TabularMLPBackbone(nn.Module):
    """The two hidden layers, of 4F and 2F units."""

    def __init__(self, config: TabularMLPConfig) -> None:
        super().__init__()
        n_features = config.num_features
        self.dense1 = nn.Linear(n_features, 4 * n_features, dtype=torch.float32)
        self.dense2 = nn.Linear(4 * n_features, 2 * n_features, dtype=torch.float32)

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, 2F)."""
        return torch.relu(self.dense2(torch.relu(self.dense1(features))))


class TabularMLPForClassification(ModelWithFloat32Head):
    """F inputs, 4F and 2F units, and one logit with `num_labels = 1` (for the pair (0, z)), else one a class.

    With one logit it has 12F² + 8F + 1 parameters. transformers has no Auto class for tables, so that it loads
    through `AutoModel`. All its layers compute as its head does, in the precision of their weights.
    """

    config_class = TabularMLPConfig
    main_input_name = "features"

    def __init__(self, config: TabularMLPConfig) -> None:
        super().__init__(config)
        self.backbone = TabularMLPBackbone(config)
        self.classifier = nn.Linear(2 * config.num_features, int(config.num_labels or 0), dtype=torch.float32)
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, nn.Linear):
            initialization.xavier_uniform_(module.weight)
            initialization.zeros_(module.bias)

    def head(self, features: Tensor) -> Tensor:
        """Logits (B, num_labels) of rows (B, num_features)."""
        return super().head(self.backbone(features))

    @tuple_on_demand
    def forward(self, features: Tensor, labels: Tensor | None = None, **kwargs: object) -> SequenceClassifierOutput:
        """Logits (B, num_labels) of rows (B, num_features); with `labels` (B,), the plain cross-entropy too."""
        self.refuse("output_attentions", "output_hidden_states", given=kwargs)
        logits = self.logits_of(features)
        loss = None if labels is None else smoothed_cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)
