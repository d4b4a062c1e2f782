"""Sharpness-aware minimisation: the gradient of an update is taken where the loss is highest nearby."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from abstain._checks import InputError


def replace_gradient(model: nn.Module, recompute: Callable[[], None], *, rho: float) -> None:
    """Replace the gradient of `model` by that at w + rho · g / ‖g‖, with g its gradient now (Foret et al. 2021).

    The weights are put back before it returns, also where `recompute` fails, so that clipping, the step of the
    optimiser and its schedule follow as without it. Batch statistics stay as the first pass left them. This is
    equation 2 of arXiv 2010.01412, with the non-adaptive norm over all parameters.

    Args:
        model: with the summed gradient of the whole update, the same on all processes.
        recompute: forward and backward of the same update again.
        rho: radius, above 0.
    """
    sam = _sam_class()([p for p in model.parameters() if p.requires_grad], base_optimizer=_NoStep, rho=rho)
    sam.first_step(zero_grad=True)
    try:
        with _kept_batch_statistics(model):
            recompute()
    finally:
        sam.second_step()  # the weights as they were; the optimiser inside does nothing


def _sam_class() -> Any:
    try:
        from pytorch_optimizer import SAM
    except ImportError as error:
        raise InputError("sam_rho needs pytorch_optimizer, which is not here: pip install 'abstain[sam]'") from error
    return SAM


class _NoStep(torch.optim.Optimizer):
    """In the place of the optimiser that the library would step itself: `Trainer` does that, after clipping."""

    def __init__(self, params: Iterable[Any], **kwargs: Any) -> None:
        super().__init__(params, kwargs)

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Nothing."""


@contextmanager
def _kept_batch_statistics(model: nn.Module) -> Iterator[None]:
    """Batch normalisation by the batch, as in training, but without a trace in the running statistics."""
    tracking = [module for module in model.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
    for module in tracking:
        module.track_running_stats = False
    try:
        yield
    finally:
        for module in tracking:
            module.track_running_stats = True
