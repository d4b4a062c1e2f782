"""Arguments that do not go with the model, the data or each other, refused before any training."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import nn
from transformers import PreTrainedModel, Trainer

from abstain._checks import ArgumentError, InputError, first_line
from abstain.training.arguments import SelectiveTrainingArguments

REFUSED = (ValueError, TypeError, ImportError)
"""What transformers and torch raise for arguments that cannot be, and for a package that they need and is missing."""
NOT_TAKEN = (RuntimeError, ValueError, TypeError, IndexError, KeyError, AssertionError)
"""What a model raises for inputs of a size or kind that it is not made for."""
NO_VALUE = "?"
"""What no optimizer takes for a number, and none has for a default."""


@contextmanager
def naming_what_is_refused(what: str, errors: tuple[type[Exception], ...] = REFUSED) -> Iterator[None]:
    """Turns what torch or a missing package says of the arguments into one sentence.

    Raises:
        InputError: the block raised one of these errors.
    """
    try:
        yield
    except InputError:
        raise
    except errors as error:
        raise ArgumentError(f"the {what} cannot be made of these arguments: {first_line(error)}") from error


def n_logits_of(model: nn.Module | None) -> int | None:
    """K of a model that says it; one logit stands for two classes."""
    found = getattr(getattr(model, "config", None), "num_labels", None)
    return found if isinstance(found, int) else None


NO_CLASSES = {"regression": "a number", "multi_label_classification": "several labels"}
"""`problem_type` of a model whose samples do not have one class each -> what they have."""


def check_classes(args: SelectiveTrainingArguments, model: nn.Module | None, *, ignore_index: int) -> None:
    """Refuse a model that does not tell one class a sample, an `ignore_index` that is a class, and wrong weights."""
    problem = getattr(getattr(model, "config", None), "problem_type", None)
    if problem in NO_CLASSES:
        raise ArgumentError(
            f"the model's problem_type is {problem!r}, whose samples have {NO_CLASSES[problem]}, but selective "
            "classification needs one class a sample: set it to 'single_label_classification', or use Trainer"
        )
    n_logits = n_logits_of(model)
    if n_logits is None:
        return
    if n_logits == 1 and args.logit_norm_temperature:
        raise ArgumentError(
            "logit_norm_temperature is given, but the norm of the model's one logit leaves only its sign, which cannot "
            "be learnt: take a model with two logits, or leave it out"
        )
    last = max(n_logits, 2) - 1
    if 0 <= ignore_index <= last:
        raise ArgumentError(
            f"ignore_index is {ignore_index}, but classes have the labels 0 to {last}: give another, such as -100"
        )
    if args.class_weights is not None and len(args.class_weights) != n_logits:
        raise ArgumentError(f"there are {len(args.class_weights)} class_weights, but the model has {n_logits} classes")


def is_made_of_config(model: nn.Module | None) -> bool:
    """Whether `from_pretrained` of its class makes the model from a folder alone.

    It does not with adapters, with a module that is none of transformers', with a class that wants more than its
    configuration, and with layers that are not those of the configuration, such as a head that was put in its place.
    """
    if not isinstance(model, PreTrainedModel) or getattr(model, "_hf_peft_config_loaded", False):
        return False
    try:
        inspect.signature(type(model)).bind(model.config)
        with torch.device("meta"), torch.random.fork_rng(devices=[]):
            fresh = type(model)(copy.deepcopy(model.config))
    except Exception:  # of a class that somebody else wrote
        return False
    return _shapes(fresh) == _shapes(model)


def _shapes(model: nn.Module) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in model.state_dict().items()}


def check_can_be_cut(model: nn.Module | None, plugin: Any, *, channels_last: bool) -> None:
    """Refuse what FSDP cannot cut into parts, or of which no process could say in the end what the saved model says.

    Args:
        model: that is to be trained; None where it is made later.
        plugin: what accelerate knows of FSDP.
        channels_last: whether its weights are kept in that memory format.

    Raises:
        ArgumentError: one of these, with what to do.
    """
    if channels_last:
        raise ArgumentError("FSDP cuts weights that are contiguous alone, but channels_last is given: leave it out")
    if model is None:
        return
    if not is_made_of_config(model):
        raise ArgumentError(
            f"{type(model).__name__} is cut into parts by FSDP and cannot be loaded by from_pretrained, so its "
            "logits could not be had once it is trained: make it a PreTrainedModel, or train it without FSDP"
        )
    _check_layers(cast(PreTrainedModel, model), plugin)


def _check_layers(model: PreTrainedModel, plugin: Any) -> None:
    from torch.distributed.fsdp.wrap import transformer_auto_wrap_policy  # here: it is slow to import

    of_inputs = None
    if plugin.fsdp_version == 2:
        try:
            of_inputs = model.get_input_embeddings()
        except (AttributeError, NotImplementedError) as error:  # the former of older transformers
            raise ArgumentError(
                f"{type(model).__name__} does not say which layer takes its inputs, which FSDP 2 has to know: take "
                "FSDP 1, or data parallel processes"
            ) from error
    if getattr(plugin.auto_wrap_policy, "func", plugin.auto_wrap_policy) is not transformer_auto_wrap_policy:
        return
    named = plugin.transformer_cls_names_to_wrap
    wanted = set(named if named is not None else model._no_split_modules or ())
    layers = [module for module in model.modules() if type(module).__name__ in wanted]
    cut_twice = of_inputs is not None and any(of_inputs in set(layer.modules()) for layer in layers)
    if cut_twice or wanted != {type(layer).__name__ for layer in layers}:
        raise ArgumentError(
            f"FSDP cuts models at {', '.join(sorted(wanted))}, where {type(model).__name__} cannot be cut: name the "
            "class of the layer that repeats in fsdp_transformer_layer_cls_to_wrap, such as BertLayer, or take "
            "NO_WRAP as fsdp_auto_wrap_policy"
        )


def check_optim_args(args: SelectiveTrainingArguments, model: PreTrainedModel) -> None:
    """Refuse a key of `optim_args` that the optimizer does not read, which `Trainer` passes over.

    A key is read where nonsense in its place changes what the optimizer is made of, or is refused.
    """
    if not args.optim_args:
        return
    for key in (pair.partition("=")[0].strip() for pair in args.optim_args.split(",")):
        if _settings(args, model, f"{key}={NO_VALUE}") == _settings(args, model, None):
            raise ArgumentError(
                f"optim_args names {key!r}, which the optimizer {args.optim} does not take: leave it out"
            )


def _settings(args: SelectiveTrainingArguments, model: PreTrainedModel, optim_args: str | None) -> Any:
    changed = copy.copy(args)
    changed.optim_args = optim_args
    try:
        return Trainer.get_optimizer_cls_and_kwargs(changed, model)
    except REFUSED as error:
        return str(error)
