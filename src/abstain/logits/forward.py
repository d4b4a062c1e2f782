"""The forward pass of an extraction: its precision, its memory format and its head."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from abstain._checks import InputError, check_at_least, check_choice
from abstain.logits.batch import Batch

DTYPES = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""Of the forward pass; weights, head and logits stay in float32."""


@dataclass(frozen=True)
class ExtractionPlan:
    """How a split is cut and run.

    All but `workers` and `skip_bad_samples` stay the same between a run and the one that takes it up.

    Raises:
        InputError: an unknown dtype, or a number below 1.
    """

    samples_per_shard: int = 10_000
    batch_size: int = 256
    dtype: str = "float32"
    torch_compile: bool = False
    channels_last: bool = False
    skip_bad_samples: bool = False
    workers: int = 0

    def __post_init__(self) -> None:
        check_choice("dtype", self.dtype, DTYPES)
        check_at_least(self, samples_per_shard=1, batch_size=1)


def prepare_model(model: PreTrainedModel, plan: ExtractionPlan, device: torch.device) -> nn.Module:
    """The model ready for inference on `device`, with its head outside autocast."""
    model.eval()
    nn.Module.to(model, device)
    if plan.channels_last:
        nn.Module.to(model, memory_format=torch.channels_last)
    if DTYPES[plan.dtype] is not None:
        keep_head_in_float32(model)
    return cast(nn.Module, torch.compile(model)) if plan.torch_compile else model


def keep_head_in_float32(model: PreTrainedModel) -> None:
    """Let the model's heads compute outside autocast: rounded logits tie, and ties lose the order to abstain in.

    Raises:
        InputError: the model has no linear layer and no convolution with one output a class.
    """
    heads = [m for m in model.modules() if _outputs(m) == model.config.num_labels]
    if not heads:
        raise InputError(
            "the model has no linear layer or convolution with one output a class, and its logits would be rounded: "
            "take --dtype float32"
        )
    for head in heads:
        head.forward = _in_float32(head.forward)


def _in_float32(forward: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    def outside_autocast(input: Tensor) -> Any:
        with torch.autocast(input.device.type, enabled=False):
            return forward(input.float())

    return outside_autocast


def _outputs(module: nn.Module) -> int | None:
    if isinstance(module, nn.Conv2d):
        return module.out_channels
    return module.out_features if isinstance(module, nn.Linear) else None


def weights_hash(model: PreTrainedModel) -> str:
    """SHA-256 of all weights and buffers, in hexadecimal."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@torch.inference_mode()
def run_model(model: nn.Module, batch: Batch, plan: ExtractionPlan, device: torch.device) -> Tensor:
    """The logits of a batch."""
    inputs = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.inputs.items()}
    if plan.channels_last:
        inputs = {k: v.contiguous(memory_format=torch.channels_last) if v.ndim == 4 else v for k, v in inputs.items()}
    dtype = DTYPES[plan.dtype]
    with torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
        logits: Tensor = model(**inputs).logits
    if not torch.isfinite(logits).all():
        raise InputError(f"the model gives NaN or infinite logits in {plan.dtype}: take --dtype float32 or bfloat16")
    return logits
