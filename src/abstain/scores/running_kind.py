"""What rows are that come batch by batch: told as early as it can be, and never from a part of them.

Rows are probabilities only if all of them are, and log-probabilities likewise. So one row that lies outside [0, 1] and
one positive value leave nothing but logits, whatever comes after them, or a refusal: where most rows look like
probabilities or percent. Whether they do is counted by the way, and known once all rows were seen. Rows that do not
rule out the other kinds so early are gone through to their end, and looked at as `read_values` looks at rows in memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from abstain._checks import counting_rows
from abstain.scores.kinds import check_finite
from abstain.scores.one_column import Column
from abstain.scores.recognition import beyond_unit


@dataclass
class RunningKind:
    """Counts over the rows seen so far.

    Attributes:
        n_rows: how many.
        low: the least value.
        high: the largest.
        n_unit: rows within [0, 1].
        n_percent: rows within [0, 100].
        beyond: how far beyond these ends rounding may have put a value, in parts of the upper one.
        outside: of one column, as of `Column`.
    """

    n_rows: int = 0
    low: float = float("inf")
    high: float = -float("inf")
    n_unit: int = 0
    n_percent: int = 0
    beyond: float = 0.0
    outside: tuple[int, float] | None = None

    def add(self, rows: Tensor) -> None:
        """See more rows (n, K).

        Raises:
            InputError: NaN or infinite values.
        """
        with counting_rows(lambda row: self.n_rows + row):
            low, high = check_finite(rows, " read at once")
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.beyond = max(self.beyond, beyond_unit(rows.dtype))
        if rows.shape[1] == 1 and self.outside is None:
            here = Column.of(rows, low, high).outside
            self.outside = here and (self.n_rows + here[0], here[1])
        self.n_rows += len(rows)
        least, largest = torch.aminmax(rows, dim=1)
        self.n_unit += self._within(1, least, largest)
        self.n_percent += self._within(100, least, largest)

    @property
    def column(self) -> Column:
        """Of one column, what is to be known of its values."""
        return Column(self.low, self.high, self.outside)

    @property
    def are_no_probabilities(self) -> bool:
        """Whether neither probabilities nor their logarithms can be what all rows are, whatever comes."""
        return self.n_unit < self.n_rows and self.high > self.beyond

    @property
    def are_surely_logits(self) -> bool:
        """Whether these, if they are all rows, are logits without a doubt: most are neither in [0, 1] nor percent."""
        return self.are_no_probabilities and 2 * max(self.n_unit, self.n_percent) <= self.n_rows

    def _within(self, most: float, least: Tensor, largest: Tensor) -> int:
        inside = (least >= -most * self.beyond) & (largest <= most * (1 + self.beyond))
        return int(inside.sum())
