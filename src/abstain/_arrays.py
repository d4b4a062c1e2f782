"""Arrays, tensors and lists from outside, as arrays and tensors that can be computed with."""

from __future__ import annotations

import itertools
import math
import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from abstain._checks import ROW, ArgumentError, InputError, RowError, first_line, first_row
from abstain._tables import check_column_order, is_of
from abstain._threads import over_slices

if TYPE_CHECKING:
    import torch

LARGEST_LOSS = 1e75
"""Up to here sums of the fourth power of a loss are finite in float64."""


def to_numpy(values: Any, what: str) -> np.ndarray:
    """A NumPy view (where possible) of a torch tensor on any device, a pandas object, an array or a list.

    Raises:
        InputError: there is no such view, or it would take the columns of a table for classes by their place.
    """
    if hasattr(values, "detach"):
        values = check_tensor(values, what).detach()
        if str(values.dtype) == "torch.bfloat16":  # NumPy has no bfloat16
            values = values.float()
        values = values.resolve_conj().resolve_neg().cpu()
    return _as_array(values, what)


def check_tensor(values: Any, what: str) -> Any:
    """A torch tensor if it holds a number at every place, of a kind that NumPy has, or bfloat16."""
    dtype, layout = (str(kind).removeprefix("torch.") for kind in (values.dtype, values.layout))
    for kind, found, cure in (
        ("meta", values.is_meta, "give one that holds values"),
        ("nested", values.is_nested, "pad it, or join its parts"),
        (layout, layout != "strided", "call to_dense() first"),
        (dtype, dtype.startswith("float") and values.dtype.itemsize == 1, "call float() first"),
        (dtype, values.is_quantized, "call dequantize() first"),
    ):
        if found:
            raise InputError(f"{what} given as a {kind} tensor cannot be read: {cure}")
    return values


def _as_array(values: Any, what: str) -> np.ndarray:
    check_column_order(values, what)
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        n_masked = int(np.ma.getmaskarray(values).sum())
        raise InputError(
            f"{what} hold {n_masked} masked entries, but all must count: take out the samples they stand in"
        )
    if isinstance(values, list | tuple) and values and hasattr(values[0], "detach"):
        values = [to_numpy(value, what) for value in values]  # NumPy takes no list of tensors with a gradient
    try:
        array = np.asarray(values)
        if array.dtype == object and array.ndim == 1 and array.size and np.ndim(array[0]) > 0:
            array = np.stack(list(array))  # a column of arrays, as pandas holds logits
    except ValueError as error:
        if all(hasattr(value, "shape") for value in values):
            shapes = " and ".join(str(tuple(value.shape)) for value in values[:3])
            raise InputError(
                f"{what} are {len(values)} arrays of shapes {shapes}, as a model gives several: give one of them"
            ) from error
        raise InputError(f"{what} are lists of unequal lengths, but must make up an array") from error
    except Exception as error:  # of a foreign object that makes itself an array
        raise InputError(
            f"{what} of type {type(values).__name__} cannot be read ({first_line(error)}): give an array"
        ) from error
    if array.dtype == object and array.ndim == 0:
        raise InputError(f"{what} of type {type(values).__name__} cannot be read: give an array, a tensor or a list")
    return _without_objects(array) if array.dtype == object else array


def _without_objects(array: np.ndarray) -> np.ndarray:
    """Numbers that are held as Python objects as an array of numbers; anything else as it is."""
    if array.size and all(isinstance(value, numbers.Real | np.bool_) for value in array.flat):
        return np.array(array.tolist())
    return array


def check_same_order(**columns: Any) -> None:
    """Refuse pandas objects whose indexes hold the same labels in another order.

    By their index they are other pairs than by their place, and both may be meant. Indexes of other labels say nothing.
    """
    of_pandas = {name: index for name, value in columns.items() if hasattr(index := _index_of(value), "equals")}
    for (name, index), (other, of_other) in itertools.pairwise(of_pandas.items()):
        if not index.equals(of_other) and len(index) == len(of_other) and index.symmetric_difference(of_other).empty:
            raise InputError(
                f"the indexes of {name} and {other} hold the same rows in another order, so they may be paired by "
                f"index or by place: give {other}.loc[{name}.index], or both with to_numpy()"
            )


def _index_of(value: Any) -> Any:
    return getattr(value, "index", None) if is_of("pandas", value) else None


def check_confidence_error(confidence: Any, error: Any) -> tuple[np.ndarray, np.ndarray]:
    """(confidence, error) as two arrays of one length; neither input is changed.

    The confidence is float32 or float64, which keeps every rank but of integers beyond 2⁵³; the error keeps its type.
    """
    check_same_order(confidence=confidence, error=error)
    confidence, error = to_numpy(confidence, "confidence"), to_numpy(error, "error")
    for what, values in (("confidence", confidence), ("error", error)):
        if values.ndim != 1:
            raise InputError(f"{what} has shape {values.shape}, but must be one-dimensional: one number a sample")
        if values.dtype.kind not in "biuf":
            raise InputError(f"{what} holds {values.dtype}, but must hold real numbers")
    if len(confidence) != len(error):
        raise InputError(f"confidence has {len(confidence)} samples and error has {len(error)}: they must be equal")
    if len(confidence) == 0:
        raise InputError("the set of samples is empty, but at least one sample is needed")
    if confidence.dtype not in (np.float32, np.float64):
        confidence = confidence.astype(np.float32 if confidence.dtype == np.float16 else np.float64)
    if any(over_slices(lambda some: bool(np.isnan(confidence[some].min())), len(confidence))):  # NaN if one is
        missing = np.isnan(confidence)
        raise RowError(
            f"confidence holds {int(missing.sum())} NaN, but NaN has no rank: remove these samples, the first is {ROW}",
            first_row(missing),
        )
    if not all(
        over_slices(lambda some: error[some].min() >= 0 and float(error[some].max()) <= LARGEST_LOSS, len(error))
    ):
        wrong = ~((error >= 0) & (error < np.inf))  # NaN is neither
        if wrong.any():
            raise RowError(
                "error holds a negative, NaN or infinite value, but must be 0/1 or a finite loss of at least 0: mend "
                f"{ROW}",
                first_row(wrong),
            )
        raise InputError(f"error holds {error.max():g}, whose powers are no numbers: divide all losses by the largest")
    return confidence, error


def check_logits(logits: Any) -> torch.Tensor:
    """Logits (N, K) as a torch tensor of floats on the device where they are, not copied where that is possible."""
    import torch  # here, so that work on (confidence, error) never waits for torch

    logits = to_tensor(logits, "logits")
    if logits.ndim != 2:
        advice = "; one logit a sample is logits[:, None]" if logits.ndim == 1 else ""
        raise InputError(f"logits have shape {tuple(logits.shape)}, but must be (N, K): one row a sample{advice}")
    if logits.shape[0] == 0:
        raise InputError("the set of samples is empty, but at least one sample is needed")
    if logits.shape[1] == 0:
        raise InputError("logits have no class (K = 0), but at least one column is needed")
    low, high = torch.aminmax(logits)
    if not (math.isfinite(low) and math.isfinite(high)):
        bad = (~torch.isfinite(logits)).any(dim=1).cpu().numpy()
        raise RowError(
            f"{bad.sum()} of {len(logits)} rows of logits hold NaN or infinite values, but all must be finite: mend or "
            f"leave out these, the first is {ROW}",
            first_row(bad),
        )
    return logits


def to_tensor(values: Any, what: str) -> torch.Tensor:
    """A torch tensor of floats of any shape, on the device where the values are, not copied where that is possible."""
    import torch

    if isinstance(values, torch.Tensor):
        values = check_tensor(values, what).detach()
    else:
        values = torch.from_numpy(_shareable(values, what))
    if values.dtype.is_complex:
        raise InputError(f"{what} hold {str(values.dtype).removeprefix('torch.')}, but must hold real numbers")
    return values if values.dtype.is_floating_point else values.to(torch.float64)


def _shareable(values: Any, what: str) -> np.ndarray:
    """A float array that torch can share memory with; a copy only of what it cannot."""
    array = _as_array(values, what)
    if array.dtype.kind not in "biuf":
        raise InputError(f"{what} hold {array.dtype}, but must hold real numbers in shape (N, K)")
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    of_whole_numbers = all(step >= 0 and step % array.itemsize == 0 for step in array.strides)  # a field's need not be
    if not array.flags.writeable or not array.dtype.isnative or not of_whole_numbers:
        array = array.astype(array.dtype.newbyteorder("="), copy=True)
    return array


def check_labels(labels: Any, *, n_samples: int, n_logits: int) -> np.ndarray:
    """Labels (N,) as int64, in the range of the classes that `n_logits` columns stand for (one column: 0 and 1)."""
    labels = to_numpy(labels, "labels")
    n_classes = max(n_logits, 2)
    if labels.dtype.kind not in "biu" and labels.size:
        raise InputError(f"labels hold {labels.dtype}, but must be integers from 0 to {n_classes - 1}")
    if labels.ndim != 1:
        raise InputError(f"labels have shape {labels.shape}, but must be one-dimensional: one class a sample")
    if len(labels) != n_samples:
        raise InputError(f"there are {n_samples} rows of logits and {len(labels)} labels: they must be equal")
    if int(labels.min()) < 0 or int(labels.max()) >= n_classes:
        wrong = (labels < 0) | (labels >= n_classes)
        row = first_row(wrong)
        raise RowError(
            f"a label is {labels[row]}, but must be from 0 to {n_classes - 1} for {n_logits} column(s) of logits: mend "
            f"{ROW}, or leave it out",
            row,
        )
    return labels.astype(np.int64, copy=False)


def check_class_values(values: Any, what: str, each: str = "the class of each sample") -> np.ndarray:
    """The class of each sample (N,), as integers, which may be given as floats, or as names; `each` says what it is."""
    given, values = values, to_numpy(values, what)
    if values.dtype.kind == "U" and isinstance(given, list | tuple):
        values = np.array(given, dtype=object)  # in which NumPy has not made a name of NaN or of a number
    if values.dtype == object and all(isinstance(value, str) for value in values.flat):
        values = values.astype(str)
    if values.ndim != 1:
        raise InputError(f"{what} have shape {values.shape}, but must be (N,): {each}")
    if values.dtype.kind == "f":
        exact = values.astype(np.float64)  # float16 has no 2⁵³
        if bool((np.abs(exact) < 2**53).all()) and bool((exact == np.round(exact)).all()):
            return exact.astype(np.int64)
    if values.dtype.kind not in "biuU":
        raise InputError(f"{what} hold {values.dtype}, but must be whole numbers or names, and none missing: {each}")
    return values


def check_pair(validation: Any) -> tuple[Any, Any]:
    """`validation` if it is a pair, of logits and labels."""
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise ArgumentError(f"validation is {type(validation).__name__}, but must be the pair (logits, labels)")
    return validation[0], validation[1]


def check_other_samples(test: tuple[Any, Any], validation: tuple[Any, Any] | None) -> None:
    """Refuse test data, a pair of values and labels, as validation data: the same memory, or the same numbers.

    Equal values with other labels are other samples, of a model that says the same of all.
    """
    if validation is None:
        return
    (values, labels), (others, other_labels) = test, validation
    same = values is others or _share_memory(values, others)
    if same or (
        _equal(values, others) and np.array_equal(to_numpy(labels, "labels"), to_numpy(other_labels, "labels"))
    ):
        raise ArgumentError(
            "the test and the validation data are the same samples, on which every fit looks better than it "
            "is: give other samples for one of the two"
        )


def _same_labels(one: Any, other: Any) -> bool:
    return np.array_equal(to_numpy(one, "labels"), to_numpy(other, "labels"))


def _share_memory(one: Any, other: Any) -> bool:
    if hasattr(one, "data_ptr") and hasattr(other, "data_ptr") and one.device == other.device:
        ends = [(of.data_ptr(), of.data_ptr() + of.nbytes) for of in (one, other) if of.is_contiguous() and of.nbytes]
        if len(ends) == 2:
            return max(begin for begin, _ in ends) < min(end for _, end in ends)
    one, other = _cpu_array(one), _cpu_array(other)
    return one is not None and other is not None and np.shares_memory(one, other)


def _equal(one: Any, other: Any) -> bool:
    one, other = _cpu_array(one), _cpu_array(other)
    return one is not None and other is not None and np.array_equal(one, other)


def _cpu_array(values: Any) -> np.ndarray | None:
    if hasattr(values, "data_ptr"):
        is_readable = values.device.type == "cpu" and str(values.dtype) != "torch.bfloat16"
        return values.detach().numpy() if is_readable else None
    return values if isinstance(values, np.ndarray) else None
