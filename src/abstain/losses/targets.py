"""What the losses take, checked: logits, and as targets a class or a distribution for each sample."""

from __future__ import annotations

import torch
from torch import Tensor

from abstain._arguments import check_whole
from abstain._arrays import check_tensor
from abstain._checks import InputError, check_choice
from abstain.losses.reduction import REDUCTIONS, Reduction

SUM_WITHIN = 2**-7
"""How near to 1 the sum of a distribution must be, also where its numbers once were bfloat16."""


def are_soft(labels: Tensor) -> bool:
    """Whether labels are distributions over the classes, and not classes."""
    return labels.is_floating_point()


def check_targets(logits: Tensor, labels: Tensor) -> None:
    """That these are logits (N, K, …) and labels (N, …) of integers or (N, K, …) of floats, on one device.

    Raises:
        InputError: they are not; for floats (N, …), which may be targets of a regression, with what to do.
    """
    check_floats("logits", logits)
    _check_is_tensor("labels", labels)
    if labels.is_complex():
        raise InputError(f"labels hold {kind_of(labels)}, but must be integers, or distributions over the classes")
    if labels.device != logits.device:
        raise InputError(f"logits are on {logits.device} and labels on {labels.device}: move them to one device")
    one_each = (*logits.shape[:1], *logits.shape[2:])
    if not are_soft(labels) and logits.ndim > 1 and labels.shape == logits.shape != one_each:
        raise InputError(
            f"labels hold {kind_of(labels)} in the shape {tuple(labels.shape)} of the logits, as samples with several "
            "labels do, but each sample must have one class: give integers in shape "
            f"{one_each}, or distributions as floats"
        )
    if logits.ndim < 2 or (tuple(labels.shape) != one_each and not are_soft(labels)):
        raise InputError(
            f"logits have shape {tuple(logits.shape)} and labels {tuple(labels.shape)}: need (N, K, …), (N, …)"
        )
    if logits.shape[1] == 0:
        raise InputError("logits have no class (K = 0), but at least one column is needed")
    if are_soft(labels) and labels.shape != logits.shape:
        raise InputError(
            f"labels hold {kind_of(labels)} in shape {tuple(labels.shape)}, but must be integers in shape {one_each}, "
            f"or distributions in shape {tuple(logits.shape)}: a regression is no classification"
        )
    if are_soft(labels) and can_look_at(labels):
        check_distributions("labels", labels)


def checked(
    logits: Tensor, labels: Tensor, weight: Tensor | None, *, ignore_index: int, reduction: Reduction
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Logits of at least float32, classes as int64 or distributions, and weights like the logits.

    Raises:
        InputError: as `check_targets` and `check_weight`; an unknown reduction, or an `ignore_index` that no label is.
    """
    check_choice("reduction", reduction, REDUCTIONS)
    check_whole("ignore_index", ignore_index, at_least=-(2**63))
    check_targets(logits, labels)
    logits = at_least_float32(logits)
    weight = None if weight is None else check_weight(weight, logits)
    return logits, labels if are_soft(labels) else labels.long(), weight


def can_look_at(values: Tensor) -> bool:
    """Whether looking at values costs next to nothing: a GPU would be waited for, and a compiler would stop."""
    return values.device.type == "cpu" and not torch.compiler.is_compiling()


def check_distributions(what: str, values: Tensor) -> None:
    """That each sample of (N, K, …) has K numbers of at least 0 that sum to 1, or of (N, 1, …) one in [0, 1].

    Raises:
        InputError: one has not; where all are 0 or 1 it may be a target with several labels, and is called so.
    """
    if not values.numel():
        return
    if values.shape[1] == 1:
        fits = bool(((values >= 0) & (values <= 1)).all())
    else:
        off = (at_least_float32(values).sum(dim=1) - 1).abs()
        fits = bool((values.amin() >= 0) & (off.amax() <= SUM_WITHIN))
    if fits:
        return
    if ((values == 0) | (values == 1)).all():
        raise InputError(f"{what} hold samples with several labels or none, but each sample must have one class")
    raise InputError(f"{what} hold a row that is no distribution: rows must be at least 0 and sum to 1")


def check_weight(weight: Tensor, logits: Tensor) -> Tensor:
    """Class weights (K,) in the type of the logits and on their device.

    Raises:
        InputError: another shape, one logit, or a weight that is negative, NaN or infinite.
    """
    _check_is_tensor("weight", weight)
    if logits.shape[1] == 1:
        raise InputError("class weights are given, but one logit has no classes to weigh: use two logits")
    if weight.shape != logits.shape[1:2]:
        raise InputError(
            f"weight has shape {tuple(weight.shape)}, but must be ({logits.shape[1]},): one for each class"
        )
    if can_look_at(weight) and not (weight.isfinite() & (weight >= 0)).all():
        raise InputError("weight holds a negative, NaN or infinite value, but must hold finite numbers of at least 0")
    return weight.to(logits)


def sample_weights(labels: Tensor, *, ignore_index: int, weight: Tensor | None) -> Tensor:
    """What each sample counts, in the shape of the classes (N, …): 0 where ignored, else the weight of its label.

    Args:
        labels: (N, …) classes, or (N, K, …) distributions, of which none is ignored.
        ignore_index: the class of samples that do not count.
        weight: (K,) as `check_weight` gives it; None weighs all alike.
    """
    if are_soft(labels):
        if weight is None:
            return torch.ones_like(labels[:, 0], dtype=torch.float32)  # a sum in half precision would round or overflow
        return torch.einsum("nk...,k->n...", labels.to(weight), weight)
    counted = labels != ignore_index
    return counted if weight is None else weight[labels.where(counted, 0)].where(counted, 0.0)


def check_floats(what: str, values: Tensor) -> None:
    """That `values` is a torch tensor of floats."""
    _check_is_tensor(what, values)
    if not values.is_floating_point():
        raise InputError(f"{what} holding {kind_of(values)} cannot take part in a loss: make them floats")


def _check_is_tensor(what: str, values: Tensor) -> None:
    if not isinstance(values, Tensor):
        raise InputError(f"{what} of type {type(values).__name__} cannot take part in a loss: give a torch tensor")
    check_tensor(values, what)


def at_least_float32(values: Tensor) -> Tensor:
    """Numbers of half precision as float32: their sums would lose the rare classes."""
    return values.float() if values.dtype.itemsize < 4 else values


def kind_of(values: Tensor) -> str:
    """What a message calls the type of numbers."""
    return str(values.dtype).removeprefix("torch.")
