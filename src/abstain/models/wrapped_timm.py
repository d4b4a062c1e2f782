"""A model as timm makes it, in the wrapper of transformers, so that it is saved and loaded as all others are."""

from __future__ import annotations

import tempfile
from typing import Any, cast

import torch
from timm.data.config import resolve_model_data_config
from timm.models import save_for_hf
from torch import nn
from transformers import TimmWrapperImageProcessor

from abstain._checks import ArgumentError, InputError, first_line
from abstain.models.auto import load_classifier


def wrapped_timm(model: Any) -> Any:
    """The model in transformers' wrapper, with the same weights, if it is one of timm; else as it is.

    Raises:
        ArgumentError: it is a model of neither, or was changed so that timm's name for it does not make it again.
    """
    if not _is_timm(model):
        if not isinstance(model, nn.Module) or not getattr(getattr(model, "config", None), "num_labels", None):
            raise ArgumentError(
                f"the model is {type(model).__name__}, but must be a classifier of transformers, of timm or of abstain"
            )
        return model
    with tempfile.TemporaryDirectory() as folder:
        try:
            save_for_hf(model, folder, safe_serialization=True)
            wrapper = load_classifier("images", folder)
        except (InputError, RuntimeError, ValueError) as error:
            raise _not_as_named(model, first_line(error)) from error
    ours, theirs = cast(nn.Module, wrapper.timm_model).state_dict(), model.state_dict()
    if ours.keys() != theirs.keys() or any(not torch.equal(ours[name], theirs[name].cpu()) for name in theirs):
        raise _not_as_named(model, "its weights are others")
    return wrapper.to(next(model.parameters()).device)


def processor_of_timm(model: Any) -> TimmWrapperImageProcessor:
    """What timm says has to be done to the images of its model.

    Raises:
        ArgumentError: the model is none as timm makes it.
    """
    if not _is_timm(model):
        raise ArgumentError("there is no processor, but only a model as timm makes it brings its own: give one")
    return TimmWrapperImageProcessor(resolve_model_data_config(cast(nn.Module, model)))


def _is_timm(model: Any) -> bool:
    return isinstance(model, nn.Module) and isinstance(getattr(model, "pretrained_cfg", None), dict)


def _not_as_named(model: Any, reason: str) -> ArgumentError:
    return ArgumentError(
        f"timm cannot make the model {model.pretrained_cfg.get('architecture')!r} again ({reason}): save it by timm's "
        "save_for_hf with the model_args it was made with, and give the folder"
    )
