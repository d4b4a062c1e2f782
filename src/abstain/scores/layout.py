"""Arrays of any layout to rows and labels: which axis holds the classes, and which samples count."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain._arguments import check_integer
from abstain._arrays import to_numpy, to_tensor
from abstain._checks import ROW, ArgumentError, InputError, Row, RowError, counting_rows, first_row
from abstain.scores.default_names import numbers_written


def find_class_axis(shape: tuple[int, ...], label_shape: tuple[int, ...], class_axis: int | None = None) -> int:
    """The axis of values (N, K, …) or (N, …, K) that holds the classes, where the labels are (N, …).

    Args:
        shape: of the values, two axes or more.
        label_shape: of the labels.
        class_axis: what the caller says, negative from the end; None takes the second or the last, whichever fits.

    Returns:
        From 0 to the number of axes - 1.

    Raises:
        InputError: no axis fits, two do, or the one that is named does not.
    """
    fitting = [axis for axis in range(len(shape)) if shape[:axis] + shape[axis + 1 :] == label_shape]
    if class_axis is not None:
        return _named_axis(shape, label_shape, class_axis, fitting)
    fitting = [axis for axis in fitting if axis in (1, len(shape) - 1)]  # another one has to be named
    if len(fitting) > 1:
        choices = " or ".join(f"class_axis={axis}" for axis in fitting)
        raise InputError(
            f"values of shape {shape} with labels of shape {label_shape} hold their classes on axis "
            f"{' or '.join(map(str, fitting))}, which the shapes do not tell: give {choices}"
        )
    if not fitting:
        raise InputError(
            f"values have shape {shape} and labels {label_shape}, but must be (N, K, …) or (N, …, K) and (N, …): one "
            "label for each row of classes"
        )
    return fitting[0]


def _named_axis(shape: tuple[int, ...], label_shape: tuple[int, ...], class_axis: Any, fitting: list[int]) -> int:
    n_axes = len(shape)
    if not _is_integer(class_axis) or not -n_axes <= int(class_axis) < n_axes:
        raise ArgumentError(
            f"class_axis is {class_axis!r}, but must be an integer from {-n_axes} to {n_axes - 1} for values of shape "
            f"{shape}"
        )
    if int(class_axis) % n_axes not in fitting:
        raise ArgumentError(
            f"class_axis is {class_axis}, but without that axis values of shape {shape} do not have the shape "
            f"{label_shape} of the labels"
        )
    return int(class_axis) % n_axes


def rows_and_labels(
    values: Any, labels: Any, *, class_axis: int | None = None, ignore_index: int | None = None
) -> tuple[Tensor, NDArray[np.int64], int]:
    """Values and labels of any layout as rows (N, K) and (N,), of what counts.

    Args:
        values: (N, K), (N, K, …) or (N, …, K), NumPy or torch on any device, not changed and copied only where it must.
        labels: (N,) or (N, …) integers, whole floats or booleans; for (N, K) also (N, 1), or one-hot (N, K).
        class_axis: as `find_class_axis`.
        ignore_index: the label of samples that do not count.

    Returns:
        Rows of floats, labels as int64, and how many samples do not count.

    Raises:
        InputError: shapes that do not fit, labels that are no classes, or no sample that counts.
    """
    rows = to_tensor(values, "values")
    given, classes = tuple(rows.shape), _one_a_row(whole_labels(labels), tuple(rows.shape))
    if rows.ndim < 2:
        raise InputError(
            f"values have shape {tuple(rows.shape)}, but must be (N, K): one row of classes a sample; one logit or "
            'probability a sample, as decision_function gives it, is told by input="logits" or input="probabilities"'
        )
    axis = find_class_axis(tuple(rows.shape), classes.shape, class_axis)
    if not rows.numel():
        raise InputError(f"values have shape {tuple(rows.shape)}, but at least one sample and one class are needed")
    rows = rows.movedim(axis, -1).reshape(-1, rows.shape[axis])
    classes = classes.reshape(-1)
    if ignore_index is not None:
        check_integer("ignore_index", ignore_index)
    counted = np.full(len(classes), True) if ignore_index is None else classes != ignore_index
    n_ignored = len(classes) - int(counted.sum())
    if n_ignored:
        rows, classes = rows[torch.from_numpy(counted).to(rows.device)], classes[counted]
    if not len(classes):
        raise InputError(f"every label is {ignore_index}, which is ignored, but at least one sample is needed")
    with counting_rows(lambda row: row_as_given(row, given, labels, ignore_index)):
        return rows, _in_range(classes, rows.shape[1]), n_ignored


def row_as_given(row: int, shape: Sequence[int], labels: Any, ignore_index: int | None) -> Row:
    """What a row that `rows_and_labels` gives is among what was given to it.

    Args:
        row: from 0, among those that count.
        shape: of the values, as they were given.
        labels: as they were given.
        ignore_index: as it was given.
    """
    classes = _one_a_row(whole_labels(labels), tuple(shape))
    counted = np.full(classes.shape, True) if ignore_index is None else classes != ignore_index
    place = np.unravel_index(np.flatnonzero(counted)[row], counted.shape)
    return int(place[0]) if len(place) == 1 else tuple(int(index) for index in place)


def _is_integer(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def whole_labels(labels: Any) -> NDArray[np.int64]:
    """Labels of any shape as int64: integers, booleans, floats that are whole numbers, or texts that number classes.

    Raises:
        InputError: other names, missing values, fractions, or numbers beyond int64.
    """
    array = to_numpy(labels, "labels")
    written = numbers_written(array)
    array = array if written is None else written
    if array.dtype.kind == "O" and all(isinstance(label, numbers.Real) for label in array.flat):
        array = array.astype(np.float64)
    if array.dtype.kind not in "biuf":
        kind = {"O": "missing values or names", "U": "names"}.get(array.dtype.kind, array.dtype)
        raise InputError(f"labels hold {kind}, but must be whole numbers: the class of each sample, from 0")
    if array.dtype.kind == "f":
        wrong = ~((array == np.round(array)) & (np.abs(array) < 2**53))  # NaN too
        if wrong.any():
            raise RowError(
                f"a label is {array[wrong].flat[0]}, but must be a whole number, the class of a sample: mend {ROW}, or "
                "leave it out",
                first_row(wrong),
            )
    if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise InputError(f"a label is {array.max()}, but must be a class, from 0")
    return array.astype(np.int64, copy=False)


def _one_a_row(classes: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.int64]:
    """(N,) of labels (N,), (N, 1) or one-hot (N, K)."""
    if classes.ndim != 2 or len(shape) != 2 or len(classes) != shape[0]:
        return classes
    if classes.shape[1] == 1:
        return classes[:, 0]
    if classes.shape != shape:
        return classes
    if not (((classes == 0) | (classes == 1)).all() and (classes.sum(axis=1) == 1).all()):
        raise InputError(
            f"labels have shape {classes.shape}, as one-hot labels have, but not every row holds one 1 and else 0: "
            "give the class of each sample"
        )
    return classes.argmax(axis=1)


def _in_range(classes: NDArray[np.int64], n_columns: int) -> NDArray[np.int64]:
    n_classes = max(n_columns, 2)
    if int(classes.min()) < 0 or int(classes.max()) >= n_classes:
        if set(np.unique(classes).tolist()) == {-1, 1}:
            raise InputError("the labels are -1 and 1, but must count from 0: give (label + 1) / 2, which is 0 and 1")
        row = int(((classes < 0) | (classes >= n_classes)).argmax())
        found = int(classes[row])
        is_mark = found < 0 or found == 255
        advice = f"if it marks what does not count, give ignore_index={found}" if is_mark else "leave it out"
        raise RowError(
            f"a label is {found}, but must be from 0 to {n_classes - 1} for values of {n_columns} column(s): mend "
            f"{ROW}, or {advice}",
            row,
        )
    return classes
