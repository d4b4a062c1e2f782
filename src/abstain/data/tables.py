"""Tables of numbers and categories as features: fitted on the training rows alone, and kept as JSON beside a model."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from datasets import ClassLabel, Dataset, Value
from numpy.typing import NDArray
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from abstain._checks import InputError, shown
from abstain._files import write_json
from abstain.data.columns import check_two_classes, find_column, stored_column
from abstain.data.tensor_rows import TensorRows

ENCODER_FILE = "table_encoder.json"
EMPTY = ""
"""The category of an empty cell."""


@dataclass(frozen=True)
class TableEncoder:
    """Makes features of the rows of a table: numbers standardised, categories one-hot, in the order of the fields.

    An empty cell of a number becomes the mean of the training rows, 0 after standardisation; an empty cell of a
    category is a category of its own. A category that the training rows do not have is all zeros.

    Attributes:
        label_column: the column to predict.
        classes: its values as text, in the order of their ids.
        numeric: name of each column of numbers -> mean and scale (standard deviation, or 1 where all are equal).
        categorical: name of each column of categories -> its values as text, in the order of their features.
    """

    label_column: str
    classes: list[str]
    numeric: dict[str, tuple[float, float]]
    categorical: dict[str, list[str]]

    @classmethod
    def fit(cls, train: Dataset, label_column: str, *, categorical: Iterable[str] = ()) -> TableEncoder:
        """Learn means, scales, categories and classes from the training rows.

        Args:
            train: columns of numbers, texts and truth values; texts and truth values are categories.
            label_column: the column to predict; texts, truth values, integers or classes.
            categorical: columns of numbers that are codes of categories.

        Raises:
            InputError: no row, or no such column (with those there are); a column of another kind, or that is infinite;
                an empty or fractional label, or fewer than two classes.
        """
        if not len(train):
            raise InputError("the training table is empty, but at least one row is needed")
        find_column(train, label_column, "label")
        for name in categorical:
            find_column(train, name)
        kinds = {name: _is_numeric(train, name) for name in train.column_names if name != label_column}
        numbers = [name for name, numeric in kinds.items() if numeric and name not in set(categorical)]
        categories = [name for name in kinds if name not in numbers]
        frame = train.to_pandas()
        numeric, one_hot = {}, {}
        if numbers:
            with np.errstate(invalid="ignore"):  # a column of nothing but empty cells, see _known
                scaler = StandardScaler().fit(_numbers(frame, numbers))  # empty cells do not count
            pairs = zip(scaler.mean_, scaler.scale_, strict=True)
            numeric = {
                name: _known(float(mean), float(scale)) for name, (mean, scale) in zip(numbers, pairs, strict=True)
            }
        if categories:
            found = OneHotEncoder().fit(_texts(frame, categories)).categories_
            one_hot = {name: values.tolist() for name, values in zip(categories, found, strict=True)}
        return cls(label_column, _classes(train, label_column), numeric, one_hot)

    @property
    def num_features(self) -> int:
        """F, the length of a row of features."""
        return len(self.numeric) + sum(map(len, self.categorical.values()))

    def example_row(self) -> dict[str, Any]:
        """A row that could be of the table, without its label: the mean of each number, the first of each category."""
        means = {name: mean for name, (mean, _) in self.numeric.items()}
        return means | {name: values[0] for name, values in self.categorical.items()}

    @cached_property
    def _scaler(self) -> StandardScaler:
        scaler = StandardScaler()
        scaler.mean_, scaler.scale_ = np.array(list(self.numeric.values())).T
        scaler.n_features_in_ = len(self.numeric)
        return scaler

    @cached_property
    def _one_hot(self) -> OneHotEncoder:
        values = [np.array(found, dtype=object) for found in self.categorical.values()]
        first = np.array([[found[0] for found in values]], dtype=object)
        return OneHotEncoder(categories=values, handle_unknown="ignore", sparse_output=False, dtype=np.float32).fit(
            first
        )

    def features(self, table: Dataset) -> NDArray[np.float32]:
        """The features (N, F) of the rows of a table, which needs no label column.

        Raises:
            InputError: no row, a column of the training table is missing, or an infinite number.
        """
        if not len(table):
            raise InputError("the table is empty, but at least one row is needed")
        columns = [find_column(table, name) for name in (*self.numeric, *self.categorical)]
        return self._of_frame(table.select_columns(columns).to_pandas())

    def features_of_rows(self, rows: Sequence[Mapping[str, Any]], first: int = 0) -> NDArray[np.float32]:
        """The features (N, F) of rows, each by itself: no cell is read otherwise for what stands in the other rows.

        Args:
            rows: the name of each column -> a number, a text, a truth value, or None where the cell is empty.
            first: the number of the first of them, for messages.

        Raises:
            InputError: a row lacks a column of the training table, or a cell holds something else; it is named.
        """
        cells: dict[str, list[Any]] = {name: [] for name in (*self.numeric, *self.categorical)}
        for place, row in enumerate(rows, first):
            for name, column in cells.items():
                if name not in row:
                    raise InputError(
                        f"sample {place} has no {name!r}, which the model was trained on: give it, or None where the "
                        "cell is empty"
                    )
                try:
                    column.append((_as_number if name in self.numeric else _as_category)(row[name]))
                except (TypeError, ValueError, OverflowError) as error:
                    wanted = "a number" if name in self.numeric else "a text, a truth value or a number"
                    raise InputError(
                        f"sample {place} has {shown(row[name])} as {name!r}, but it must be {wanted}: correct it, or "
                        "give None where the cell is empty"
                    ) from error
        return self._of_frame(pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in cells.items()}))

    def _of_frame(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        parts = [np.empty((len(frame), 0), np.float32)]
        if self.numeric:
            parts.append(np.nan_to_num(self._scaler.transform(_numbers(frame, list(self.numeric))), nan=0.0))
        if self.categorical:
            parts.append(self._one_hot.transform(_texts(frame, list(self.categorical))))
        return np.concatenate(parts, axis=1).astype(np.float32)

    def encode(self, table: Dataset) -> TensorRows:
        """The rows of a table and their labels, for `Trainer`: items are `{"features", "labels"}`.

        Raises:
            InputError: as `features`; no row, or a label that is none of `classes`.
        """
        find_column(table, self.label_column, "label")
        ids = {name: index for index, name in enumerate(self.classes)}
        places, found = _label_texts(table, self.label_column)
        for name in found:
            if name not in ids:
                wanted = ", ".join(self.classes[:10])
                raise InputError(
                    f"a row has the {self.label_column} {name!r}, but must have one of the training rows: {wanted}"
                )
        labels = torch.tensor([ids[name] for name in found], dtype=torch.int64)[torch.from_numpy(places)]
        return TensorRows({"features": torch.from_numpy(self.features(table))}, labels)

    def save_pretrained(self, folder: str | Path) -> Path:
        """Write `table_encoder.json` into a folder, which is made if it does not exist."""
        return write_json(Path(folder).expanduser() / ENCODER_FILE, asdict(self))

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> TableEncoder:
        """Read what `save_pretrained` wrote.

        Raises:
            InputError: the folder holds no such file, or one with other fields.
        """
        path = Path(folder).expanduser() / ENCODER_FILE
        if not path.is_file():
            raise InputError(f"{str(folder)!r} holds no {ENCODER_FILE}: give the folder of a model for tables")
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            fields["numeric"] = {name: (float(mean), float(scale)) for name, (mean, scale) in fields["numeric"].items()}
            return cls(**fields)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{str(path)!r} is not what save_pretrained writes: {error}") from error


def _is_numeric(table: Dataset, name: str) -> bool:
    """Whether a column holds numbers; else it holds categories."""
    feature = table.features[name]
    kind = feature.dtype if isinstance(feature, Value) else ""
    if kind.startswith(("int", "uint", "float")):
        return True
    if kind in ("string", "large_string", "string_view", "bool", "null") or isinstance(feature, ClassLabel):
        return False
    raise InputError(f"the column {name!r} holds {feature}, but must hold numbers, texts or truth values")


def _numbers(frame: pd.DataFrame, names: list[str]) -> NDArray[np.float64]:
    """(N, columns), with NaN for empty cells."""
    values = frame[names].to_numpy(dtype=np.float64)
    if np.isinf(values).any():
        name = names[int(np.isinf(values).any(axis=0).argmax())]
        raise InputError(f"the column {name!r} holds an infinite value, but numbers must be finite or empty")
    return values


def _known(mean: float, scale: float) -> tuple[float, float]:
    """Mean and scale of a column, as of zeros for one whose training rows are all empty."""
    return (0.0, 1.0) if math.isnan(mean) else (mean, scale)


def _as_number(cell: Any) -> float:
    return math.nan if _is_empty(cell) else float(cell)


def _as_category(cell: Any) -> Any:
    if _is_empty(cell):
        return None
    if not isinstance(cell, str | bool | int | float | np.bool_ | np.integer | np.floating):
        raise TypeError
    return cell.item() if isinstance(cell, np.generic) else cell


def _is_empty(cell: Any) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float | np.floating) and cell != cell)


def _texts(frame: pd.DataFrame, names: list[str]) -> NDArray[np.object_]:
    """(N, columns) of str."""
    return np.stack([frame[name].map(_as_text).to_numpy(dtype=object) for name in names], axis=1)


def _as_text(value: Any) -> str:
    """A category as text, alike for 1 and 1.0: a column of integers with an empty cell is one of floats."""
    if value is None or value != value:
        return EMPTY
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _label_texts(table: Dataset, name: str) -> tuple[NDArray[np.int64], list[str]]:
    """The place (N,) of each label in a list of the different ones as text; those of named classes by their names."""
    feature, column = table.features[name], stored_column(table, name).combine_chunks()
    encoded = column.dictionary_encode(null_encoding="encode")
    values = encoded.dictionary.to_pylist()
    if isinstance(feature, ClassLabel):
        values = [None if value is None else feature.names[value] for value in values]
    return encoded.indices.to_numpy().astype(np.int64), [_as_text(value) for value in values]


def _classes(train: Dataset, name: str) -> list[str]:
    """The classes of the training rows: named ones in their own order, others sorted, numbers by their value."""
    feature = train.features[name]
    if isinstance(feature, ClassLabel):
        check_two_classes(feature.names, name)
        return list(feature.names)
    if _is_numeric(train, name) and any(
        value is not None and value % 1 for value in stored_column(train, name).unique().to_pylist()
    ):
        raise InputError(f"the label column {name!r} holds fractions, but must hold classes")
    found = set(_label_texts(train, name)[1])
    if EMPTY in found:
        raise InputError(f"the label column {name!r} has empty cells, but every row needs a label")
    check_two_classes(list(found), name)
    return sorted(found, key=int if _is_numeric(train, name) else None)
