"""The head of our own architectures: it never rounds its logits, whatever precision the layers before it have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.utils.generic import can_return_tuple

from abstain._checks import ArgumentError, shown

Forward = TypeVar("Forward", bound=Callable[..., Any])


class ModelWithFloat32Head(PreTrainedModel):
    """A model that ends in `classifier`, a layer with one output a class.

    The head always computes in the precision of its weights, outside autocast: logits rounded to half
    precision tie, and ties lose the order in which to abstain. Its layers are made with `dtype=torch.float32`, which
    transformers respects when a checkpoint is loaded with `dtype=torch.bfloat16` or `float16`; only a cast of the
    whole model rounds them.
    """

    accepts_loss_kwargs = False  # or Trainer takes **kwargs for a loss that knows its number of samples
    base_model_prefix = "backbone"
    classifier: nn.Linear | nn.Conv2d

    def head(self, features: Tensor) -> Tensor:
        """Logits of what is classified; overridden where more layers than `classifier` make up the head."""
        return cast(Tensor, self.classifier(features))

    def logits_of(self, features: Tensor) -> Tensor:
        """The head's logits, computed in the precision of its weights."""
        with torch.autocast(device_type=features.device.type, enabled=False):
            return self.head(features.to(self.classifier.weight.dtype))

    def wants(self, output: str, given: Mapping[str, object]) -> bool:
        """Whether a call, or the configuration where the call does not say, asks for this `output`.

        Raises:
            ArgumentError: something else than True or False is asked for, such as the numbers of some layers.
        """
        value = given.get(output)
        value = getattr(self.config, output, None) if value is None else value
        if value is not None and not isinstance(value, bool):
            raise ArgumentError(f"{output} is {shown(value)}, but {type(self).__name__} takes True or False")
        return bool(value)

    def refuse(self, *outputs: str, given: Mapping[str, object]) -> None:
        """Refuse a call that asks for outputs which the model does not have.

        Raises:
            ArgumentError: it asks for one of them.
        """
        for output in outputs:
            if self.wants(output, given):
                what = output.removeprefix("output_").replace("_", " ")
                raise ArgumentError(f"{type(self).__name__} gives no {what}, but {output} is True: leave it out")


def tuple_on_demand(forward: Forward) -> Forward:
    """Let a `forward` take `return_dict`, and give a plain tuple where it or the configuration says False."""
    return cast(Forward, can_return_tuple(forward))
