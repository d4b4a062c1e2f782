"""Which column of a data set is what, and whether its labels are classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datasets import ClassLabel, Dataset, Value
from transformers import PreTrainedConfig

from abstain._checks import InputError, nearest


def find_column(dataset: Dataset, wanted: str | None, kind: type, what: str) -> str:
    """The column called `wanted`, or without a name the only column of that kind of feature.

    Raises:
        InputError: there is no such column, or several.
    """
    columns = dataset.column_names
    if wanted is not None:
        if wanted not in columns:
            raise InputError(f"there is no {what} column {wanted!r}: {nearest(wanted, columns)}")
        return wanted
    found = [name for name, feature in dataset.features.items() if isinstance(feature, kind)]
    if len(found) == 1:
        return found[0]
    if "label" in columns and kind is ClassLabel:
        return "label"
    raise InputError(f"{len(found)} columns could be the {what} column: name one of {', '.join(columns)}")


def class_names(dataset: Dataset, label_column: str) -> list[str]:
    """The names of the classes, in the order of their ids.

    Raises:
        InputError: the labels are neither named classes nor integers 0, 1, ….
    """
    feature = dataset.features[label_column]
    if isinstance(feature, ClassLabel):
        return list(feature.names)
    if not (isinstance(feature, Value) and feature.dtype.startswith(("int", "uint"))):
        raise InputError(f"the label column {label_column!r} holds {feature}, but must hold classes or integers")
    return [str(index) for index in range(int(max(dataset[label_column])) + 1)]


def check_classes(dataset: Dataset, label_column: str, *, n_classes: int, split: str) -> None:
    """Check that every label is a class from 0 to `n_classes` - 1.

    Raises:
        InputError: a label is empty or another integer; the message names it and the split.
    """
    for label in set(dataset[label_column]):
        if not isinstance(label, int) or not 0 <= label < n_classes:
            wanted = f"labels must be classes of the training data, from 0 to {n_classes - 1}"
            raise InputError(f"the split {split!r} has the label {label}, but {wanted}")


def head_classes(names: Sequence[str], *, one_logit: bool = False) -> dict[str, dict[Any, Any]]:
    """`id2label` and `label2id` for the configuration of a model with a head for these classes.

    Args:
        names: of the classes, in the order of their ids.
        one_logit: for two classes, one logit that stands for the pair (0, z), called by the name of class 1.

    Raises:
        InputError: `one_logit` with another number of classes.
    """
    if one_logit and len(names) != 2:
        raise InputError(f"one_logit is for two classes, but there are {len(names)}: leave it out")
    heads = names[1:] if one_logit else names
    return {"id2label": dict(enumerate(heads)), "label2id": {name: index for index, name in enumerate(heads)}}


def find_input_column(dataset: Dataset, wanted: str | None) -> str:
    """The column of texts called `wanted`, or the only one of strings.

    Raises:
        InputError: there is no such column, or several.
    """
    columns = [name for name, kind in dataset.features.items() if isinstance(kind, Value) and "string" in kind.dtype]
    if wanted is None and len(columns) == 1:
        return columns[0]
    if wanted not in dataset.column_names:
        found = f"there is no text column {wanted!r}" if wanted else f"{len(columns)} columns could be the texts"
        raise InputError(f"{found}: name one of {', '.join(dataset.column_names)}")
    return str(wanted)


def check_head(dataset: Dataset, label_column: str, config: PreTrainedConfig, *, split: str) -> None:
    """Check that labels and the model's head mean the same classes, as far as it can be seen.

    Raises:
        InputError: a label is no class of the head, or the same names stand in another order.
    """
    n_classes = max(int(config.num_labels or 0), 2)
    labels = set(dataset[label_column])
    wrong = [label for label in labels if not isinstance(label, int) or not 0 <= label < n_classes]
    if wrong:
        raise InputError(
            f"the split {split!r} has the label {wrong[0]}, but the model's head has the classes 0 to {n_classes - 1}: "
            "give the checkpoint that was made for this data set"
        )
    feature = dataset.features[label_column]
    names: dict[Any, str] = dict(config.id2label or {})
    theirs = [str(names.get(index)) for index in range(n_classes)]
    if isinstance(feature, ClassLabel) and sorted(feature.names) == sorted(theirs) and feature.names != theirs:
        index = next(i for i, (a, b) in enumerate(zip(feature.names, theirs, strict=True)) if a != b)
        raise InputError(
            f"class {index} is {feature.names[index]!r} in the data and {theirs[index]!r} in the model: give the "
            "checkpoint that was made for this data set"
        )
