"""The checks of single arguments: α, p, a whole number, a yes or no, a list; fractions and choices are in `_checks`."""

from __future__ import annotations

import math
import numbers
import operator
from typing import Any

import numpy as np

from abstain._checks import ArgumentError, check_number, shown


def check_smoothing(value: float, *, allow_negative: bool = False) -> float:
    """The label-smoothing factor α as a float if it lies in [0, 1), or with `allow_negative` anywhere below 1."""
    value = check_number("the label-smoothing factor", value)
    if not (value < 1.0 and (value > -math.inf if allow_negative else value >= 0.0)):
        raise ArgumentError(
            f"the label-smoothing factor is {value:g}, but must be in [0, 1): 0 is plain cross-entropy, 0.1 is common"
        )
    return value


def check_p(value: float) -> float:
    """The exponent of a p-norm as a float if it is finite and at least 1."""
    value = check_number("p", value)
    if not (math.isfinite(value) and value >= 1.0):
        raise ArgumentError(f"p is {value:g}, but must be a finite number of at least 1")
    return value


def check_whole(what: str, value: Any, *, at_least: int, at_most: int | None = None) -> int:
    """`value` as an int if it is a whole number in this range; a truth value is none."""
    try:
        is_int = type(value) is int  # looked at first, so that compiled code need not trace the rest
        number = value if is_int else None if isinstance(value, bool | np.bool_) else operator.index(value)
    except (TypeError, RuntimeError):  # the latter of a tensor without values
        number = None
    if number is None or number < at_least or (at_most is not None and number > at_most):
        wanted = f"of at least {at_least}" if at_most is None else f"from {at_least} to {at_most:,}"
        raise ArgumentError(f"{what} is {shown(value)}, but must be a whole number {wanted}")
    return number


def check_integer(what: str, value: Any) -> int:
    """`value` as an int if it is an integer of any kind; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise ArgumentError(f"{what} is {shown(value)}, but must be one integer")
    return int(value)


def check_flag(what: str, value: Any) -> bool:
    """`value` as a bool if it is a truth value, and not just true."""
    if type(value) is bool:  # first, so that compiled code need not trace the rest
        return value
    if not isinstance(value, np.bool_):
        raise ArgumentError(f"{what} is {shown(value)}, but must be True or False")
    return bool(value)


def check_numbers(what: str, values: Any) -> list[float]:
    """`values` as a list of floats if they are some numbers, and not a single one."""
    try:
        listed = None if isinstance(values, str | bytes | bytearray | dict) else list(values)
    except (TypeError, RuntimeError):
        listed = None
    if listed is None:
        raise ArgumentError(
            f"{what} is {shown(values)}, but must be a list of numbers: [{shown(values)}] of a single one"
        )
    return [check_number(f"an item of {what}", value) for value in listed]
