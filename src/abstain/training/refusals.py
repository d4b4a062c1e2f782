"""Arguments that do not go with the model, the data or each other, refused before any training."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from transformers import PreTrainedModel, Trainer

from abstain._checks import ArgumentError, InputError, first_line
from abstain.training.arguments import SelectiveTrainingArguments

REFUSED = (ValueError, TypeError, ImportError)
"""What transformers and torch raise for arguments that cannot be, and for a package that they need and is missing."""
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
    last = max(n_logits, 2) - 1
    if 0 <= ignore_index <= last:
        raise ArgumentError(
            f"ignore_index is {ignore_index}, but classes have the labels 0 to {last}: give another, such as -100"
        )
    if args.class_weights is not None and len(args.class_weights) != n_logits:
        raise ArgumentError(f"there are {len(args.class_weights)} class_weights, but the model has {n_logits} classes")


def is_made_of_config(model: nn.Module | None) -> bool:
    """Whether `from_pretrained` of its class makes the model from a folder alone.

    It does not with adapters, with a module that is none of transformers', and with a class that wants more than its
    configuration.
    """
    if not isinstance(model, PreTrainedModel) or getattr(model, "_hf_peft_config_loaded", False):
        return False
    try:
        inspect.signature(type(model)).bind(model.config)
    except TypeError:
        return False
    return True


def check_is_whole(model: nn.Module | None, *, cut: bool) -> None:
    """Refuse a model of which no process can say, once it is trained, what the saved one says.

    Args:
        model: that is to be trained.
        cut: whether FSDP cuts it into parts.
    """
    if cut and model is not None and not is_made_of_config(model):
        raise ArgumentError(
            f"{type(model).__name__} is cut into parts by FSDP and cannot be loaded by from_pretrained, so its "
            "logits could not be had once it is trained: make it a PreTrainedModel, or train it without FSDP"
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
