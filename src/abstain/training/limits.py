"""The range of each number among the arguments of training, looked at before anything is read or written."""

from __future__ import annotations

import math
from typing import Any

from abstain._arguments import check_whole
from abstain._checks import ArgumentError, check_number

WHOLE = {
    "per_device_train_batch_size": 1,
    "per_device_eval_batch_size": 1,
    "gradient_accumulation_steps": 1,
    "eval_accumulation_steps": 1,
    "save_total_limit": 1,
    "dataloader_prefetch_factor": 1,
    "dataloader_num_workers": 0,
    "eval_pixels_per_sample": 1,
    "eval_pixels_seed": 0,
    "seed": 0,
    "data_seed": 0,
}
"""Whole numbers -> the smallest that they may be; None stays None."""

HIGHEST = {"seed": 2**32 - 1, "data_seed": 2**32 - 1}
"""The largest seed that NumPy takes."""

ABOVE_ZERO = (
    "num_train_epochs",
    "logging_steps",
    "eval_steps",
    "save_steps",
    "backbone_learning_rate_factor",
    "lr_step_factor",
)

AT_LEAST_ZERO = (
    "learning_rate",
    "weight_decay",
    "adam_epsilon",
    "warmup_steps",
    "eval_delay",
    "sam_rho",
    "max_suppression_factor",
    "focal_gamma",
    "logit_norm_temperature",
)

OF_BETA = ("mixup_alpha", "cutmix_alpha")
"""α of a Beta(α, α), from 0 to 10^6: NumPy's draws go wrong where α is near the largest number there is."""

BELOW_ONE = ("adam_beta1", "adam_beta2", "ema_decay")
"""Decay rates of a mean, in [0, 1)."""


def check_limits(args: Any) -> None:
    """Check every number of `TrainingArguments` that has a range.

    Raises:
        InputError: one lies outside, is NaN or infinite; the message names it and the range.
    """
    for name, least in WHOLE.items():
        if getattr(args, name) is not None:
            check_whole(name, getattr(args, name), at_least=least, at_most=HIGHEST.get(name))
    for name in ABOVE_ZERO:
        _check(args, name, wanted="above 0", least=0.0, open_below=True)
    for name in AT_LEAST_ZERO:
        _check(args, name, wanted="finite and at least 0", least=0.0)
    if not check_number("max_grad_norm", args.max_grad_norm) >= 0:  # infinite: the norm is told, and nothing clipped
        raise ArgumentError(f"max_grad_norm is {args.max_grad_norm:g}, but must be at least 0: 0 does not clip")
    for name in OF_BETA:
        _check(args, name, wanted="in [0, 10^6]", least=0.0, below=math.nextafter(1e6, math.inf))
    for name in BELOW_ONE:
        _check(args, name, wanted="in [0, 1)", least=0.0, below=1.0)
    if args.max_steps != -1:
        check_whole("max_steps (-1 leaves it to num_train_epochs)", args.max_steps, at_least=1)


def _check(
    args: Any, name: str, *, wanted: str, least: float, open_below: bool = False, below: float = math.inf
) -> None:
    if getattr(args, name) is None:
        return
    value = check_number(name, getattr(args, name))
    if not least <= value < below or (open_below and value == least):
        raise ArgumentError(f"{name} is {value:g}, but must be {wanted}")
