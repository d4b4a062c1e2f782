"""What lm-evaluation-harness logs (`lm_eval --log_samples`): the log-likelihoods of the choices of each question."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from abstain._checks import InputError
from abstain.logits.source import OTHER, Source, reading

RESPONSES = ("filtered_resps", "resps")
"""Where the log-likelihoods stand; what the harness measures are the filtered ones."""
_NEEDED = {"target", "arguments"}
_KEPT = (*RESPONSES, "target", "arguments", "doc_id", "filter", "acc", "acc_norm", "acc_bytes", "acc_mutual_info")


@dataclass(frozen=True, eq=False)
class Question:
    """What a model said of the choices of one question.

    Attributes:
        row: of the log, counted from 0.
        log_likelihoods: (K,) float64, finite, of at least two choices.
        continuations: the choices as the model read them, with what stands before each; all one text where the choices
            lie in the contexts.
        target: the right choice, or choices, as the log writes it.
        stored: what the harness stored of its metrics: name -> number.
    """

    row: int
    log_likelihoods: NDArray[np.float64] = field(repr=False)
    continuations: tuple[str, ...]
    target: str
    stored: Mapping[str, float]

    @property
    def are_contexts(self) -> bool:
        """Whether the choices are the contexts of one continuation."""
        return len(set(self.continuations)) == 1


def is_sample_log(columns: Mapping[str, Any] | Sequence[str]) -> bool:
    """Whether columns of these names are those of a sample log."""
    return _NEEDED <= set(columns) and not set(RESPONSES).isdisjoint(columns)


def open_sample_log(path: Path, title: str) -> Source | None:
    """The log that a file of JSON Lines is; None where its first line says that it is none."""
    with pa.input_stream(str(path), compression="detect") as stream:
        lines = (line for line in io.BufferedReader(stream) if line.strip())
        try:
            first = json.loads(next(lines, b"null"))
        except ValueError:
            return None
        if not isinstance(first, dict) or not is_sample_log(first):
            return None
        rows = [_kept(first), *(_kept(json.loads(line)) for line in lines)]

    def no_arrays(names: Sequence[str]) -> dict[str, Any]:
        raise InputError(f"{title} is a log of questions to a language model, which has no columns of numbers")

    return Source(title, dict.fromkeys(first, OTHER), no_arrays, records=lambda names: rows)


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _KEPT if name in row}


def questions(source: Source) -> list[Question]:
    """The questions of a log, in its order.

    Raises:
        InputError: it holds texts that a model wrote, or one log-likelihood a question; several filters; a question
            twice; or a line that is none of a log.
    """
    assert source.records is not None
    with reading(source.title, "a sample log of lm-evaluation-harness"):
        rows = source.records([name for name in _KEPT if name in source.holds])
        asked = [_question(number, row, source.title) for number, row in enumerate(rows)]
        _check_one_set(rows, source.title)
        return asked


def _check_one_set(rows: Sequence[Mapping[str, Any]], title: str) -> None:
    filters = sorted({str(row["filter"]) for row in rows if row.get("filter") is not None})
    if len(filters) > 1:
        raise InputError(
            f"{title} holds each question once for each of the filters {', '.join(filters)}: keep the lines of one"
        )
    seen: set[Any] = set()
    for row in rows:
        number = row.get("doc_id")
        if number is not None and number in seen:
            raise InputError(f"{title} holds the question with the doc_id {number} twice: keep the lines of one run")
        seen.add(number)


def _question(number: int, row: Mapping[str, Any], title: str) -> Question:
    responses = row["filtered_resps"] if "filtered_resps" in row else [repeats[0] for repeats in row["resps"]]
    pairs = _arguments(row["arguments"])
    if row.get("acc_mutual_info") is not None:  # a second half without a context, to compare with
        responses, pairs = responses[: len(responses) // 2], pairs[: len(pairs) // 2]
    _check_responses(responses, title)
    values = np.array([float(likelihood) for likelihood, _ in responses])
    if not np.isfinite(values).all() or len(values) != len(pairs):
        raise InputError(
            f"question {number} (counted from 0) of {title} has {len(pairs)} choices and the log-likelihoods "
            f"{', '.join(map(str, values))}, but needs a finite one for each"
        )
    stored = {name: row[name] for name in _KEPT if name.startswith("acc") and row.get(name) is not None}
    return Question(number, values, tuple(str(pair[-1]) for pair in pairs), str(row["target"]), stored)


def _arguments(arguments: Any) -> list[list[Any]]:
    """(context, continuation, …) of each choice; a list in old logs, numbered keys in those of today."""
    if isinstance(arguments, Mapping):
        named = [(int(name.rpartition("_")[2]), held) for name, held in arguments.items() if held is not None]
        arguments = [list(held.values()) for _, held in sorted(named, key=lambda pair: pair[0])]
    return [list(pair)[:2] for pair in arguments]


def _check_responses(responses: Sequence[Any], title: str) -> None:
    if any(isinstance(response, str | int | float) for response in responses):
        raise InputError(
            f"{title} holds what a model wrote or the likelihood of whole texts, but no log-likelihoods of choices: "
            "run a task of the output type multiple_choice"
        )
    if len(responses) < 2:
        raise InputError(
            f"{title} holds {len(responses)} log-likelihood a question, which leaves nothing to choose between: run a "
            "task of the output type multiple_choice"
        )
