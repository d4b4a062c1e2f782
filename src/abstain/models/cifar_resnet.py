"""The ResNets of 6n + 2 layers for small images: He et al. 2016 (arXiv 1512.03385), section 4.2."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedConfig
from transformers.modeling_outputs import BaseModelOutputWithNoAttention

from abstain._checks import ArgumentError
from abstain.models.small_image_classifier import SmallImageClassifier, through_stages


class CifarResNetConfig(PreTrainedConfig):
    """Configuration of a `CifarResNetForImageClassification`.

    Args:
        depth: number of weighted layers, 6n + 2 with n blocks a stage; 20 is ResNet-20.
        width: channels of the first of three stages; the others have two and four times as many.
        num_channels: colour channels of the images.
    """

    model_type = "cifar_resnet"

    depth: int = 20
    width: int = 16
    num_channels: int = 3

    def __post_init__(self, **kwargs: object) -> None:
        super().__post_init__(**kwargs)
        if self.depth < 8 or self.depth % 6 != 2:
            raise ArgumentError(
                f"depth is {self.depth}, but must be 6n + 2 with n of at least 1: 8, 14, 20, 32, 44, 56 …"
            )


class CifarResNetBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut without parameters (option A of the paper)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.stride = stride
        self.new_channels = out_channels - in_channels

    def shortcut(self, hidden: Tensor) -> Tensor:
        """The input, subsampled and with channels of zeros added where the block changes its shape."""
        if self.stride == 1 and self.new_channels == 0:
            return hidden
        before = self.new_channels // 2
        subsampled = hidden[:, :, :: self.stride, :: self.stride]
        return functional.pad(subsampled, (0, 0, 0, 0, before, self.new_channels - before))

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H/stride, W/stride)."""
        residual = functional.relu(self.bn1(self.conv1(hidden)))
        residual = self.bn2(self.conv2(residual))
        return functional.relu(residual + self.shortcut(hidden))


class CifarResNetBackbone(nn.Module):
    """All but the head: a convolution and three stages of blocks."""

    def __init__(self, config: CifarResNetConfig) -> None:
        super().__init__()
        width, blocks = config.width, (config.depth - 2) // 6
        self.stem = nn.Conv2d(config.num_channels, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.stages = nn.Sequential(
            *(
                CifarResNetBlock(
                    in_channels=width * 2 ** (stage - 1 if stage and not block else stage),
                    out_channels=width * 2**stage,
                    stride=2 if stage and not block else 1,
                )
                for stage in range(3)
                for block in range(blocks)
            )
        )

    def forward(self, pixel_values: Tensor, *, output_hidden_states: bool = False) -> BaseModelOutputWithNoAttention:
        """What is pooled and classified, at a quarter of the image's height and width."""
        hidden = functional.relu(self.norm(self.stem(pixel_values.to(self.stem.weight.dtype))))
        return through_stages(self.stages, hidden, keep=output_hidden_states)


class CifarResNetForImageClassification(SmallImageClassifier):
    """A CIFAR ResNet with a linear head; ResNet-20 for 10 classes has 269,722 parameters."""

    config_class = CifarResNetConfig

    def __init__(self, config: CifarResNetConfig) -> None:
        super().__init__(config, CifarResNetBackbone(config), n_features=4 * config.width)
