"""What rows of numbers look like: probabilities, percent, log-probabilities, or none of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import torch
from torch import Tensor

from abstain.scores.blocks import BLOCK_ELEMENTS

SUM_WITHIN = 2e-3
"""How far from 1 the sum of a softmax is taken to be by arithmetic: four roundings of float16, 2⁻¹¹ each."""

SUM_WITHIN_BFLOAT16 = 2**-7
"""The same of values that bfloat16 holds exactly: four roundings of 2⁻⁹."""

_FLOAT32 = torch.finfo(torch.float32).eps

NEARLY = 0.1
"""Rows within [0, 1] whose sum is so near to 1 were meant to be probabilities."""

MOST_DECIMALS = 8
"""More are not looked for: 1,000 values rounded to eight decimals miss their sum by 5e-6 at most."""


def beyond_unit(dtype: torch.dtype) -> float:
    """How far beyond 0 or 1 rounding may put a probability of a type: a step of it above 1, at least two of float32.

    Numbers written in decimals or kept wider may have been float32, and dividing by their sum rounds once more.
    """
    return float(max(torch.finfo(dtype).eps, 2 * _FLOAT32))


@dataclass(frozen=True, eq=False)
class Recognised:
    """Rows (N, K), K ≥ 2, and which of them look like what; each question is asked of all rows only if it has to be.

    Attributes:
        n_rows: N.
        n_columns: K.
        dtype: in which the values are stored.
        blocks: one pass over all rows, in blocks of any length.

    A row *is* a row of probabilities if some true probabilities round to it: with values of d decimals, where each may
    be off by h = ½·10⁻ᵈ, if Σ max(p - h, 0) ≤ 1 ≤ Σ min(p + h, 1), up to 0.002 for sums in floating point (0.008
    for bfloat16). That holds of each softmax, whatever K is and however many of its entries were rounded to zero. An
    entry may lie as far beyond [0, 1] as `beyond_unit` says that rounding puts it.
    """

    n_rows: int
    n_columns: int
    dtype: torch.dtype
    blocks: Callable[[], Iterable[Tensor]] = field(repr=False)

    @classmethod
    def of(cls, rows: Tensor) -> Self:
        """Rows that are in memory."""
        length = max(1, BLOCK_ELEMENTS // rows.shape[1])
        return cls(len(rows), rows.shape[1], rows.dtype, lambda: rows.split(length))

    @cached_property
    def sample(self) -> Tensor:
        """At most some thousand rows, evenly spaced, in float64."""
        step = -(-self.n_rows // max(1, BLOCK_ELEMENTS // self.n_columns))
        found, start = [], 0
        for block in self.blocks():
            found.append(block[-start % step :: step])
            start += len(block)
        return _float64(torch.cat(found))

    def are_probabilities(self) -> bool:
        """Whether every row is one of probabilities."""
        return self._every(self._is_probability)

    def are_log_probabilities(self) -> bool:
        """Whether every row is at most 0, but for rounding, and its exponentials sum to 1 as precisely as stored."""
        return self._every(self._is_log_probability)

    def are_percent(self) -> bool:
        """Whether every row is one of probabilities once it is divided by 100."""
        return self._every(self._is_percent)

    def are_mostly_percent(self) -> bool:
        """Whether most rows are."""
        return self._most(self._is_percent)

    def are_nearly_probabilities(self) -> bool:
        """Whether most rows lie in [0, 1] and sum to nearly 1."""
        return self._most(self._is_nearly)

    def are_in_unit(self) -> bool:
        """Whether every value lies in [0, 1]."""
        return self._every(self._in_unit)

    def odd_row(self) -> tuple[int, Tensor]:
        """The first row that is none of probabilities: its number and its values."""
        return self._first_without(self._is_probability)

    def odd_percent_row(self) -> tuple[int, Tensor]:
        """The same of probabilities in percent."""
        return self._first_without(self._is_percent)

    def odd_log_row(self) -> int:
        """The first row that is none of log-probabilities."""
        return self._first_without(self._is_log_probability)[0]

    @property
    def beyond(self) -> float:
        """How far beyond [0, 1] a probability may lie."""
        return beyond_unit(self.dtype)

    @cached_property
    def _sum_within(self) -> float:
        exact = bool((self.sample == self.sample.bfloat16()).all())
        return SUM_WITHIN_BFLOAT16 if exact else SUM_WITHIN

    @cached_property
    def _half_unit(self) -> float:
        """Half a unit of the decimals that all values seen have, as they are stored; 0 where there are too many."""
        return _half_unit(self.sample, self.dtype)

    def _is_probability(self, rows: Tensor) -> Tensor:
        inside = self._in_unit(rows)  # looked at first: of logits nearly never, and the decimals are slow to tell
        return inside & _sum_to_one(rows, self._half_unit, self._sum_within) if inside.any() else inside

    def _is_percent(self, rows: Tensor) -> Tensor:
        inside = self._in_unit(rows / 100)
        return inside & _sum_to_one(rows / 100, self._half_unit / 100, self._sum_within) if inside.any() else inside

    def _in_unit(self, rows: Tensor) -> Tensor:
        return (rows.amin(dim=1) >= -self.beyond) & (rows.amax(dim=1) <= 1 + self.beyond)  # faster than `all`

    def _is_nearly(self, rows: Tensor) -> Tensor:
        return self._in_unit(rows) & (((rows.sum(dim=1) - 1).abs() <= NEARLY) | self._is_probability(rows))

    def _is_log_probability(self, rows: Tensor) -> Tensor:
        below = rows.amax(dim=1) <= self.beyond
        if not below.any():
            return below
        surprise = float(torch.log(torch.tensor(float(self.n_columns))))  # the error of log p grows with |log p|
        within = self._sum_within * (1 + surprise) + self._half_unit
        return below & (rows.logsumexp(dim=1).abs() <= within)

    def _every(self, test: Callable[[Tensor], Tensor]) -> bool:
        return bool(test(self.sample).all()) and all(bool(test(block).all()) for block in self._wide_blocks())

    def _most(self, test: Callable[[Tensor], Tensor]) -> bool:
        """Whether more than half of the rows pass; all are counted where a quarter of the sample does."""
        if int(test(self.sample).sum()) * 4 <= len(self.sample):
            return False
        return 2 * sum(int(test(block).sum()) for block in self._wide_blocks()) > self.n_rows

    def _wide_blocks(self) -> Iterator[Tensor]:
        return map(_float64, self.blocks())

    def _first_without(self, test: Callable[[Tensor], Tensor]) -> tuple[int, Tensor]:
        start = 0
        for block in self._wide_blocks():
            failed = ~test(block)
            if failed.any():
                row = int(failed.int().argmax())
                return start + row, block[row]
            start += len(block)
        raise ValueError("every row passes")


def _half_unit(values: Tensor, dtype: torch.dtype) -> float:
    stored = torch.finfo(dtype)
    error = (values.abs() + stored.smallest_normal) * stored.eps
    for decimals in range(MOST_DECIMALS + 1):
        scaled, allowed = values * 10**decimals, error * 10**decimals
        if not bool(((values != 0) & (allowed < 0.1)).any()):  # any number would look as if it had so few decimals
            return 0.0
        if bool(((scaled - scaled.round()).abs() <= allowed).all()):
            only_0_and_1 = decimals == 0 and not bool((values > 1).any())  # two decimals of a model that is very sure
            return 0.005 if only_0_and_1 else 0.5 * 10**-decimals
    return 0.0


def _sum_to_one(rows: Tensor, half_unit: float, within: float) -> Tensor:
    low = (rows - half_unit).clamp_(min=0).sum(dim=1)
    high = (rows + half_unit).clamp_(max=1).sum(dim=1)
    return (low <= 1 + within) & (high >= 1 - within)


def _float64(rows: Tensor) -> Tensor:
    return (rows.cpu() if rows.device.type == "mps" else rows).double()


def in_few_digits(value: float) -> str:
    """A value in a few digits, but for one that these make 1 or 100, such as 1.000001."""
    short = f"{value:g}"
    return repr(value) if short in ("1", "100") and value > float(short) else short
