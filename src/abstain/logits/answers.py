"""Answers of a language model to questions with choices: which choice counts, whether it is right, how sure it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from abstain._checks import ArgumentError, InputError, check_choice
from abstain.logits.sample_log import Question, questions
from abstain.logits.source import Source
from abstain.logits.targets import Right, right_choices
from abstain.scores.softmax import msp

CHOICES: dict[str, Callable[[str], int]] = {
    "acc": lambda choice: 1,
    "acc_norm": len,
    "acc_bytes": lambda choice: len(choice.encode()),
}
"""Metric of the harness -> by what of a choice its log-likelihood is divided before the largest one is taken."""

Rows = list[NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Answers:
    """What the answers are worth.

    Attributes:
        confidence: (N,) log-odds of the chosen answer in the softmax over the question's own choices; larger is
            accepted first.
        error: (N,) 0/1; 1 where the choice is wrong.
        used: a sentence: what counts, and where another choice would differ.
        values: (N, K) whose softmax that is, where all questions have K choices and the log tells the right one.
        labels: (N,) of those.
        why_no_values: a sentence, where there are none.
    """

    confidence: NDArray[np.float64] = field(repr=False)
    error: NDArray[np.float64] = field(repr=False)
    used: str
    values: NDArray[np.float64] | None = field(default=None, repr=False)
    labels: NDArray[np.int64] | None = field(default=None, repr=False)
    why_no_values: str | None = None


def read_answers(source: Source, choice: str | None = None) -> Answers:
    """The answers in a sample log, once the metrics that it stores are found again from its log-likelihoods.

    Args:
        source: the log.
        choice: the metric whose choice counts, a key of `CHOICES`; None is `"acc"`.

    Raises:
        InputError: the log stores no such metric, or another number than follows from its targets.
    """
    wanted = check_choice("choice", choice or "acc", CHOICES)
    asked = questions(source)
    stored = [name for name in CHOICES if all(name in question.stored for question in asked)]
    if wanted not in stored:
        raise InputError(
            f"{source.title} stores {' and '.join(stored) or 'no accuracy'} of its questions, but not {wanted}: have "
            "the task report it (metric_list), or say which choice counts with choice="
        )
    if all(question.are_contexts for question in asked):
        return _of_contexts(asked, wanted, source.title)
    rows, readings = _found_again(asked, stored)
    return _answers(asked, wanted, rows, readings)


def _of_contexts(asked: Sequence[Question], wanted: str, title: str) -> Answers:
    """Of choices that are contexts of one continuation the log tells neither the lengths nor the right one."""
    if wanted != "acc":
        raise ArgumentError(
            f"choice={wanted} needs the lengths of choices, but those in {title} are contexts, whose own it does not "
            "tell: leave out choice="
        )
    return _answers(asked, wanted, {wanted: [question.log_likelihoods for question in asked]}, [])


def _found_again(asked: Sequence[Question], stored: Sequence[str]) -> tuple[dict[str, Rows], list[Right]]:
    """What each stored metric chooses by, and the right choices by which all are what is stored.

    The harness writes a choice with the delimiter before it, but counts the choice alone.
    """
    first_reason: InputError | None = None
    for delimiter in _delimiters(asked):
        rows = {name: [_scaled(question, name, delimiter) for question in asked] for name in stored}
        try:
            return rows, right_choices(asked, {name: _largest(of_metric) for name, of_metric in rows.items()})
        except InputError as reason:
            first_reason = first_reason or reason
    assert first_reason is not None
    raise first_reason


def _delimiters(asked: Sequence[Question]) -> list[str]:
    """White space that all choices begin with, the longest first."""
    texts = [text for question in asked for text in question.continuations]
    white = min((text[: len(text) - len(text.lstrip())] for text in texts), key=len)
    lengths = range(len(white), -1, -1)
    return [white[:length] for length in lengths if all(text.startswith(white[:length]) for text in texts)]


def _scaled(question: Question, metric: str, delimiter: str) -> NDArray[np.float64]:
    lengths = np.array([CHOICES[metric](text[len(delimiter) :]) for text in question.continuations])
    if not lengths.all():
        raise InputError(f"question {question.row} (counted from 0) has an empty choice, which has no {metric}")
    return question.log_likelihoods / lengths


def _largest(rows: Rows) -> NDArray[np.intp]:
    return np.array([row.argmax() for row in rows])


def _answers(asked: Sequence[Question], wanted: str, rows: dict[str, Rows], readings: list[Right]) -> Answers:
    error = np.array([1.0 - float(question.stored[wanted]) for question in asked])
    if not np.isin(error, (0.0, 1.0)).all():
        raise InputError(f"{wanted} is neither 0 nor 1 of some questions, so which answers are wrong is not told")
    sizes = sorted({len(row) for row in rows[wanted]})
    labels = _labels(readings)
    of_k = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    used = [f"log-likelihoods of {of_k} choices a question", f"right where {wanted} is", *_others(rows, wanted)]
    if not readings:
        used.append("the choices are contexts, so that acc is taken as it is stored")
    values = np.stack(rows[wanted]) if len(sizes) == 1 and labels is not None else None
    return Answers(
        _confidence(rows[wanted]),
        error,
        "; ".join(used),
        values,
        labels if values is not None else None,
        None if values is not None else _why_no_values(sizes),
    )


def _labels(readings: list[Right]) -> NDArray[np.int64] | None:
    """The one right choice of each question; None where one has several, or none that is known."""
    if not readings or any(reading != readings[0] for reading in readings):
        return None
    if any(len(right) != 1 for right in readings[0]):
        return None
    return np.array([next(iter(right)) for right in readings[0]], dtype=np.int64)


def _others(rows: dict[str, Rows], wanted: str) -> list[str]:
    chosen = _largest(rows[wanted])
    differ = {name: int((_largest(of_metric) != chosen).sum()) for name, of_metric in rows.items() if name != wanted}
    return [
        f"{name} chooses another answer in {count:,} of {len(chosen):,} questions (--choice {name})"
        for name, count in differ.items()
    ]


def _confidence(rows: Rows) -> NDArray[np.float64]:
    """MSP of rows of unequal length, those of one length at a time."""
    sizes, confidence = np.array([len(row) for row in rows]), np.empty(len(rows))
    for size in np.unique(sizes):
        of_size = np.flatnonzero(sizes == size)
        confidence[of_size] = msp(np.stack([rows[row] for row in of_size]))
    return confidence


def _why_no_values(sizes: Sequence[int]) -> str:
    if len(sizes) == 1:
        return (
            "logit normalisation and temperature scaling are left out: they are fitted to the one right choice of each "
            "question, which this log does not tell"
        )
    return (
        f"logit normalisation is left out, since the questions have from {sizes[0]} to {sizes[-1]} choices, and what "
        "it gives depends on their number (with two of them it is always 2^(-1/p)); temperature scaling is left out "
        "too, which is fitted only where all questions have as many"
    )
