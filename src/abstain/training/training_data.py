"""What a training learns from, by its arguments: samples as they are or mixed with each other, and a teacher."""

from __future__ import annotations

from typing import Any

from torch import nn

from abstain._checks import ArgumentError
from abstain.data.mixed_samples import MixedSamples
from abstain.data.mixing import Mixing
from abstain.training.arguments import SelectiveTrainingArguments
from abstain.training.refusals import n_logits_of
from abstain.training.stored_teacher import StoredTeacher, read_teacher
from abstain.training.teacher import Teacher, is_stored


def are_drawn_anew(dataset: Any, args: SelectiveTrainingArguments) -> bool:
    """Whether samples are others in every epoch, which the data have to be told then."""
    return mixes(args) or hasattr(dataset, "set_epoch")


def mixes(args: SelectiveTrainingArguments) -> bool:
    """Whether samples are mixed with each other."""
    return bool(args.mixup_alpha or args.cutmix_alpha)


def teacher_of(args: SelectiveTrainingArguments, model: nn.Module | None) -> Teacher | StoredTeacher | None:
    """Who a model is taught by.

    Raises:
        InputError: a checkpoint that is no classifier of the same classes.
    """
    if args.teacher is None:
        return None
    return StoredTeacher() if is_stored(args.teacher) else Teacher.loaded(args.teacher, model)


def learnt_from(dataset: Any, args: SelectiveTrainingArguments, model: nn.Module | None, *, label_name: str) -> Any:
    """The training data; the given ones where the arguments change nothing.

    Raises:
        InputError: the arguments ask for what these data or this model cannot have.
    """
    has_stored_teacher = args.teacher is not None and is_stored(args.teacher)
    if dataset is None or not (mixes(args) or has_stored_teacher):
        return dataset
    if not mixes(args):
        return read_teacher(str(args.teacher), dataset, model, label_name=label_name)
    if has_stored_teacher:
        raise ArgumentError(
            "the teacher is a file of logits, but mixup_alpha and cutmix_alpha make samples that it has not seen: "
            "leave these out, or give its checkpoint"
        )
    n_logits = n_logits_of(model)
    if n_logits is None:
        raise ArgumentError(
            "mixup_alpha and cutmix_alpha make labels distributions over the classes, but the model does not say how "
            "many it has: set num_labels of its config"
        )
    return MixedSamples(dataset, Mixing(args.mixup_alpha, args.cutmix_alpha, args.seed), n_logits, label_name)
