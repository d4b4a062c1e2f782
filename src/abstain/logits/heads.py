"""Which layers of a model give its logits, and how they stay in float32 where all others compute in half precision."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from abstain._checks import InputError, first_line

REMEDY = "and its logits would be rounded: take dtype=float32"


def keep_heads_in_float32(model: PreTrainedModel) -> None:
    """Let the layers that give the logits compute outside autocast: rounded logits tie, and ties lose the order.

    Raises:
        InputError: as `head_layers`.
    """
    for head in head_layers(model):
        head.float()
        head.forward = _in_float32(head.forward)


def head_layers(model: PreTrainedModel) -> list[nn.Module]:
    """The layers with an output for each class, auxiliary heads too: those that another number of classes changes.

    The model's class is built twice without weights, for its number of classes and for one more. A layer that merely
    has as many outputs, as that of a ViT whose hidden size is the number of classes, is the same in both.

    Raises:
        InputError: the class cannot be built from its configuration, or no layer differs.
    """
    n_classes = int(model.config.num_labels or 0)
    try:
        shapes, others = (_shapes(model, count) for count in (n_classes, n_classes + 1))
        names = {name.rpartition(".")[0] for name, shape in shapes.items() if others.get(name) != shape}
        heads = [model.get_submodule(name) for name in sorted(names)]
    except Exception as error:  # of a class that is not ours, and may raise anything
        reason = first_line(error)
        raise InputError(f"the head of {type(model).__name__} is not to be found ({reason}), {REMEDY}") from error
    if not heads or model in heads:
        raise InputError(f"no layer of {type(model).__name__} has one output a class, {REMEDY}")
    return heads


def _shapes(model: PreTrainedModel, n_classes: int) -> dict[str, torch.Size]:
    config = copy.deepcopy(model.config)
    config.num_labels = n_classes
    with torch.device("meta"):  # no memory and no time, as `from_pretrained` builds every model
        built = type(model)(config)
    return {name: parameter.shape for name, parameter in built.named_parameters()}


def _in_float32(forward: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    def outside_autocast(input: Tensor) -> Any:
        with torch.autocast(input.device.type, enabled=False):
            return forward(input.float())

    return outside_autocast
