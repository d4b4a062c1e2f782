"""Any file, name or object of predictions, as what it is: logits, probabilities, or a confidence and an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray

from abstain._checks import InputError
from abstain.logits.answers import Answers
from abstain.logits.choice import Confidence
from abstain.logits.correctness import confidence_and_error
from abstain.logits.groups import column_of_rows, rows_that_share
from abstain.logits.names import SAMPLE
from abstain.logits.opening import Opening, open_columns, stacked
from abstain.logits.value_columns import ValueColumns
from abstain.scores.batches import ValueBatches
from abstain.scores.kind_names import Input, Kind
from abstain.scores.kinds import Values, read_values

CONFIDENCE = "confidence"


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a source of predictions is.

    Attributes:
        kind: `"logits"`, `"log-probabilities"`, `"probabilities"`, `"one logit"`, `"one probability"`: then `values`
            and `labels` are there; or `"confidence"`: then `confidence` and `error` are.
        values: (N, K) as they were stored, of any real type and on any device.
        labels: (N,) int64 in [0, K).
        confidence: (N,) float64, larger is accepted first.
        error: (N,) float64, 0/1 or a loss of at least 0.
        class_names: in the order of the classes, where the source has them.
        sample: (N,) what rows that depend on each other share, as the pixels of one image do; None where each row is
            its own.
        source: (N,) names or integers, where each sample comes from; None where no column was named that tells it.
        used: a sentence: which columns count, and which do not.
        n_ignored: samples left out because of their label.
        of_percent: whether the values are what was given divided by 100.
        score: what the confidence is: `"confidence"` as given, or `"msp"`, the log-odds of a language model's answer
            among the choices of its question.
        notes: sentences: what has to be known of them.
    """

    kind: str
    values: torch.Tensor | None = None
    labels: NDArray[np.int64] | None = None
    confidence: NDArray[Any] | None = None
    error: NDArray[Any] | None = None
    class_names: tuple[str, ...] | None = None
    sample: NDArray[Any] | None = None
    source: NDArray[Any] | None = None
    used: str = ""
    n_ignored: int = 0
    of_percent: bool = False
    score: str = CONFIDENCE
    notes: tuple[str, ...] = ()

    @property
    def input(self) -> Input | None:
        """What functions call the kind that ask for it as `input`; None of a confidence."""
        columns: dict[str, Input] = {"one logit": "logits", "one probability": "probabilities"}
        return None if self.kind == CONFIDENCE else columns.get(self.kind, cast(Input, self.kind))

    def of_classes(self) -> Values:
        """The values and labels as `scores.read_values` gives them.

        Raises:
            InputError: a confidence has none.
        """
        if self.values is None or self.labels is None:
            raise InputError("these predictions are a confidence, but values of the classes are needed: give logits")
        return Values(cast(Kind, self.kind), self.values, self.labels, self.n_ignored)

    def in_batches(self) -> ValueBatches:
        """The same as `OpenPredictions.in_batches` gives them.

        Raises:
            InputError: as `of_classes`.
        """
        return ValueBatches.of(self.of_classes())

    def taken(self, rows: NDArray[np.bool_]) -> Self:
        """Those samples alone where `rows` (N,) is true, in their order."""
        held = {name: getattr(self, name) for name in ("labels", "confidence", "error", "sample", "source")}
        values = None if self.values is None else self.values[torch.from_numpy(rows).to(self.values.device)]
        taken: dict[str, Any] = {name: None if column is None else column[rows] for name, column in held.items()}
        return replace(self, values=values, n_ignored=0, **taken)  # which were left out before

    def __len__(self) -> int:
        held = self.labels if self.labels is not None else self.error
        return 0 if held is None else len(held)


def read_predictions(
    source: Any,
    *,
    split: str | None = None,
    revision: str | None = None,
    config_name: str | None = None,
    labels: Any = None,
    input: str | None = None,
    label_column: str | None = None,
    logit_columns: str | Sequence[str] | None = None,
    class_axis: int | None = None,
    ignore_index: int | None = None,
    choice: str | None = None,
    class_names: str | Sequence[str] | None = None,
    source_column: str | None = None,
) -> Predictions:
    """Read a classifier's predictions from whatever they lie in, and tell what they are.

    The values are the columns that share a usual stem and are numbered as the classes (`logit_0`, `class_1_prob`,
    `p(y=2)`, `LABEL_3`, …) or are called as the classes are, or else one column (of lists or of numbers) of a usual
    name, such as `logits` or `probabilities`. The labels are the column of a usual name, such as `label`, `target` or
    `y_true`; everything else is not used, and `Predictions.used` names it. Of a sample log of lm-evaluation-harness,
    told by its columns, each question is a sample: its confidence is the log-odds of the chosen answer in the softmax
    over the question's own choices.

    Args:
        source: a file (CSV or TSV of any separator, Parquet, NPZ, NPY, JSON Lines, safetensors; `.gz` of those that are
            text), a folder of shards, of splits or of `save_to_disk`, a data set on the Hub (`user/name`,
            `hf://datasets/…`), a table of pandas, Arrow or polars, a `datasets.Dataset`, a dictionary of arrays, a list
            of dictionaries, a structured array, the pair of any of these and labels, an array with `labels` apart, or
            what `Trainer.predict` returns.
        split: which one, where there are several.
        revision: of a data set on the Hub: a branch, a tag or a commit.
        config_name: of a data set on the Hub with several configurations, such as one of logits: which one.
        labels: (N,) where the source has none: an array, or a file of them.
        input: `"logits"`, `"log-probabilities"`, `"probabilities"` or `"confidence"`, where names and values do not
            tell.
        label_column: the column of labels.
        logit_columns: the columns of the values in the order of the classes, as names or as one text with commas; or
            their common stem; or the one column of lists.
        class_axis: of values of more than two dimensions, the axis of the classes.
        ignore_index: the label of samples that do not count.
        choice: of a language model's answers, `"acc"` for the choice of the largest log-likelihood, which is meant
            without it, or `"acc_norm"` (`"acc_bytes"`) for that of the largest one divided by the choice's characters
            (bytes).
        class_names: of labels that are names, in the order of the values, where neither the columns nor the source tell
            it: names, or one text with commas.
        source_column: the column that tells, with a name or a whole number, which of several sources each sample comes
            from.

    Raises:
        InputError: the source cannot be read, holds no predictions, or can be read in two ways that would give
            different numbers (both are named, and the option that decides).

    Example:
        >>> read_predictions({"logits": [[0.2, 1.4], [3.0, -1.0]], "label": [1, 0], "id": [7, 8]}).used
        '2 logits: logits; labels: label; not used: id'
    """
    return read_whole(
        open_columns(
            source,
            in_batches=False,
            split=split,
            revision=revision,
            config_name=config_name,
            labels=labels,
            input=input,
            label_column=label_column,
            logit_columns=logit_columns,
            class_axis=class_axis,
            ignore_index=ignore_index,
            choice=choice,
            class_names=class_names,
            source_column=source_column,
        )
    )


def read_whole(opening: Opening) -> Predictions:
    """What was opened, all of it in memory."""
    with opening.source.naming():
        return _whole(opening)


def _whole(opening: Opening) -> Predictions:
    choice, labels = opening.choice, opening.labels
    if opening.answers is not None:
        return _of_language_model(opening.answers)
    if choice.label is not None and (labels is None or opening.in_batches):
        labels = opening.source.read([choice.label])[choice.label]
    if choice.confidence is not None:
        return _confidence(opening, choice.confidence, labels)
    assert choice.values is not None  # or else a confidence is
    return _values(opening, choice.values, labels)


def _of_language_model(answers: Answers) -> Predictions:
    if answers.values is not None:
        values = torch.from_numpy(answers.values)
        return Predictions("logits", values=values, labels=answers.labels, used=answers.used)
    notes = (answers.why_no_values,) if answers.why_no_values else ()
    return Predictions(
        CONFIDENCE, confidence=answers.confidence, error=answers.error, used=answers.used, score="msp", notes=notes
    )


def _confidence(opening: Opening, columns: Confidence, labels: Any) -> Predictions:
    source, classes = opening.source, opening.classes
    order = classes if opening.order_is_told else None
    values, error, counts = confidence_and_error(source, columns, labels, order, ignore_index=opening.ignore_index)
    sample = rows_that_share(source, len(counts))
    parts = [f"{role}: {name}" for role, name in vars(columns).items() if name]
    if columns.prediction:
        parts.append(f"labels: {opening.choice.label}")
    n_ignored = int((~counts).sum())
    used = opening.describe(parts, grouped=sample is not None, n_ignored=n_ignored)
    sample = None if sample is None else sample[counts]
    come_from = None if opening.source_column is None else column_of_rows(source, opening.source_column)[counts]
    return Predictions(
        CONFIDENCE,
        confidence=values,
        error=error,
        class_names=classes,
        sample=sample,
        source=come_from,
        used=used,
        n_ignored=n_ignored,
    )


def _values(opening: Opening, values: ValueColumns, labels: Any) -> Predictions:
    source, ignored = opening.source, opening.ignore_index
    array = stacked(source.read(values.columns), values)
    by_name = opening.class_names(values)
    indices = opening.indices(labels, values)
    names = opening.ordered_names(values, array.shape[-1])
    told: dict[str, Any] = {"input": opening.input, "class_axis": opening.class_axis, "ignore_index": ignored}
    found = read_values(array, indices, **told, said=values.said)
    of_labels: dict[str, Any] = {"labels": indices, "values": array, "ignore_index": ignored}
    sample = rows_that_share(source, len(array), **of_labels)
    named = opening.source_column
    grouped = sample is not None and SAMPLE in source.holds
    used = opening.describe_values(
        found.kind,
        found.rows.shape[1],
        values,
        names=names,
        grouped=grouped,
        n_ignored=found.n_ignored,
        of_percent=found.of_percent,
    )
    return Predictions(
        found.kind,
        found.rows,
        found.labels,
        class_names=by_name,
        sample=sample,
        source=None if named is None else column_of_rows(source, named, **of_labels),
        used=used,
        n_ignored=found.n_ignored,
        of_percent=found.of_percent,
    )
