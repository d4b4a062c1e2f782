"""The samples that a training learns from, as its arguments want them: as they are, or mixed with each other."""

from __future__ import annotations

from typing import Any

from torch import nn

from abstain._checks import ArgumentError
from abstain.data.mixed_samples import MixedSamples
from abstain.data.mixing import Mixing
from abstain.training.arguments import SelectiveTrainingArguments
from abstain.training.refusals import n_logits_of


def are_drawn_anew(dataset: Any, args: SelectiveTrainingArguments) -> bool:
    """Whether samples are others in every epoch, which the data have to be told then."""
    return mixes(args) or hasattr(dataset, "set_epoch")


def mixes(args: SelectiveTrainingArguments) -> bool:
    """Whether samples are mixed with each other."""
    return bool(args.mixup_alpha or args.cutmix_alpha)


def learnt_from(dataset: Any, args: SelectiveTrainingArguments, model: nn.Module | None, *, label_name: str) -> Any:
    """The training data; the given ones where the arguments change nothing.

    Raises:
        InputError: the arguments ask for what these data or this model cannot have.
    """
    if dataset is None or not mixes(args):
        return dataset
    n_logits = n_logits_of(model)
    if n_logits is None:
        raise ArgumentError(
            "mixup_alpha and cutmix_alpha make labels distributions over the classes, but the model does not say how "
            "many it has: set num_labels of its config"
        )
    return MixedSamples(dataset, Mixing(args.mixup_alpha, args.cutmix_alpha, args.seed), n_logits, label_name)
