"""What a model takes, made of a batch of samples by what is saved beside it: processor, tokenizer or table encoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import pandas as pd
import torch
from torch import Tensor
from transformers import BaseImageProcessor, PreTrainedConfig, PreTrainedTokenizerBase

from abstain._checks import ArgumentError, InputError, first_line, shown
from abstain.data.tables import TableEncoder
from abstain.inference.abstention import AbstentionRule
from abstain.inference.samples import as_image
from abstain.logits.inputs import processed_images, stacked
from abstain.logits.pixels import check_covers_image
from abstain.models.auto import load_processor
from abstain.scores.confidence import OfProbabilities
from abstain.scores.default_names import default_numbers
from abstain.scores.given import GivenConfidence

Prepared = tuple[dict[str, Tensor], list[tuple[int, int]]]
"""The inputs of a model, and of images the height and width of each."""
ONE_SIZE = "take batch_size=1"


def processor_of(kind: str, folder: str) -> Any:
    """What stands beside a checkpoint to make its inputs.

    Raises:
        InputError: there is none.
    """
    return TableEncoder.from_pretrained(folder) if kind == "tables" else load_processor(kind, folder)


def check_processor(kind: str, processor: Any, config: PreTrainedConfig) -> None:
    """Refuse a processor that does not make what a model of this kind takes.

    Raises:
        ArgumentError: it is none, or of another kind.
        InputError: an encoder of another number of features than the model's; an image processor of pixels that cuts or
            fills up images.
    """
    if kind == "tables":
        if not isinstance(processor, TableEncoder):
            raise ArgumentError(f"the processor is {type(processor).__name__}, but must be a TableEncoder for tables")
        wanted = getattr(config, "num_features", processor.num_features)
        if processor.num_features != wanted:
            raise InputError(f"the encoder gives {processor.num_features} features, but the model takes {wanted}")
    elif not isinstance(processor, PreTrainedTokenizerBase if kind == "texts" else BaseImageProcessor):
        what = "a tokenizer" if kind == "texts" else "an image processor"
        raise ArgumentError(
            f"the processor is {type(processor).__name__}, but must be {what} of transformers for {kind}"
        )
    elif kind == "pixels":
        check_covers_image(cast(BaseImageProcessor, processor))


def check_rule(rule: AbstentionRule | None, n_classes: int) -> None:
    """Refuse a rule for another number of classes, or for something else than logits.

    Raises:
        InputError: so it is.
    """
    if rule is None:
        return
    if isinstance(rule.confidence, OfProbabilities | GivenConfidence):
        raise InputError(
            f"the rule was made of {rule.confidence.label}, but a model gives logits, of which the same threshold says "
            "something else: fit a rule on logits"
        )
    if rule.n_classes not in (None, n_classes):
        raise InputError(f"the rule was made for {rule.n_classes} classes, but the model has {n_classes}: fit it anew")


def prepare(kind: str, processor: Any, samples: list[Any], first: int) -> Prepared:
    """The inputs of a model for a batch of samples.

    Args:
        kind: what is classified.
        processor: as `processor_of` gives it.
        samples: of this kind.
        first: the number of the first of them, for messages.

    Raises:
        InputError: a sample cannot be read, or the images differ in size once they are processed.
    """
    return _PREPARED[kind](processor, samples, first)


def _images(processor: Any, samples: list[Any], first: int) -> Prepared:
    images = [as_image(sample, first + place) for place, sample in enumerate(samples)]
    sizes = [(image.height, image.width) for image in images]
    return stacked(processed_images(processor, images), ONE_SIZE), sizes


def _texts(processor: Any, samples: list[Any], first: int) -> Prepared:
    for place, sample in enumerate(samples):
        if not isinstance(sample, str):
            raise InputError(f"sample {first + place} is {shown(sample)}, but must be a text")
    return dict(processor(samples, padding=True, truncation=True, return_tensors="pt")), []


def _rows(processor: TableEncoder, samples: list[Any], first: int) -> Prepared:
    for place, sample in enumerate(samples, first):
        if not isinstance(sample, Mapping | pd.Series):
            raise InputError(
                f"sample {place} is {shown(sample)}, but must be a row of a table: give a dictionary, the name of each "
                "column -> its value"
            )
    rows = [sample if isinstance(sample, Mapping) else sample.to_dict() for sample in samples]
    return {"features": torch.from_numpy(processor.features_of_rows(rows, first))}, []


_PREPARED: dict[str, Callable[[Any, list[Any], int], Prepared]] = {
    "images": _images,
    "texts": _texts,
    "tables": _rows,
    "pixels": _images,
}


def run(model: Any, inputs: dict[str, Tensor]) -> Tensor:
    """The logits of a model, on the CPU in float32, or wider where they are.

    Args:
        model: of transformers, whose outputs have `logits`.
        inputs: on the CPU.

    Raises:
        InputError: the model takes no such inputs, or they give no logits, or none that are finite.
    """
    first = next(model.parameters())
    moved = {name: _moved(value, first) for name, value in inputs.items()}
    try:
        with torch.inference_mode():
            outputs = model(**moved)
    except InputError:
        raise
    except torch.OutOfMemoryError as error:
        raise InputError(
            f"the device has too little memory ({first_line(error)}): take a smaller batch_size"
        ) from error
    except (RuntimeError, ValueError, TypeError, IndexError) as error:  # of each model its own
        found = ", ".join(f"{name} {tuple(value.shape)}" for name, value in inputs.items())
        raise InputError(
            f"the model cannot take {found} ({first_line(error)}): its processor must be the one that it was trained "
            "with; a tokenizer needs the model_max_length and the padding token that the model knows too"
        ) from error
    return logits_of(outputs)


def logits_of(outputs: Any) -> Tensor:
    """The logits among the outputs of a model, as of `run`.

    Raises:
        InputError: as of `run`.
    """
    logits = getattr(outputs, "logits", None)
    if not isinstance(logits, Tensor) or logits.ndim < 2:
        raise InputError(f"the model gives {type(outputs).__name__}, but must give logits (N, K): take a classifier")
    logits = logits.detach().to("cpu", torch.float64 if logits.dtype == torch.float64 else torch.float32)
    if not torch.isfinite(logits).all():
        raise InputError("the model gives NaN or infinite logits: its weights or its inputs are no good")
    return logits


def _moved(value: Tensor, like: Tensor) -> Tensor:
    """On the device of the weights, and what is no index in their type."""
    return value.to(like.device, like.dtype if value.is_floating_point() else None)


def class_names_of(model: Any, processor: Any, rule: AbstentionRule | None) -> tuple[str, ...]:
    """What the classes are called: as the rule says, the table encoder, the model; else by their numbers.

    Raises:
        InputError: two of them call the classes otherwise, or know another number of them than the model has logits.
    """
    n_logits = int(model.config.num_labels)
    of_model = _names_in_config(model.config, n_logits)
    told: dict[str, tuple[str, ...] | None] = {
        "the rule": None if rule is None else rule.class_names,
        "the table encoder": tuple(processor.classes) if isinstance(processor, TableEncoder) else None,
    }
    for whose, names in told.items():
        if names is not None and len(names) != max(n_logits, 2):
            raise InputError(f"{whose} has {len(names)} class names, but the model has {max(n_logits, 2)} classes")
        if names is not None and not _agree(names, of_model):
            raise InputError(
                f"{whose} calls the classes {shown(names)}, but the model {shown(of_model)}: take those that belong to "
                "each other"
            )
    return told["the rule"] or told["the table encoder"] or of_model


def _names_in_config(config: PreTrainedConfig, n_logits: int) -> tuple[str, ...]:
    names = getattr(config, "id2label", None) or {}
    found = tuple(str(names.get(index, index)) for index in range(n_logits))
    return (f"not {found[0]}", found[0]) if n_logits == 1 else found


def _agree(names: tuple[str, ...], of_model: tuple[str, ...]) -> bool:
    """Whether a model calls its classes so too, where it calls them by more than their numbers."""
    if of_model[0].startswith("not "):  # one logit, whose class 0 has no name there
        names, of_model = names[1:], of_model[1:]
    has_names = default_numbers(of_model) is None and not all(name.isdecimal() for name in of_model)
    return names == of_model or not has_names
