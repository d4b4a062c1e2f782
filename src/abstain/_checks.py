"""The errors that bad input becomes, one sentence each, and the checks that several rooms share."""

from __future__ import annotations

import difflib
import math
import reprlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from abstain._threads import over_slices

if TYPE_CHECKING:
    import torch


MANY = 30
"""More choices than this are not listed in an error."""


LARGEST_LOSS = 1e75
"""Up to here sums of the fourth power of a loss are finite in float64."""


class InputError(ValueError):
    """Bad input from the user; the message is one sentence that says what was found, what was wanted and what to do."""


class NoThresholdError(ValueError):
    """No threshold meets the target risk on the given data; the message says how far off it is."""


def first_line(error: Exception, most: int = 300) -> str:
    """The beginning of what a library says of an error; its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:most]


def nearest(name: str, choices: Iterable[str]) -> str:
    """The end of a sentence that names the choice most like `name`, or all of them if none is."""
    choices = sorted(choices)
    spelled = {choice.casefold(): choice for choice in choices}
    close = difflib.get_close_matches(name.casefold(), spelled, n=1)
    if close:
        return f"did you mean {spelled[close[0]]!r}?"
    return f"choose from {', '.join(choices)}" if len(choices) <= MANY else "--help lists them all"


def shown(value: Any) -> str:
    """What an error says of a value: its `repr`, short and in one line."""
    try:
        return " ".join(reprlib.repr(value).split())
    except ValueError:  # an integer of more digits than Python prints
        return type(value).__name__


def check_choice(what: str, value: str, choices: Iterable[str]) -> str:
    """`value` if it is one of `choices`."""
    choices = list(choices)
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"unknown {what} {shown(value)}: {nearest(str(value), choices)}")
    return value


def check_number(what: str, value: Any) -> float:
    """`value` as a float if it is one real number, NaN and infinities among them; text and truth values are none."""
    try:
        wrong = isinstance(value, str | bytes | bytearray | bool | np.bool_) or value is np.ma.masked or np.ndim(value)
        number = None if wrong else float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # the last of a tensor without values
        number = None
    if number is None:
        raise InputError(f"{what} is {shown(value)}, but must be a number")
    return number


def check_fraction(what: str, value: float, *, open_below: bool = False, open_above: bool = False) -> float:
    """`value` as a float if it lies in [0, 1], without the ends that are open."""
    value = check_number(what, value)
    inside = (value > 0 if open_below else value >= 0) and (value < 1 if open_above else value <= 1)
    if not inside:
        interval = f"{'(' if open_below else '['}0, 1{')' if open_above else ']'}"
        raise InputError(f"{what} is {value:g}, but must be a fraction in {interval}")
    return value


def check_level(value: float) -> float:
    """The nominal coverage of an interval as a float if it lies in (0, 1)."""
    return check_fraction("level", value, open_below=True, open_above=True)


def check_at_least(holder: object, **least: float) -> None:
    """Check that each attribute named here is None or at least so large.

    Raises:
        InputError: one is smaller.
    """
    for name, lowest in least.items():
        value = getattr(holder, name)
        if value is not None and not check_number(name, value) >= lowest:
            raise InputError(f"{name} is {value}, but must be at least {lowest}")


def are_binary(error: np.ndarray) -> bool:
    """Whether each error is 0 or 1."""
    return bool(((error == 0) | (error == 1)).all())


def check_binary(what: str, *, is_binary: bool, instead: str) -> None:
    """Refuse real losses for `what`; `instead` is what to do with them."""
    if not is_binary:
        raise InputError(f"{what} needs 0/1 errors, but these are real losses: {instead}")


def check_keys(what: str, values: Any, *, known: Iterable[str], needed: Iterable[str] = ()) -> dict[str, Any]:
    """`values` if it is a dictionary with all keys that are needed and no other than the known ones."""
    known = sorted(known)
    if not isinstance(values, dict) or not set(needed) <= set(values) <= set(known):
        found = sorted(map(str, values)) if isinstance(values, dict) else shown(values)
        raise InputError(f"a {what} has the keys {found}, but must have them of {known}")
    return values


def check_no_more(function: str, unknown: dict[str, Any], *, known: Iterable[str]) -> None:
    """Refuse arguments that `function` does not take, naming the nearest one that it takes."""
    for name in unknown:
        raise InputError(f"{function} takes no argument {name!r}: {nearest(name, known)}")


def to_numpy(values: Any, what: str) -> np.ndarray:
    """A NumPy view (where possible) of a torch tensor on any device, a pandas object, an array or a list."""
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
        raise InputError(f"{what} are lists of unequal lengths, but must make up an array") from error
    except Exception as error:  # of a foreign object that makes itself an array
        raise InputError(
            f"{what} of type {type(values).__name__} cannot be read ({first_line(error)}): give an array"
        ) from error
    if array.dtype == object and array.ndim == 0:
        raise InputError(f"{what} of type {type(values).__name__} cannot be read: give an array, a tensor or a list")
    return array


def check_confidence_error(confidence: Any, error: Any) -> tuple[np.ndarray, np.ndarray]:
    """(confidence, error) as two arrays of one length; neither input is changed.

    The confidence is float32 or float64, which keeps every rank but of integers beyond 2⁵³; the error keeps its type.
    """
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
    if np.isnan(confidence).any():
        raise InputError(f"confidence holds {int(np.isnan(confidence).sum())} NaN, but NaN has no rank: remove them")
    if not all(
        over_slices(lambda some: error[some].min() >= 0 and float(error[some].max()) <= LARGEST_LOSS, len(error))
    ):
        raise InputError(
            "error holds a negative, NaN or infinite value, but must be 0/1 or a finite loss of at least 0"
            if not error.max() < np.inf or error.min() < 0  # NaN is neither
            else f"error holds {error.max():g}, whose powers are no numbers: divide all losses by the largest"
        )
    return confidence, error


def check_logits(logits: Any) -> torch.Tensor:
    """Logits (N, K) as a torch tensor of floats on the device where they are, not copied where that is possible."""
    import torch  # here, so that work on (confidence, error) never waits for torch

    logits = to_tensor(logits, "logits")
    if logits.ndim != 2:
        raise InputError(f"logits have shape {tuple(logits.shape)}, but must be (N, K): one row a sample")
    if logits.shape[0] == 0:
        raise InputError("the set of samples is empty, but at least one sample is needed")
    if logits.shape[1] == 0:
        raise InputError("logits have no class (K = 0), but at least one column is needed")
    low, high = torch.aminmax(logits)
    if not (math.isfinite(low) and math.isfinite(high)):
        bad = int((~torch.isfinite(logits)).any(dim=1).sum())
        raise InputError(f"{bad} of {len(logits)} rows of logits hold NaN or infinite values, but all must be finite")
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
    if not array.flags.writeable or not array.dtype.isnative or min(array.strides, default=0) < 0:
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
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= n_classes:
        found = low if low < 0 else high
        raise InputError(
            f"a label is {found}, but must be from 0 to {n_classes - 1} for {n_logits} column(s) of logits"
        )
    return labels.astype(np.int64, copy=False)


def check_class_values(values: Any, what: str) -> np.ndarray:
    """The class of each sample (N,), as integers or as names."""
    values = to_numpy(values, what)
    if values.dtype == object and all(isinstance(value, str) for value in values.flat):
        values = values.astype(str)
    if values.ndim != 1:
        raise InputError(f"{what} have shape {values.shape}, but must be (N,): the class of each sample")
    if values.dtype.kind not in "biuU":
        raise InputError(f"{what} hold {values.dtype}, but must be classes: integers or names, and none missing")
    return values


def check_pair(validation: Any) -> tuple[Any, Any]:
    """`validation` if it is a pair, of logits and labels."""
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise InputError(f"validation is {type(validation).__name__}, but must be the pair (logits, labels)")
    return validation[0], validation[1]


def check_other_samples(test: Any, validation: Any) -> None:
    """Refuse the values of the test data as those of the validation data, whole or in part."""
    if validation is not None and (test is validation or _share_memory(test, validation)):
        raise InputError(
            "the test and the validation data are the same samples in memory, on which every fit looks better than it "
            "is: give other samples for one of the two"
        )


def _share_memory(one: Any, other: Any) -> bool:
    if hasattr(one, "data_ptr") and hasattr(other, "data_ptr") and one.device == other.device:
        ends = [(of.data_ptr(), of.data_ptr() + of.nbytes) for of in (one, other) if of.is_contiguous() and of.nbytes]
        if len(ends) == 2:
            return max(begin for begin, _ in ends) < min(end for _, end in ends)
    one, other = _cpu_array(one), _cpu_array(other)
    return one is not None and other is not None and np.shares_memory(one, other)


def _cpu_array(values: Any) -> np.ndarray | None:
    if hasattr(values, "data_ptr"):
        is_readable = values.device.type == "cpu" and str(values.dtype) != "torch.bfloat16"
        return values.detach().numpy() if is_readable else None
    return values if isinstance(values, np.ndarray) else None


def check_validation(validation: Any, *, n_logits: int | None = None) -> tuple[torch.Tensor, np.ndarray]:
    """The pair (logits, labels) of validation samples, both checked; of `n_logits` columns where that is said."""
    logits, labels = check_pair(validation)
    logits = check_logits(logits)
    if n_logits not in (None, logits.shape[1]):
        raise InputError(f"the test logits have K = {n_logits} and the validation logits K = {logits.shape[1]}")
    return logits, check_labels(labels, n_samples=logits.shape[0], n_logits=logits.shape[1])
