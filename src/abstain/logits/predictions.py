"""Any file, name or object of predictions, as what it is: logits, probabilities, or a confidence and an error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from abstain._checks import ArgumentError, InputError, check_choice
from abstain.logits.choice import Choice, Confidence, choose, find_label
from abstain.logits.class_labels import as_numbers, class_indices, class_texts
from abstain.logits.correctness import confidence_and_error
from abstain.logits.groups import rows_that_share
from abstain.logits.names import SAMPLE, listed
from abstain.logits.source import TEXTS, Source
from abstain.logits.sources import labels_apart, open_source
from abstain.logits.value_columns import ValueColumns
from abstain.scores.kinds import Input, Kind, Values, read_values

Names = tuple[str, ...] | None
CONFIDENCE = "confidence"
INPUTS = ("logits", "log-probabilities", "probabilities", CONFIDENCE)


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
        used: a sentence: which columns count, and which do not.
        n_ignored: samples left out because of their label.
    """

    kind: str
    values: torch.Tensor | None = None
    labels: NDArray[np.int64] | None = None
    confidence: NDArray[Any] | None = None
    error: NDArray[Any] | None = None
    class_names: tuple[str, ...] | None = None
    sample: NDArray[Any] | None = None
    used: str = ""
    n_ignored: int = 0

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

    def __len__(self) -> int:
        held = self.labels if self.labels is not None else self.error
        return 0 if held is None else len(held)


def read_predictions(
    source: Any,
    *,
    split: str | None = None,
    revision: str | None = None,
    labels: Any = None,
    input: str | None = None,
    label_column: str | None = None,
    logit_columns: str | Sequence[str] | None = None,
    class_axis: int | None = None,
    ignore_index: int | None = None,
) -> Predictions:
    """Read a classifier's predictions from whatever they lie in, and tell what they are.

    The values are the columns that share a stem and are numbered from 0 (`logit_0`, `logit_1`, …) or are called as the
    classes are, or else one column (of lists or of numbers) of a usual name, such as `logits` or `probabilities`. The
    labels are the column of a usual name, such as `label`, `target` or `y_true`; everything else is not used, and
    `Predictions.used` names it.

    Args:
        source: a file (CSV or TSV of any separator, Parquet, NPZ, NPY, JSON Lines, safetensors; `.gz` of those that are
            text), a folder of shards, of splits or of `save_to_disk`, a data set on the Hub (`user/name`,
            `hf://datasets/…`), a DataFrame, an Arrow table, a `datasets.Dataset`, a dictionary of arrays, the pair
            (values, labels), an array with `labels` apart, or what `Trainer.predict` returns.
        split: which one, where there are several.
        revision: of a data set on the Hub: a branch, a tag or a commit.
        labels: (N,) where the source has none: an array, or a file of them.
        input: `"logits"`, `"log-probabilities"`, `"probabilities"` or `"confidence"`, where names and values do not
            tell.
        label_column: the column of labels.
        logit_columns: the columns of the values in the order of the classes, as names or as one text with commas; or
            their common stem; or the one column of lists.
        class_axis: of values of more than two dimensions, the axis of the classes.
        ignore_index: the label of samples that do not count.

    Raises:
        InputError: the source cannot be read, holds no predictions, or can be read in two ways that would give
            different numbers (both are named, and the option that decides).

    Example:
        >>> read_predictions({"logits": [[0.2, 1.4], [3.0, -1.0]], "label": [1, 0], "id": [7, 8]}).used
        '2 logits: logits; labels: label; not used: id'
    """
    if input is not None:
        check_choice("input", input, INPUTS)
    opened = open_source(source, split=split, revision=revision)
    label = find_label(opened, None if label_column is None else str(label_column))
    if labels is not None:
        opened, label = labels_apart(opened, label, labels)
    given = opened.read([label])[label] if label is not None else None
    classes = _class_names(opened, label, given)
    wanted = None if logit_columns is None else _names(logit_columns)
    choice = choose(opened, classes, label=label, input=input, logit_columns=wanted)
    if choice.confidence is not None:
        return _confidence(opened, choice, choice.confidence, given, classes, ignore_index)
    if given is None or choice.values is None:
        raise InputError(
            f"{opened.title} holds values ({choice.values}), but no labels by their name: call a column label, name it "
            "(label_column), or give them apart with labels="
        )
    told = {"input": input, "class_axis": class_axis, "ignore_index": ignore_index}
    return _values(opened, choice, choice.values, given, classes, told)


def _names(columns: Any) -> list[str]:
    if isinstance(columns, str):
        return [name.strip() for name in columns.split(",")]
    if not isinstance(columns, Iterable) or not (names := [str(name) for name in columns]):
        raise ArgumentError(f"logit_columns is {columns!r}, but must be names of columns, or a text with commas")
    return names


def _class_names(source: Source, label: str | None, given: Any) -> Names:
    """Of the labels: those that the source knows, or the labels themselves, sorted, where they are texts."""
    if label is None:
        return None
    return source.class_names.get(label) or (class_texts(given, label) if source.holds[label] == TEXTS else None)


def _confidence(
    source: Source, choice: Choice, columns: Confidence, labels: Any, classes: Names, ignore_index: int | None
) -> Predictions:
    values, error, counts = confidence_and_error(source, columns, labels, classes, ignore_index=ignore_index)
    sample = rows_that_share(source, len(counts))
    parts = [f"{role}: {name}" for role, name in vars(columns).items() if name]
    if columns.prediction:
        parts.append(f"labels: {choice.label}")
    n_ignored = int((~counts).sum())
    used = _sentence(parts, source, choice, sample is not None, n_ignored)
    sample = None if sample is None else sample[counts]
    return Predictions(
        CONFIDENCE, confidence=values, error=error, class_names=classes, sample=sample, used=used, n_ignored=n_ignored
    )


def _values(
    source: Source, choice: Choice, values: ValueColumns, labels: Any, classes: Names, told: dict[str, Any]
) -> Predictions:
    array = _stacked(source, values)
    by_name = values.class_names or classes
    indices = class_indices(labels, by_name, str(choice.label))
    sorted_names = classes if class_texts(labels, str(choice.label)) and values.class_names is None else None
    if sorted_names is not None:
        _check_order(source, values, sorted_names, array)
    found = read_values(array, indices, **told, said=values.said)
    sample = rows_that_share(source, len(array), labels=indices, values=array, ignore_index=told["ignore_index"])
    order = f" ({_numbered(sorted_names)})" if sorted_names else ""
    what = found.kind if found.rows.shape[1] == 1 else f"{found.rows.shape[1]} {found.kind}"
    parts = [f"{what}: {values}", f"labels: {choice.label}{order}"]
    used = _sentence(parts, source, choice, sample is not None and SAMPLE in source.holds, found.n_ignored)
    return Predictions(
        found.kind, found.rows, found.labels, class_names=by_name, sample=sample, used=used, n_ignored=found.n_ignored
    )


def _stacked(source: Source, values: ValueColumns) -> Any:
    """(N, K), (N, 1) of one number a sample, or lists as they are."""
    read = source.read(values.columns)
    columns = [as_numbers(read[name], name) for name in values.columns]
    if len(columns) == 1:
        return columns[0][:, None] if columns[0].ndim == 1 else columns[0]
    if any(hasattr(column, "detach") for column in columns):
        return torch.stack([torch.as_tensor(column) for column in columns], dim=1)
    return np.column_stack(columns)


def _check_order(source: Source, values: ValueColumns, classes: tuple[str, ...], array: Any) -> None:
    """Refuse labels that are names where nothing tells which value is whose."""
    n_columns = array.shape[-1]
    if len(values.columns) > 1 and not values.numbered:
        raise InputError(
            f"the labels of {source.title} are names ({listed(classes)}), and the columns {values} are not called so: "
            "rename them, or give labels from 0 to K - 1"
        )
    if len(classes) != max(n_columns, 2):
        raise InputError(
            f"the labels of {source.title} are {len(classes)} names ({listed(classes)}), but there are {n_columns} "
            "values a sample: give labels from 0 to K - 1, or call the columns as the classes"
        )


def _numbered(classes: Sequence[str]) -> str:
    pairs = [f"{index} = {name}" for index, name in enumerate(classes)]
    return ", ".join(pairs) if len(pairs) <= 4 else f"{pairs[0]}, {pairs[1]} … {pairs[-1]}"


def _sentence(parts: list[str], source: Source, choice: Choice, grouped: bool, n_ignored: int) -> str:
    """Which columns count, and which do not."""
    if grouped:
        parts = [*parts, f"rows that belong together: {SAMPLE}"]
    left = [name for name in source.holds if name not in choice.used and not (grouped and name == SAMPLE)]
    if left:
        parts = [*parts, f"not used: {', '.join(name or 'an unnamed column' for name in left[:10])}"]
        parts[-1] += f" and {len(left) - 10} more" if len(left) > 10 else ""
    if n_ignored:
        parts = [*parts, f"samples left out: {n_ignored:,}"]
    return "; ".join(parts)
