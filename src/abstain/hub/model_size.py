"""How large a model is: its parameters, and the multiply-adds of one sample."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from abstain._checks import InputError
from abstain.data.tables import TableEncoder
from abstain.inference.preparing import prepare

TOKENS = 256
"""Of the text whose operations are counted, unless the model takes fewer."""
SIDE = 224
"""Of the image, in pixels, where neither the model nor its processor says one."""
NOT_COUNTED = (InputError, RuntimeError, ValueError, TypeError, KeyError)
"""What models raise of inputs that they do not take."""


@dataclass(frozen=True)
class ModelSize:
    """What a model needs.

    Attributes:
        n_parameters: all, trained or not.
        multiply_adds: of one forward pass of one sample, matrix products and convolutions alone; None where unknown.
        sample: what that sample is, in words.
    """

    n_parameters: int
    multiply_adds: int | None = None
    sample: str | None = None


def model_size(model: nn.Module, kind: str, processor: Any = None) -> ModelSize:
    """The parameters of a model, and what one sample costs, by `torch.utils.flop_counter`.

    Args:
        model: of transformers, on any device; it is left as it was.
        kind: what is classified: `images`, `texts`, `pixels` or `tables`.
        processor: what makes its inputs; without it nothing is counted but parameters.
    """
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    try:
        inputs, sample = _one_sample(model, kind, processor)
        return ModelSize(n_parameters, _multiply_adds(model, inputs), sample)
    except NOT_COUNTED:
        return ModelSize(n_parameters)


def _multiply_adds(model: nn.Module, inputs: dict[str, Tensor]) -> int:
    device = next(model.parameters()).device
    were_training = [module for module in model.modules() if module.training]
    counter = FlopCounterMode(display=False)
    try:
        with torch.no_grad(), _recurrent_layers_in_parts(), counter:
            model.eval()(**{name: value.to(device) for name, value in inputs.items()})
    finally:
        for module in were_training:
            module.training = True
    return counter.get_total_flops() // 2  # which counts a product and a sum as two


@contextmanager
def _recurrent_layers_in_parts() -> Iterator[None]:
    """An LSTM of oneDNN is one operation, of which the counter knows nothing; without it, it is made of products."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "TF32 acceleration")  # which no processor has, and nobody asked for
        with torch.backends.mkldnn.flags(enabled=False):
            yield


def _one_sample(model: Any, kind: str, processor: Any) -> tuple[dict[str, Tensor], str]:
    """What the model takes of one sample, and what that is."""
    if kind == "tables":
        n = processor.num_features if isinstance(processor, TableEncoder) else int(model.config.num_features)
        return {"features": torch.zeros(1, n)}, "one row"
    if kind == "texts":
        n = min(TOKENS, getattr(model.config, "max_position_embeddings", None) or TOKENS)
        n = min(n, getattr(processor, "model_max_length", n))
        ones = torch.ones(1, n, dtype=torch.int64)
        return {"input_ids": ones, "attention_mask": ones}, f"a text of {n} tokens"
    side = image_side(model.config, processor)
    image = Image.fromarray(np.zeros((side, side, 3), np.uint8))
    inputs, _ = prepare(kind, processor, [image], 0)
    height, width = inputs["pixel_values"].shape[-2:]
    return inputs, f"an image of {height} × {width} pixels"


def image_side(config: Any, processor: Any) -> int:
    """The height of the images that a model is made for, in pixels."""
    size = getattr(processor, "size", None) or {}
    found = [dict(size).get(name) for name in ("height", "shortest_edge")]
    of_timm = (getattr(config, "pretrained_cfg", None) or {}).get("input_size")
    found += [of_timm[-1] if of_timm else None, getattr(config, "image_size", None)]
    return next((one for one in found if isinstance(one, int)), SIDE)
