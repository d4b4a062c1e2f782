"""DeepLabV3+ for semantic segmentation: Chen et al. 2018 (arXiv 1802.02611), built by `segmentation_models_pytorch`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedConfig, initialization
from transformers.modeling_outputs import SemanticSegmenterOutput

from abstain._checks import ArgumentError, InputError, first_line
from abstain.models.head import ModelWithFloat32Head, tuple_on_demand

LOGIT_STRIDE = 4
"""Pixels a side of the image that one cell of the logits stands for."""


class DeepLabV3PlusConfig(PreTrainedConfig):
    """Configuration of a `DeepLabV3PlusForSemanticSegmentation`.

    Args:
        encoder_name: a backbone of `segmentation_models_pytorch`: `resnet18`, `resnet50`, `resnet101`, ….
        output_stride: 16, or 8 for finer and slower features; the rates of the dilated convolutions follow from it.
        decoder_channels: channels of the pyramid and of the decoder.
        dropout: probability of dropping a channel behind the pyramid.
        num_channels: colour channels of the images.
        semantic_loss_ignore_index: the label that `forward(labels=…)` leaves out of its loss.
    """

    model_type = "deeplabv3plus"

    encoder_name: str = "resnet101"
    output_stride: int = 16
    decoder_channels: int = 256
    dropout: float = 0.5
    num_channels: int = 3
    semantic_loss_ignore_index: int = 255

    def __post_init__(self, **kwargs: object) -> None:
        super().__post_init__(**kwargs)
        if self.output_stride not in (8, 16):
            raise ArgumentError(f"output_stride is {self.output_stride}, but must be 8 or 16")


class DeepLabV3PlusForSemanticSegmentation(ModelWithFloat32Head):
    """DeepLabV3+ with random weights, whose logits are a quarter of the image's size; no weights are downloaded.

    Its logits are those before the last interpolation, as SegFormer's are.

    Raises:
        InputError: the extra `segmentation` is not installed, or has no such encoder.
    """

    config_class = DeepLabV3PlusConfig
    base_model_prefix = "encoder"
    main_input_name = "pixel_values"

    def __init__(self, config: DeepLabV3PlusConfig) -> None:
        super().__init__(config)
        network = _build(config)
        self.encoder, self.decoder, self.classifier = network.encoder, network.decoder, network.segmentation_head[0]
        self.classifier.float()  # also where all others are made in half precision
        self._no_split_modules = [type(self.encoder).__name__, type(self.decoder).__name__]
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if module is self.classifier:
            initialization.kaiming_normal_(module.weight, nonlinearity="linear")
        elif isinstance(module, nn.Conv2d):
            mode = "fan_out" if module.groups == 1 else "fan_in"  # which knows that a depthwise kernel has one input
            initialization.kaiming_normal_(module.weight, mode=mode, nonlinearity="relu")

    def load_encoder_weights(self, name: str) -> None:
        """Take the encoder's weights from those that `segmentation_models_pytorch` knows by `name`: `imagenet`, ….

        They are downloaded if they are not in the cache.

        Raises:
            InputError: there are no such weights, or no network.
        """
        config, library = self.config, _library()
        try:
            encoder = library.encoders.get_encoder(config.encoder_name, in_channels=config.num_channels, weights=name)
        except Exception as error:  # of the network, of the cache or of the name, each of another library
            reason = first_line(error)
            raise InputError(f"the weights {name!r} of {config.encoder_name} are not to be had: {reason}") from error
        self.encoder.load_state_dict(encoder.state_dict())

    @tuple_on_demand
    def forward(self, pixel_values: Tensor, labels: Tensor | None = None, **kwargs: object) -> SemanticSegmenterOutput:
        """Logits (B, num_labels, ⌈H/4⌉, ⌈W/4⌉) of images (B, num_channels, H, W) of any size.

        With `labels` (B, H, W) also the plain cross-entropy of the logits interpolated to their size; with
        `output_hidden_states` what comes out of each stage of the encoder, the finest first.
        """
        self.refuse("output_attentions", given=kwargs)
        height, width = pixel_values.shape[-2:]
        stride = int(self.config.output_stride)
        padding = (0, -width % stride, 0, -height % stride)
        first = next(layer for layer in self.encoder.modules() if isinstance(layer, nn.Conv2d))
        states = self.encoder(functional.pad(pixel_values.to(first.weight.dtype), padding))
        logits = self.logits_of(self.decoder(states))[..., : -(-height // LOGIT_STRIDE), : -(-width // LOGIT_STRIDE)]
        loss = None
        if labels is not None:
            resized = functional.interpolate(logits, size=labels.shape[-2:], mode="bilinear", align_corners=False)
            loss = functional.cross_entropy(resized, labels, ignore_index=self.config.semantic_loss_ignore_index)
        kept = tuple(states[1:]) if self.wants("output_hidden_states", kwargs) else None  # the first is the image
        return SemanticSegmenterOutput(loss=loss, logits=logits, hidden_states=kept)


def _library() -> Any:
    try:
        import segmentation_models_pytorch  # here, so that nothing else needs the extra
    except ImportError as error:
        raise InputError(
            "DeepLabV3+ needs segmentation_models_pytorch, which is not installed: pip install 'abstain[segmentation]'"
        ) from error
    return segmentation_models_pytorch


def _build(config: DeepLabV3PlusConfig) -> Any:
    library = _library()
    try:
        network = library.DeepLabV3Plus(
            config.encoder_name,
            encoder_weights=None,
            encoder_output_stride=config.output_stride,
            decoder_channels=config.decoder_channels,
            # 6, 12, 18 at stride 16 and twice that at stride 8, as published (section 4)
            decoder_atrous_rates=tuple(rate * 16 // config.output_stride for rate in (6, 12, 18)),
            in_channels=config.num_channels,
            classes=int(config.num_labels or 0),
            upsampling=1,
        )
    except KeyError as error:
        raise ArgumentError(
            f"unknown encoder_name {config.encoder_name!r}: give one of segmentation_models_pytorch, such as resnet101"
        ) from error
    for module in network.decoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = config.dropout  # which the library does not let its users choose
    return network
