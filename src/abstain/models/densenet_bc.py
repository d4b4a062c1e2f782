"""DenseNet-BC for small images: Huang et al. 2017 (arXiv 1608.06993), sections 3 and 4.2."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedConfig
from transformers.modeling_outputs import BaseModelOutputWithNoAttention

from abstain._checks import ArgumentError, check_fraction
from abstain.models.small_image_classifier import SmallImageClassifier, through_stages

BOTTLENECK = 4
"""A layer's 1×1 convolution gives this many times the growth rate of channels (section 3, "bottleneck layers")."""


class DenseNetBCConfig(PreTrainedConfig):
    """Configuration of a `DenseNetBCForImageClassification`.

    Args:
        depth: number of weighted layers L, 6n + 4 with n layers of two convolutions in each of three dense blocks.
        growth_rate: k, the channels that a layer adds.
        compression: θ, the share of channels that a transition keeps, in (0, 1].
        num_channels: colour channels of the images.
    """

    model_type = "densenet_bc"

    depth: int = 100
    growth_rate: int = 12
    compression: float = 0.5
    num_channels: int = 3

    def __post_init__(self, **kwargs: object) -> None:
        super().__post_init__(**kwargs)
        if self.depth < 10 or self.depth % 6 != 4:
            raise ArgumentError(
                f"depth is {self.depth}, but must be 6n + 4 with n of at least 1: 10, 16, 22, 40, 100 …"
            )
        if self.growth_rate < 1:
            raise ArgumentError(f"growth_rate is {self.growth_rate}, but must be at least 1")
        check_fraction("compression", self.compression, open_below=True)


class DenseNetBCLayer(nn.Module):
    """A 1×1 and a 3×3 convolution, whose output is put beside the input."""

    def __init__(self, in_channels: int, growth_rate: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, BOTTLENECK * growth_rate, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(BOTTLENECK * growth_rate)
        self.conv2 = nn.Conv2d(BOTTLENECK * growth_rate, growth_rate, 3, padding=1, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C + growth_rate, H, W)."""
        new = self.conv1(functional.relu(self.norm1(hidden)))
        new = self.conv2(functional.relu(self.norm2(new)))
        return torch.cat([hidden, new], dim=1)


class DenseNetBCTransition(nn.Module):
    """A 1×1 convolution to fewer channels, and average pooling to half the height and width."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(in_channels)
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H/2, W/2)."""
        return functional.avg_pool2d(self.conv(functional.relu(self.norm(hidden))), 2)


class DenseNetBCBackbone(nn.Module):
    """All but the head: a convolution, and three dense blocks with a transition between two of them."""

    def __init__(self, config: DenseNetBCConfig) -> None:
        super().__init__()
        channels = 2 * config.growth_rate
        self.stem = nn.Conv2d(config.num_channels, channels, 3, padding=1, bias=False)
        stages: list[nn.Module] = []
        for block in range(3):
            for _ in range((config.depth - 4) // 6):
                stages.append(DenseNetBCLayer(channels, config.growth_rate))
                channels += config.growth_rate
            if block < 2:
                kept = int(config.compression * channels)
                stages.append(DenseNetBCTransition(channels, kept))
                channels = kept
        self.stages = nn.Sequential(*stages)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, pixel_values: Tensor, *, output_hidden_states: bool = False) -> BaseModelOutputWithNoAttention:
        """What is pooled and classified, at a quarter of the image's height and width."""
        stem = self.stem(pixel_values.to(self.stem.weight.dtype))
        found = through_stages(self.stages, stem, keep=output_hidden_states)
        features = functional.relu(self.norm(found.last_hidden_state))
        return BaseModelOutputWithNoAttention(last_hidden_state=features, hidden_states=found.hidden_states)


class DenseNetBCForImageClassification(SmallImageClassifier):
    """A DenseNet-BC with a linear head; L = 100 and k = 12 for 10 classes has 769,162 parameters."""

    config_class = DenseNetBCConfig

    def __init__(self, config: DenseNetBCConfig) -> None:
        backbone = DenseNetBCBackbone(config)
        super().__init__(config, backbone, n_features=backbone.norm.num_features)
