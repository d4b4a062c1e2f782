"""What numbers are before anything is made of them: logits, log-probabilities, probabilities, or one of a kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain._arrays import check_same_order, to_tensor
from abstain._checks import ROW, RowError, check_choice, counting_rows, first_row
from abstain.scores.kind_names import INPUTS, TELL, Input, Kind, OpenKindError
from abstain.scores.layout import row_as_given, rows_and_labels
from abstain.scores.one_column import Column, kind_of_column
from abstain.scores.recognition import Recognised, in_few_digits

LARGEST = 1e30
"""Beyond it differences and squares of values leave what float64 and float32 can hold."""


@dataclass(frozen=True, eq=False)
class Values:
    """What a classifier said of each sample that counts, and what it is.

    Attributes:
        kind: one of `KINDS`.
        rows: (N, K) float, finite, on the device where it came from; (N, 1) for one logit or one probability.
        labels: (N,) int64 in [0, K), or 0 and 1 for one column.
        n_ignored: how many samples were left out, because their label is the one to ignore.
        dependent: whether several rows are of one sample, as tokens of a text are, and depend on each other.
        of_percent: whether the rows are what was given divided by 100.
    """

    kind: Kind
    rows: Tensor = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    n_ignored: int = 0
    dependent: bool = False
    of_percent: bool = False


def read_values(
    values: Any,
    labels: Any,
    *,
    input: Input | None = None,
    class_axis: int | None = None,
    ignore_index: int | None = None,
    said: Input | None = None,
    is_part: bool = False,
) -> Values:
    """What these numbers are, told by the caller, or by themselves where that leaves no doubt.

    Rows that all lie in [0, 1] and sum to 1 are probabilities, up to what rounding explains: to d decimals, if some
    true probabilities round to the row (each of its entries may be off by ½·10⁻ᵈ); in float16, float32 and the like
    up to 0.002, in bfloat16 up to 0.008. An entry may lie beyond 0 or 1 by the rounding of its type (float32 and wider:
    2.4e-7, as 1.0000001 does); it counts as that end, and all others as they are stored. Rows of at most 0 whose
    exponentials sum to 1 are log-probabilities. Everything else is logits, except what has two readings with different
    numbers, which is refused unless told. Rows that all sum to 100 are percent where they are told to be probabilities,
    and divided by 100.

    Args:
        values: (N, K), (N, K, …) or (N, …, K) real, NumPy or torch on any device, not changed; (N,) for one column
            where `input` tells what it is.
        labels: (N,) or (N, …) integers, whole floats or booleans; for (N, K) also (N, 1), or one-hot (N, K).
        input: what the values are; None to be told by themselves.
        class_axis: the axis that holds the classes; None takes the only one that fits the labels.
        ignore_index: the label of samples that do not count; None: all count.
        said: what the names of columns or keys say; it must agree with the values.
        is_part: whether these are a batch of more samples, which may well be all predicted alike.

    Returns:
        The values, of what counts.

    Raises:
        InputError: shapes, labels or numbers that are wrong, values that are not what `input` says, or two readings:
            one column within [0, 1], one that would predict a class throughout, rows that sum to 100, probabilities
            with a few odd rows, two axes for the classes.

    Example:
        >>> read_values([[0.25, 0.75], [0.5, 0.5]], [1, 0]).kind, read_values([[0.25, 1.5], [0.5, 0.5]], [1, 0]).kind
        ('probabilities', 'logits')
    """
    for told in (input, said):
        if told is not None:
            check_choice("input", told, INPUTS)
    check_same_order(values=values, labels=labels)
    values = to_tensor(values, "values")
    if values.ndim == 1 and (input or said):
        values = values[:, None]
    rows, classes, n_ignored = rows_and_labels(values, labels, class_axis=class_axis, ignore_index=ignore_index)
    dependent = values.ndim > 2
    with counting_rows(lambda row: row_as_given(row, values.shape, labels, ignore_index)):
        low, high = check_finite(rows, "")
        if rows.shape[1] == 1:
            of_both = not is_part and bool(classes.min() < classes.max())
            kind = kind_of_column(Column.of(rows, low, high), input, said, of_both=of_both)
            return Values(kind, rows, classes, n_ignored, dependent)
        found = Recognised.of(rows)
        if are_told_percent(found, input):
            return Values("probabilities", divided_by_100(rows), classes, n_ignored, dependent, of_percent=True)
        return Values(kind_of_rows(found, input, said), rows, classes, n_ignored, dependent)


def check_finite(rows: Tensor, which: str) -> tuple[float, float]:
    """The least and the largest value.

    Args:
        rows: (n, K).
        which: of all rows these are; empty where they are all.

    Raises:
        InputError: NaN or infinite values.
    """
    low, high = (float(end) for end in torch.aminmax(rows))
    if max(-low, high) > LARGEST and np.isfinite(low) and np.isfinite(high):
        row = first_row((rows.abs() > LARGEST).any(dim=1).cpu().numpy())
        raise RowError(
            f"a value is {high if high > -low else low:g}, with which losses are no numbers: mend such rows, the first "
            f"is {ROW}, or divide all values by it",
            row,
        )
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    wrong = (~torch.isfinite(rows)).any(dim=1).cpu().numpy()
    bad = (
        f"{wrong.sum()} of {len(rows)} rows{which} hold NaN or infinite values, but all must be finite: mend or leave "
    )
    bad += f"out these, the first is {ROW}"
    if bool((rows <= 0).all()):
        bad += ", or where these are logarithms of probabilities, of which some are 0, give those instead"
    raise RowError(bad, first_row(wrong))


def kind_of_rows(found: Recognised, input: Input | None, said: str | None) -> Kind:
    """What rows of two columns or more are; else as `read_values`."""
    if input is not None:
        return _as_told(found, input)
    seen = _as_seen(found, said)
    if said is not None and said != seen and not (said == "logits" and seen == "log-probabilities"):
        row, described = _describe_odd_row(found) if said == "probabilities" else (None, "")
        odd = f", where {described}" if described else ""
        raise RowError(f"the names say {said}, but the values are {seen} by their rows' sums{odd}: {TELL}", row)
    return seen


def _as_seen(found: Recognised, said: str | None) -> Kind:
    if not found.sample.any():
        return "logits"  # of a head that begins with zeros, or the like
    if found.are_probabilities():
        return "probabilities"
    if found.are_log_probabilities():
        return "log-probabilities"
    _refuse_percent(found)
    if found.are_nearly_probabilities():
        row, odd = _describe_odd_row(found)
        raise OpenKindError(
            f"most rows look like probabilities, but {odd}, as logits may: mend the row, or {TELL}", row
        )
    if said != "logits" and found.are_in_unit():
        row, odd = _describe_odd_row(found)
        raise OpenKindError(
            f'every value lies in [0, 1], but {odd}: where these are logits, give input="logits"; probabilities of one '
            "class each must sum to 1",
            row,
        )
    return "logits"


def _as_told(found: Recognised, input: Input) -> Kind:
    if input == "probabilities" and not found.are_probabilities():
        if found.are_mostly_percent():
            row, values = found.odd_percent_row()
            odd = _describe(values, most=100, beyond=100 * found.beyond)
            raise RowError(f"most rows sum to 100, as percent do, but {odd}: mend the row", row)
        row, odd = _describe_odd_row(found)
        raise RowError(
            f'{odd}, which input="probabilities" rules out: mend the row, which must lie in [0, 1] and sum to 1, or '
            "give logits",
            row,
        )
    if input == "log-probabilities" and not found.are_log_probabilities():
        raise RowError(
            f'the exponentials of {ROW} do not sum to 1, which input="log-probabilities" rules out: give '
            'input="logits", or mend it',
            found.odd_log_row(),
        )
    return input


def _refuse_percent(found: Recognised) -> None:
    if found.are_mostly_percent():
        raise OpenKindError(f"the rows sum to 100, as percent do, and may be logits too: {TELL}")


def _describe_odd_row(found: Recognised) -> tuple[int, str]:
    """Its number, and what is odd about it."""
    number, row = found.odd_row()
    return number, _describe(row, most=1, beyond=found.beyond)


def _describe(row: Tensor, *, most: float, beyond: float) -> str:
    outside = row[(row < -beyond) | (row > most + beyond)].tolist()
    return f"{ROW} holds {in_few_digits(outside[0])}" if outside else f"{ROW} sums to {row.sum():g}"


def are_told_percent(found: Recognised, input: Input | None) -> bool:
    """Whether rows that are told to be probabilities are those in percent."""
    return input == "probabilities" and not found.are_probabilities() and found.are_percent()


def divided_by_100(percent: Tensor) -> Tensor:
    """Probabilities of percent, in float64, so that no two numbers become one."""
    return (percent.cpu() if percent.device.type == "mps" else percent).double() / 100
