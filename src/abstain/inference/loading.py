"""A model with all that stands beside it: what makes its inputs, its rule, and what it said of validation data."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from huggingface_hub import snapshot_download
from numpy.typing import NDArray
from torch import nn
from transformers import TimmWrapperImageProcessor

from abstain._checks import ArgumentError, InputError, first_line, shown
from abstain.inference.abstention import AbstentionRule
from abstain.inference.preparing import processor_of
from abstain.inference.rule_file import RULE_FILE
from abstain.inference.weights import stored_type
from abstain.logits.dataset import read_logits
from abstain.models.auto import classifier_config, kind_of, load_classifier
from abstain.models.checkpoint import NOT_TO_BE_HAD, checkpoint_folder
from abstain.models.timm_wrapper import record_preprocessing

LOGITS = "logits"
"""The folder beside a model with what it says of data."""
VALIDATION = "validation"
"""The split there from which thresholds are chosen."""


@dataclass(frozen=True)
class Source:
    """Where a model came from.

    Attributes:
        name: a folder, or a name on the Hub.
        folder: with its files on this machine, wherever the program goes from here.
        commit: of a model on the Hub, whatever comes to stand there later; None of a folder.
    """

    name: str
    folder: Path
    commit: str | None = None

    @classmethod
    def of(cls, name_or_path: str | Path, *, revision: str | None = None) -> Self:
        """The folder itself, or what is downloaded of a repository.

        Raises:
            InputError: as `checkpoint_folder`.
        """
        folder = checkpoint_folder(name_or_path, revision=revision)
        is_local = Path(name_or_path).expanduser().is_dir()
        return cls(str(name_or_path), folder.absolute(), None if is_local else folder.name)


def load_parts(
    name_or_path: str | Path, *, needs_rule: bool = True, revision: str | None, device: Any, dtype: Any
) -> tuple[Source, Any, Any, AbstentionRule | None]:
    """Where a model is from, the model on its device, what makes its inputs, and its rule if it has one.

    Raises:
        InputError: as `load_classifier`, `load_processor` and `AbstentionRule.load`.
    """
    place, source = _device(device), Source.of(name_or_path, revision=revision)
    folder = str(source.folder)
    config = classifier_config(folder)
    kind = kind_of(config)
    rule = rule_beside(source, is_needed=needs_rule)  # before the weights, which take longer
    model = load_classifier(kind, folder, dtype=dtype, config=config)
    if rule is not None and dtype is not None:
        _warn_of_another_type(source, model.dtype)
    return source, nn.Module.to(model, place), processor_of(kind, folder), rule


def save_parts(model: Any, processor: Any, folder: Path) -> None:
    """Write a model and what makes its inputs."""
    save_processor(model, processor, folder)
    model.save_pretrained(folder)


def save_processor(model: Any, processor: Any, folder: Path) -> None:
    """Write what makes the inputs of a model; of timm it comes to stand in the model's configuration."""
    if isinstance(processor, TimmWrapperImageProcessor):
        record_preprocessing(model, processor)
    else:
        processor.save_pretrained(folder)


def rule_beside(source: Source, *, is_needed: bool) -> AbstentionRule | None:
    """The rule beside a model; without one None, and where it is needed, a warning that says so.

    Raises:
        InputError: as `AbstentionRule.load`.
    """
    if (source.folder / RULE_FILE).is_file():
        return AbstentionRule.load(source.folder)
    if is_needed:
        warnings.warn(
            f"{source.name!r} has no {RULE_FILE}, so it never abstains and its confidence is MSP: choose when with "
            "target_risk=, where it has validation logits, or with SelectiveClassifier.from_model",
            stacklevel=4,
        )
    return None


def _warn_of_another_type(source: Source, dtype: torch.dtype) -> None:
    stored = stored_type(source.folder)
    if stored not in (None, dtype):
        warnings.warn(
            f"the rule of {source.name!r} was fitted on what its weights say in {stored}, but they are loaded in "
            f"{dtype}: samples near the threshold may be answered otherwise, and what the rule promises may not hold",
            stacklevel=5,
        )


def _device(device: Any) -> torch.device:
    if device is None:
        found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        return found or torch.device("cpu")
    try:
        torch.empty(0, device=device).cpu()  # which says that it is there
    except (RuntimeError, TypeError, AssertionError) as error:
        raise ArgumentError(
            f"device is {shown(device)}, but must be one of torch that is here, such as cpu or cuda:0 "
            f"({first_line(error)})"
        ) from error
    return torch.device(device)


def stored_validation(source: Source) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """What a model said of validation data, as it is kept beside it: logits (N, K) and labels (N,).

    Raises:
        InputError: it keeps none.
    """
    folder = source.folder / LOGITS
    if source.commit is not None:
        try:
            snapshot_download(source.name, revision=source.commit, allow_patterns=[f"{LOGITS}/{VALIDATION}*"])
        except NOT_TO_BE_HAD as error:
            raise InputError(f"the logits of {source.name!r} cannot be had ({first_line(error)})") from error
    if not (folder / f"{VALIDATION}.parquet").is_file() and not (folder / VALIDATION).is_dir():
        raise InputError(
            f"{source.name!r} keeps no {LOGITS}/{VALIDATION}.parquet, from which a threshold for another target "
            "could be chosen: SelectiveTrainer.save_with_logits or SelectiveClassifier.from_model writes it"
        )
    logits, labels = read_logits(folder, VALIDATION)
    return logits, labels
