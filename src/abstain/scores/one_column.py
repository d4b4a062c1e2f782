"""What the values of one column are: the probability of class 1, or its logit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from torch import Tensor

from abstain._checks import ROW, InputError, RowError
from abstain.scores.kind_names import TELL, Input, Kind, OpenKindError
from abstain.scores.recognition import beyond_unit, in_few_digits

FEW_LOGITS = 20.0
"""Logits of one class against another seldom lie beyond it, and probabilities in percent seldom below."""


@dataclass(frozen=True)
class Column:
    """What is to be known of the values of one column.

    Attributes:
        low: the least.
        high: the largest.
        outside: the first row that lies further beyond [0, 1] than rounding puts a probability, and its value; None if
            none does.
    """

    low: float
    high: float
    outside: tuple[int, float] | None

    @classmethod
    def of(cls, rows: Tensor, low: float, high: float) -> Self:
        """Of rows (n, 1), and their ends."""
        beyond = beyond_unit(rows.dtype)
        if -beyond <= low and high <= 1 + beyond:
            return cls(low, high, None)
        row = int(((rows < -beyond) | (rows > 1 + beyond)).any(dim=1).int().argmax())
        return cls(low, high, (row, float(rows[row, 0])))


def kind_of_column(column: Column, input: Input | None, said: str | None, *, of_both: bool) -> Kind:
    """What one column is.

    Args:
        column: its values.
        input: as `read_values`.
        said: as there.
        of_both: whether samples of both classes are among all that there are.

    Raises:
        InputError: as there.
    """
    low, high, fits = column.low, column.high, column.outside is None
    row, value = column.outside or (None, 0.0)
    if "log-probabilities" in (input, said):
        raise InputError("one column cannot be log-probabilities, which need one a class: give the probability itself")
    if input == "probabilities" and not fits:
        raise RowError(
            f'{ROW} holds {in_few_digits(value)}, which input="probabilities" rules out: mend the row, which must lie '
            "in [0, 1], or give logits",
            row,
        )
    if input is None and said == "probabilities" and not fits:
        raise RowError(
            f"the name says probabilities, but the values, from {low:g} to {in_few_digits(high)}, say logits, first in "
            f"{ROW}: {TELL}",
            row,
        )
    told = input or said
    if told is None and 0 <= low and FEW_LOGITS < high <= 100:
        raise OpenKindError(
            f"one column from {low:g} to {high:g} may be a probability in percent, or a logit, which would predict "
            'class 1 throughout: divide it by 100 and give input="probabilities", or give input="logits"'
        )
    if told is None and fits:
        raise OpenKindError(
            f"one column within [0, 1] may be the probability of class 1, or a logit, and the results differ: {TELL}"
        )
    if of_both and input is None:
        _refuse_one_class(low, high, said)
    return "one probability" if told == "probabilities" else "one logit"


def _refuse_one_class(low: float, high: float, said: str | None) -> None:
    """Refuse one column that would predict a class throughout, where another reading would not."""
    if said == "probabilities" and low >= 0.5:
        raise InputError(
            "no probability in the column is below 1/2, though samples of both classes are there, so each may be that "
            'of class 1, or of the class that is predicted: give input="probabilities", or predictions, too, and '
            'input="confidence"'
        )
    if said is None and (low > 0 or high <= 0):
        raise InputError(
            f"one column from {low:g} to {high:g} would, as a logit, predict class {int(low > 0)} throughout, though "
            'samples of both classes are there: give input="logits", or name the column of values (logit_columns)'
        )
