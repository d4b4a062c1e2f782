"""Which choice of a question is right, by the target that its log writes: an index, a letter, a text, or several."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from abstain._checks import InputError
from abstain.logits.sample_log import Question

Right = list[frozenset[int]]
"""The right choices of each question; none where the target is none of its choices, as the harness counts it."""
Chosen = Mapping[str, NDArray[np.intp]]
"""Metric -> the choice (N,) that it takes of each question."""


def right_choices(asked: Sequence[Question], chosen: Chosen) -> list[Right]:
    """What the targets can mean, so that each metric of each question is what the log stores.

    Args:
        asked: the questions.
        chosen: by the metrics that the log stores.

    Returns:
        At least one reading, if possible such that every target is a choice; they differ at most where no metric is
        right.

    Raises:
        InputError: there is none: the log's numbers are not those of its log-likelihoods and targets.
    """
    readings = [_read_all(asked, read) for read in _READINGS]
    possible = [reading for reading in readings if reading is not None]
    if not possible:
        raise InputError(
            f"the target of question 0 is {asked[0].target[:60]!r}, and no target is the index, the letter or the text "
            "of a choice: only logs are read whose targets are"
        )
    mistakes = [_mistakes(asked, chosen, reading) for reading in possible]
    agreeing = [reading for reading, wrong in zip(possible, mistakes, strict=True) if not wrong]
    if agreeing:
        return [reading for reading in agreeing if all(reading)] or agreeing
    wrong = min(mistakes, key=len)
    row, name = wrong[0]
    raise InputError(
        f"question {row} (counted from 0) stores {name} = {asked[row].stored[name]:g}, which does not follow from its "
        f"log-likelihoods and its target {asked[row].target[:60]!r} (one of {len(wrong)} such numbers): only logs are "
        "read whose metrics are those of the harness itself"
    )


def _read_all(asked: Sequence[Question], read: Callable[[Question], frozenset[int] | None]) -> Right | None:
    """None where a target cannot be read so, or where none is a choice, which would agree with any log of errors."""
    reading = [read(question) for question in asked]
    complete = [right for right in reading if right is not None]
    return complete if len(complete) == len(asked) and any(complete) else None


def _mistakes(asked: Sequence[Question], chosen: Chosen, reading: Right) -> list[tuple[int, str]]:
    return [
        (row, name)
        for name, choices in chosen.items()
        for row, (question, choice, right) in enumerate(zip(asked, choices, reading, strict=True))
        if float(question.stored[name]) != float(int(choice) in right)
    ]


def _several(question: Question) -> frozenset[int] | None:
    try:
        target = ast.literal_eval(question.target)
    except (ValueError, SyntaxError):
        return None
    if not isinstance(target, list) or not all(type(index) is int for index in target):
        return None
    return frozenset(index for index in target if index < len(question.continuations))


def _index(question: Question) -> frozenset[int] | None:
    if not question.target.isdecimal():
        return None
    index = int(question.target)
    return frozenset([index] if index < len(question.continuations) else [])


def _text(question: Question) -> frozenset[int]:
    texts = [text.strip() for text in question.continuations]
    target = question.target.strip()
    return frozenset([texts.index(target)] if target in texts else [])


def _letter(question: Question) -> frozenset[int] | None:
    letter = question.target.strip()
    if len(letter) != 1 or not "A" <= letter <= "Z":
        return None
    index = ord(letter) - ord("A")
    return frozenset([index] if index < len(question.continuations) else [])


_READINGS: tuple[Callable[[Question], frozenset[int] | None], ...] = (_several, _index, _text, _letter)
