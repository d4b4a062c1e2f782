"""A classifier that another one learns from: a checkpoint, which sees what its student sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from abstain._checks import ArgumentError, InputError, first_line
from abstain.inference.weights import sha256_of, weights_sha256
from abstain.models.auto import classifier_config, kind_of, load_classifier
from abstain.models.checkpoint import checkpoint_folder
from abstain.training.refusals import NOT_TAKEN, n_logits_of
from abstain.training.statistics import logits_of


@dataclass(frozen=True, eq=False)
class Teacher:
    """A trained model that is asked of every batch of training, after augmentation, and is no part of the student.

    Attributes:
        model: in evaluation mode, without gradients.
        name: for messages.
    """

    model: nn.Module
    name: str

    @classmethod
    def loaded(cls, name_or_path: str, student: nn.Module | None) -> Teacher:
        """The checkpoint of a folder or a name on the Hub, if it knows the classes of the student.

        Raises:
            InputError: it is no classifier, of segmentation, or of other classes.
        """
        try:
            folder = str(checkpoint_folder(name_or_path))
            config = classifier_config(folder)
            if (kind := kind_of(config)) == "pixels":
                raise ArgumentError("it is a segmentation model, and none of these is taught: leave it out")
            model = load_classifier(kind, folder, config=config)
        except InputError as error:
            raise ArgumentError(f"the teacher {name_or_path!r} cannot be asked: {error}") from error
        check_same_classes(f"the teacher {name_or_path!r}", n_logits_of(model), names_of(model), student)
        return cls(model.eval().requires_grad_(False), name_or_path)

    def logits(self, inputs: Mapping[str, Any]) -> Tensor:
        """What it says of a batch, on whatever device that is.

        Raises:
            InputError: it does not take these inputs.
        """
        weights = next(self.model.parameters())
        device = next(value.device for value in inputs.values() if isinstance(value, Tensor))
        if weights.device != device:
            self.model.to(device)
        taken = {k: v.to(weights.dtype) if _is_float(v) else v for k, v in inputs.items() if k != "labels"}
        try:
            with torch.no_grad():
                return logits_of(self.model(**taken))
        except (InputError, torch.OutOfMemoryError):
            raise
        except NOT_TAKEN as error:
            raise ArgumentError(
                f"the teacher {self.name!r} does not take the inputs of the student ({first_line(error)}): give one "
                "that was trained on inputs of the same kind and size"
            ) from error


def is_stored(teacher: str) -> bool:
    """Whether a teacher is a file or folder of logits, and no checkpoint."""
    path = Path(teacher).expanduser()
    return path.is_file() or (path.is_dir() and not (path / "config.json").is_file())


def facts_of_teacher(teacher: str | None) -> dict[str, str]:
    """What results say of a teacher: its name without the folders of this machine, and the SHA-256 of what it is."""
    if teacher is None:
        return {}
    path = Path(teacher).expanduser()
    if not path.exists():
        return {"teacher": teacher}
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    digest = sha256_of(files) if is_stored(teacher) else weights_sha256(path)
    return {"teacher": path.resolve().name, **({"teacher_sha256": digest} if digest else {})}


def names_of(model: nn.Module | None) -> tuple[str, ...] | None:
    """What a model calls its classes, of one logit the class that it stands for; None where it has only numbers."""
    names = getattr(getattr(model, "config", None), "id2label", None) or {}
    found = tuple(str(names[index]) for index in sorted(names))
    return None if not found or found == tuple(f"LABEL_{index}" for index in range(len(found))) else found


def check_same_classes(
    what: str, n_logits: int | None, names: tuple[str, ...] | None, student: nn.Module | None
) -> None:
    """Refuse a teacher with another number of logits than its student, or with other names of its classes.

    Raises:
        ArgumentError: it is so; names are compared where both have them.
    """
    wanted = n_logits_of(student)
    if wanted is not None and n_logits != wanted:
        raise ArgumentError(f"{what} has {n_logits} logits, but the student {wanted}: give one of the same classes")
    own = names_of(student)
    if names is None or own is None or names == own or len(names) != len(own):
        return
    place = next(index for index, (one, other) in enumerate(zip(names, own, strict=True)) if one != other)
    raise ArgumentError(
        f"{what} calls class {place} {names[place]!r}, but the student {own[place]!r}: give one of the same classes in "
        "the same order"
    )


def _is_float(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()
