"""The errors that bad input becomes, one sentence each, and the checks of single values that several rooms share."""

from __future__ import annotations

import difflib
import math
import reprlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

MANY = 30
"""More choices than this are not listed in an error."""


class InputError(ValueError):
    """Bad input from the user; the message is one sentence that says what was found, what was wanted and what to do.

    It stays one where torch raises it anew for the worker of a loader, with that worker's traceback as its message.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message.rpartition(f"\n{type(self).__module__}.{type(self).__qualname__}: ")[2].rstrip("\n"))


ROW = "\0row"
"""Where the message of a `RowError` names the row; no text that a user gives has a zero byte."""
Row = int | tuple[int, ...]
"""The number of a row, from 0; or a place where rows have places of their own, as pixels have."""


class RowError(InputError):
    """Bad input of which the first wrong row is known.

    Whoever cut the rows out of more of them knows what they are called there, see `counting_rows`.

    Args:
        message: with `ROW` where the row is named.
        row: which one; None where it is named already, or none is.
    """

    def __init__(self, message: str, row: Row | None = None) -> None:
        self._message, self._row = message, row
        super().__init__(message.replace(ROW, "it" if row is None else _named(row)))

    def recount(self, number: Callable[[Any], Row]) -> None:
        """Call the row what `number` makes of it."""
        if self._row is not None:
            self._row = number(self._row)
            self.args = (self._message.replace(ROW, _named(self._row)),)

    def settle(self) -> None:
        """Leave the row as it is called now, whatever comes."""
        self._row = None


def _named(row: Row) -> str:
    place = f"row {row}" if isinstance(row, int) else f"row {row[0]} at {list(row[1:])}"
    return f"{place} (counted from 0)"


@contextmanager
def counting_rows(number: Callable[[Any], Row]) -> Iterator[None]:
    """Errors of rows that are a part of others call the row by its number among these.

    Args:
        number: of a row in the part -> its number among all.
    """
    try:
        yield
    except RowError as error:
        error.recount(number)
        raise


def first_row(wrong: np.ndarray) -> Row | None:
    """Where the first is that is true: a number of (N,) and (N, 1), a place of more axes, None of a single value."""
    if not wrong.ndim:
        return None
    place = tuple(int(index) for index in np.unravel_index(int(wrong.argmax()), wrong.shape))
    return place[0] if wrong.size == len(wrong) else place


class ArgumentError(InputError):
    """An argument that cannot be, whatever the data are: out of its range, an unknown name, a folder that is taken."""


class NoThresholdError(ValueError):
    """No threshold does what was asked for on the given data; the message says how far off it is.

    Attributes:
        n_enough: about how many samples would be enough; None where that is not known, or no number in reach is.
    """

    def __init__(self, message: str, *, n_enough: int | None = None) -> None:
        super().__init__(message)
        self.n_enough = n_enough


def exit_status(error: InputError | NoThresholdError) -> int:
    """What a program ends with: 2 where an argument is at fault, 1 where the data are."""
    return 2 if isinstance(error, ArgumentError) else 1


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
        raise ArgumentError(f"unknown {what} {shown(value)}: {nearest(str(value), choices)}")
    return value


def check_number(what: str, value: Any) -> float:
    """`value` as a float if it is one real number, NaN and infinities among them; text and truth values are none."""
    try:
        if type(value) is float or type(value) is int:  # first, so that compiled code need not trace the rest
            return float(value)
        wrong = isinstance(value, str | bytes | bytearray | bool | np.bool_) or value is np.ma.masked or np.ndim(value)
        number = None if wrong else float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # the last of a tensor without values
        number = None
    if number is None:
        raise ArgumentError(f"{what} is {shown(value)}, but must be a number")
    return number


def check_fraction(what: str, value: float, *, open_below: bool = False, open_above: bool = False) -> float:
    """`value` as a float if it lies in [0, 1], without the ends that are open."""
    value = check_number(what, value)
    inside = (value > 0 if open_below else value >= 0) and (value < 1 if open_above else value <= 1)
    if not inside:
        interval = f"{'(' if open_below else '['}0, 1{')' if open_above else ']'}"
        raise ArgumentError(f"{what} is {value:g}, but must be a fraction in {interval}")
    return value


def check_inner_fraction(what: str, value: float) -> float:
    """`value` as a float if it lies in (0, 1), as a risk to choose a threshold for, δ, and a level do.

    A risk at which a coverage is only measured may be 0 or 1 too: that is for `check_fraction`.
    """
    return check_fraction(what, value, open_below=True, open_above=True)


def check_level(value: float) -> float:
    """The nominal coverage of an interval as a float if it lies in (0, 1)."""
    return check_inner_fraction("level", value)


def check_price(what: str, value: Any) -> float:
    """`value` as a float if it is finite and above 0."""
    value = check_number(what, value)
    if not (math.isfinite(value) and value > 0):
        raise ArgumentError(f"{what} is {value:g}, but must be finite and above 0, in the unit of the other cost")
    return value


def check_at_least(holder: object, **least: float) -> None:
    """Check that each attribute named here is None or at least so large.

    Raises:
        ArgumentError: one is smaller.
    """
    for name, lowest in least.items():
        value = getattr(holder, name)
        if value is not None and not check_number(name, value) >= lowest:
            raise ArgumentError(f"{name} is {value}, but must be at least {lowest}")


def are_binary(error: np.ndarray) -> bool:
    """Whether each error is 0 or 1."""
    return error.dtype == bool or bool(((error == 0) | (error == 1)).all())


def check_binary(what: str, *, is_binary: bool, instead: str) -> None:
    """Refuse real losses for `what`; `instead` is what to do with them."""
    if not is_binary:
        raise InputError(f"{what} needs 0/1 errors, but these are real losses: {instead}")


def check_keys(what: str, values: Any, *, known: Iterable[str], needed: Iterable[str] = ()) -> dict[str, Any]:
    """`values` if it is a dictionary with all keys that are needed and no other than the known ones."""
    known, needed = sorted(known), sorted(needed)
    if not isinstance(values, dict):
        raise InputError(f"a {what} is {shown(values)}, but must be a mapping with the keys {known}")
    if not set(needed) <= set(values) <= set(known):
        found = sorted(map(str, values))
        raise InputError(f"a {what} has the keys {found}, but must have all of {needed}, and no other than {known}")
    return values


def check_no_more(function: str, unknown: dict[str, Any], *, known: Iterable[str]) -> None:
    """Refuse arguments that `function` does not take, naming the nearest one that it takes."""
    for name in unknown:
        raise ArgumentError(f"{function} takes no argument {name!r}: {nearest(name, known)}")
