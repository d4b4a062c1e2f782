"""Whether a teacher was trained on inputs like those of its student, which nothing would tell otherwise."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from abstain._checks import ArgumentError, InputError
from abstain.data.processors import ROUNDING, mean_and_std
from abstain.data.tables import TableEncoder
from abstain.models.auto import load_processor
from abstain.training.teacher import is_stored


def check_teacher_inputs(teacher: str | None, kind: str, processor: Any) -> None:
    """Check that the inputs of a student mean to its teacher what they mean to the student.

    Args:
        teacher: of the training arguments; a checkpoint without a processor beside it is taken to be like the student.
        kind: what is classified: `images`, `texts` or `tables`.
        processor: what makes the inputs of the student.

    Raises:
        InputError: images are normalised otherwise, or texts or rows of a table have other numbers.
    """
    if teacher is None or is_stored(teacher):
        return
    of_teacher = None
    with suppress(InputError):  # there is none
        of_teacher = TableEncoder.from_pretrained(teacher) if kind == "tables" else load_processor(kind, teacher)
    if of_teacher is not None and not ALIKE[kind](of_teacher, processor):
        raise ArgumentError(
            f"the teacher {teacher!r} was trained on {kind} {MADE[kind]} otherwise than those of the student, "
            "which would mean something else to it: give one of the same preprocessing and training data"
        )


def _are_normalised_alike(one: Any, other: Any) -> bool:
    pairs = zip(mean_and_std(one), mean_and_std(other), strict=True)
    return all(np.allclose(mine, yours, atol=ROUNDING) for mine, yours in pairs)


ALIKE = {
    "images": _are_normalised_alike,
    "texts": lambda one, other: one.get_vocab() == other.get_vocab(),
    "tables": lambda one, other: one == other,
}
MADE = {"images": "normalised", "texts": "tokenised", "tables": "encoded"}
"""What a processor does to inputs of each kind."""
