"""A learning rate of its own for a model's backbone."""

from __future__ import annotations

import torch
from torch import nn

from abstain._checks import ArgumentError


def slow_backbone(optimizer: torch.optim.Optimizer, model: nn.Module, factor: float) -> None:
    """Split each group of parameters, with `factor` times the learning rate for those of the model's backbone.

    Raises:
        InputError: the model has no `base_model` but itself, or nothing outside of it is trained, as with adapters.
    """
    backbone = getattr(model, "base_model", model)
    if backbone is model:
        raise ArgumentError(
            f"{type(model).__name__} names no backbone, but backbone_learning_rate_factor needs one: leave it out"
        )
    known = {id(parameter) for parameter in backbone.parameters()}
    groups, n_fast = [], 0
    for group in optimizer.param_groups:
        slow = [parameter for parameter in group["params"] if id(parameter) in known]
        fast = [parameter for parameter in group["params"] if id(parameter) not in known]
        n_fast += len(fast)
        groups += [{**group, "params": fast}, {**group, "params": slow, "lr": factor * group["lr"]}]
    if not n_fast:
        raise ArgumentError(
            f"all that is trained of {type(model).__name__} is of its backbone, so backbone_learning_rate_factor would "
            "slow everything: leave it out and set learning_rate"
        )
    optimizer.param_groups[:] = groups
