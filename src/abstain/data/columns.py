"""Which column of a data set is what, and which classes its labels stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from abstain._checks import ArgumentError, InputError, nearest

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, DatasetDict

KINDS = {"image": "images", "annotation": "images", "text": "texts", "label": "classes"}
"""What a column holds, by what it is for; without a name the only one of that kind is taken."""

NAMED = 10
"""Labels that a sentence names at most."""


def find_column(dataset: Dataset, name: str | None, role: str = "") -> str:
    """The column called `name`; without a name the only one of its kind, or of several the one called as its role.

    Args:
        dataset: the split to look at.
        name: spelled as in the data set.
        role: one of `KINDS`, or nothing for a column of any kind, which must have a name.

    Raises:
        InputError: there is no such column, or it holds something else; without a name, there are several or none.
    """
    features, what = dataset.features, f"{role} column".strip()
    if name is None:
        found = [column for column, feature in features.items() if _kind(feature) == KINDS[role]]
        if len(found) == 1:
            return found[0]
        if role not in (features if role == "label" else found):  # labels may be integers or texts too
            raise InputError(f"{len(found)} columns could be the {what}: name one of {', '.join(features)}")
        return role
    if name not in features:
        raise ArgumentError(f"there is no {what} {name!r}: {nearest(name, features)}")
    if role not in ("", "label") and _kind(features[name]) != KINDS[role]:
        raise ArgumentError(f"the {what} {name!r} holds {features[name]}, but must hold {KINDS[role]}: name another")
    return name


def with_classes(data: DatasetDict, label_column: str) -> tuple[DatasetDict, list[str]]:
    """Splits whose labels are classes of `train`, and the names of these in the order of their ids.

    Text labels become ids in the order of the sorted texts; integers and named classes stay as they are, for a model's
    head knows an integer as its own id (`with_head_classes`). `TableEncoder`, which keeps its classes itself, numbers
    integers by their order instead.

    Args:
        data: with a split `train`.
        label_column: of classes, integers or texts.

    Raises:
        InputError: labels of another kind, fewer than two classes, a label that `train` does not know, or integers of
            which `train` lacks some below the highest.
    """
    whose = "the training data"
    check_filled(data, [label_column])
    if _kind(data["train"].features[label_column]) == "texts":
        encoded = data["train"].select_columns([label_column]).class_encode_column(label_column)
        names = encoded.features[label_column].names
        for split, dataset in data.items():
            _check_texts(dataset, label_column, names, split=split, whose=whose)
        data = data.cast_column(label_column, encoded.features[label_column])
    names = class_names(data["train"], label_column)
    check_two_classes(names, label_column)
    for split, dataset in data.items():
        check_classes(dataset, label_column, dict(enumerate(names)), split=split, whose=whose)
    return data, names


def check_filled(data: DatasetDict, columns: Sequence[str]) -> None:
    """Check that no split is empty in a whole column that `train` fills, as where its file lacks that column.

    Raises:
        InputError: one is; the message names the split and the column.
    """
    for column in columns:
        if stored_column(data["train"], column).null_count == len(data["train"]):
            continue
        for split, dataset in data.items():
            if len(dataset) and stored_column(dataset, column).null_count == len(dataset):
                raise InputError(
                    f"the split {split!r} has nothing in the column {column!r}, which train fills: it is missing from "
                    "its file, or empty there"
                )


def with_head_classes(dataset: Dataset, label_column: str, id2label: Mapping[int, str], *, split: str) -> Dataset:
    """A split whose labels are classes of a model's head; text labels become the ids that the head gives these names.

    Args:
        dataset: the split.
        label_column: of classes, integers or texts.
        id2label: of the model's configuration; a single name is that of class 1, and the only other text that of 0.
        split: for messages.

    Raises:
        InputError: as `check_classes`.
    """
    whose = "the model's head"
    if _kind(dataset.features[label_column]) == "texts":
        from datasets import ClassLabel

        names = [id2label[index] for index in range(len(id2label))]
        if len(names) == 1:
            others = sorted({*stored_column(dataset, label_column).unique().to_pylist()} - {*names, None})
            names = [*(others if len(others) == 1 else [f"not {names[0]}"]), *names]
        _check_texts(dataset, label_column, names, split=split, whose=whose)
        dataset = dataset.cast_column(label_column, ClassLabel(names=names))
    check_classes(dataset, label_column, id2label, split=split, whose=whose)
    return dataset


def class_names(train: Dataset, label_column: str) -> list[str]:
    """The names of the classes, in the order of their ids; named classes need not all occur, integers must.

    Raises:
        InputError: the labels are neither named classes nor integers 0, 1, …, of which none is missing.
    """
    feature = train.features[label_column]
    if _kind(feature) == "classes":
        return list(feature.names)
    if _kind(feature) != "integers":
        raise InputError(f"the label column {label_column!r} holds {feature}, but must hold classes or integers")
    found = sorted(label for label in _distinct(train, label_column) if label is not None and label >= 0)
    if len(found) > 1:
        _check_none_missing(found, label_column)
    return [str(label) for label in found]


def check_two_classes(names: Sequence[str], label_column: str) -> None:
    """Check that there are two classes or more.

    Raises:
        InputError: there are not.
    """
    if len(names) < 2:
        found = "nothing but " + names[0] if names else "no class"
        raise InputError(f"the label column {label_column!r} holds {found}, but two classes are needed")


def check_classes(dataset: Dataset, label_column: str, id2label: Mapping[int, str], *, split: str, whose: str) -> None:
    """Check that every label is a class, and that the data set has no other order of the same classes.

    Args:
        dataset: the split.
        label_column: of integers or classes.
        id2label: the classes, as in the configuration of a model; a single name is that of class 1 of two.
        split: for messages.
        whose: classes these are, for messages.

    Raises:
        InputError: a label is empty or another integer; the message names it and the split. Or a class has another id
            in the data set.
    """
    names = {1: id2label[0]} if len(id2label) == 1 else dict(id2label)
    n_classes = max(len(id2label), 2)
    for label in _distinct(dataset, label_column):
        if not isinstance(label, int) or not 0 <= label < n_classes:
            raise InputError(
                f"the split {split!r} has the label {label}, but labels must be classes of {whose}, from 0 to "
                f"{n_classes - 1}: correct such rows or leave them out"
            )
    own = getattr(dataset.features[label_column], "names", None) or []
    if len(own) == n_classes and set(names.values()) <= set(own):
        for index, name in names.items():
            if own[index] != name:
                raise InputError(
                    f"class {index} is {own[index]!r} in the split {split!r} and {name!r} in {whose}: the classes must "
                    "have one order in the data and in the model"
                )


def head_classes(names: Sequence[str], *, one_logit: bool = False) -> dict[str, Any]:
    """`id2label` and `label2id` for the configuration of a model with a head for these classes.

    Args:
        names: of the classes, in the order of their ids.
        one_logit: for two classes, one logit that stands for the pair (0, z), called by the name of class 1.

    Raises:
        InputError: `one_logit` with another number of classes.
    """
    if one_logit and len(names) != 2:
        raise ArgumentError(f"one_logit is for two classes, but there are {len(names)}: leave it out")
    heads = names[1:] if one_logit else names
    return {"id2label": dict(enumerate(heads)), "label2id": {name: index for index, name in enumerate(heads)}}


def read_labels(dataset: Dataset, label_column: str, rows: Sequence[int] | None = None) -> NDArray[np.int64]:
    """The labels (N,) of all rows or of these, without reading anything else of them.

    Raises:
        InputError: a label is empty.
    """
    if rows is not None:
        dataset = dataset.select_columns([label_column]).select(rows)
    column = stored_column(dataset, label_column)
    if column.null_count:
        raise InputError(f"{column.null_count} labels in {label_column!r} are empty, but every row needs one")
    return column.to_numpy().astype(np.int64)


def _kind(feature: Any) -> str:
    """What a column of this feature holds."""
    from datasets import ClassLabel, Image, Value  # here, so that the head of a model never waits for them

    if isinstance(feature, Image | ClassLabel):
        return "images" if isinstance(feature, Image) else "classes"
    dtype = feature.dtype if isinstance(feature, Value) else ""
    return "texts" if "string" in dtype else "integers" if dtype.startswith(("int", "uint")) else "other"


def stored_column(dataset: Dataset, name: str) -> pa.ChunkedArray:
    """A column as Arrow holds it; datasets gathers the rows of a shuffled split one by one, 2 s for a million."""
    stored, indices = dataset.data.column(name), dataset._indices
    return stored if indices is None else stored.take(indices.column(0))


def _distinct(dataset: Dataset, name: str) -> list[Any]:
    return stored_column(dataset, name).unique().to_pylist()


def _check_none_missing(found: Sequence[int], label_column: str) -> None:
    """Check that these, in their order, are 0, 1, … up to the highest, which may be too far to count up to."""
    highest, n_missing = found[-1], found[-1] + 1 - len(found)
    cure = f"give labels from 0 to {len(found) - 1}, texts, or a ClassLabel column, which may name classes without rows"
    if n_missing > NAMED:
        raise InputError(
            f"the highest label in {label_column!r} is {highest}, but {len(found)} distinct labels are in the training "
            f"data: name another label_column, or {cure}"
        )
    if n_missing:
        missing = ", ".join(map(str, sorted({*range(highest)} - {*found})))
        raise InputError(
            f"the highest label in {label_column!r} is {highest}, but the training data have no row with {missing}: "
            f"{cure}"
        )


def _check_texts(dataset: Dataset, label_column: str, names: Sequence[str], *, split: str, whose: str) -> None:
    for label in _distinct(dataset, label_column):
        if label is not None and label not in names:
            raise InputError(
                f"the split {split!r} has the label {label!r}, but labels must be classes of {whose}: "
                f"{nearest(label, names)}"
            )
