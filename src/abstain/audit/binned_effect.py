"""Whether errors have the larger z_max at equal MSP: a difference within bins of MSP, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from abstain._arguments import check_whole
from abstain._checks import check_keys, check_number

Array = NDArray[np.float64]
Places = NDArray[np.int64]

MOST_BINS = 20
FEWEST_IN_BIN = 10
"""Errors, and correct answers, that each bin holds at least."""


@dataclass(frozen=True)
class Bin:
    """Samples of similar MSP, the wrong ones against the right ones.

    Attributes:
        low: least log-odds of MSP in the bin.
        high: largest.
        n_errors: at least `FEWEST_IN_BIN`.
        n_correct: as many at least.
        of_errors: mean centred z_max of the errors.
        of_correct: of the correct answers.
        std_of_errors: standard deviation of the centred z_max among the errors.
        std_of_correct: among the correct answers.
        effect: the first mean minus the second, at equal MSP.
    """

    low: float
    high: float
    n_errors: int
    n_correct: int
    of_errors: float
    of_correct: float
    std_of_errors: float
    std_of_correct: float
    effect: float

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The bin that `Diagnosis.to_dict` wrote.

        Raises:
            InputError: a key is unknown or missing, or a value is no number.
        """
        names = [field.name for field in fields(cls)]
        check_keys("Bin", values, known=names, needed=names)
        counts: dict[str, Any] = {
            name: check_whole(name, values[name], at_least=FEWEST_IN_BIN) for name in ("n_errors", "n_correct")
        }
        numbers: dict[str, Any] = {
            name: check_number(f"{name} of a Bin", values[name]) for name in names if name not in counts
        }
        return cls(**counts, **numbers)


@dataclass(frozen=True, eq=False)
class BinnedEffect:
    """The mean over bins, weighted by their errors, with what each sample adds to its error.

    Attributes:
        bins: by ascending MSP.
        effect: at equal MSP: what MSP still differs within a bin is taken out by a line in each.
        influence: (N,) whose sum of squares is the variance of the effect.
        raw_effect: without that line; too low, since within a bin errors have the lower MSP.
        raw_influence: (N,) the same of it.
        deviation: standard deviation of the centred z_max at equal MSP, of which the effect is a multiple.
    """

    bins: tuple[Bin, ...]
    effect: float
    influence: Array
    raw_effect: float
    raw_influence: Array
    deviation: float


def binned_effect(height: Array, log_odds: Array, error: Array) -> BinnedEffect | None:
    """The centred z_max of errors minus that of correct answers, at equal MSP.

    Args:
        height: (N,) centred z_max.
        log_odds: (N,) of MSP.
        error: (N,) in {0, 1}.

    Returns:
        None where not even a single bin has `FEWEST_IN_BIN` errors and as many correct answers.
    """
    wrong = error > 0
    bins, n_bins = _bins(log_odds, wrong)
    if n_bins == 0:
        return None
    cells = 2 * bins + wrong
    count = np.bincount(cells, minlength=2 * n_bins).astype(float)
    of_height, rest = _centred(height, cells, count)
    of_odds, rest_of_odds = _centred(log_odds, cells, count)
    squares = np.bincount(bins, rest_of_odds**2, n_bins)
    slope = np.divide(np.bincount(bins, rest_of_odds * rest, n_bins), squares, where=squares > 0, out=np.zeros(n_bins))
    n_correct, n_errors = count.reshape(-1, 2).T
    gap, gap_of_odds = of_height[1::2] - of_height[::2], of_odds[1::2] - of_odds[::2]
    weight = n_errors / n_errors.sum()
    at_equal = rest - slope[bins] * rest_of_odds

    sign = np.where(wrong, 1.0, -1.0) * weight[bins]
    of_slope = np.divide(weight * gap_of_odds, squares, where=squares > 0, out=np.zeros(n_bins))
    n_in_bin = n_errors + n_correct
    influence = sign * at_equal / count[cells] - of_slope[bins] * rest_of_odds * at_equal
    return BinnedEffect(
        _told(log_odds, rest, bins, cells, count, of_height, gap - slope * gap_of_odds),
        float(weight @ (gap - slope * gap_of_odds)),
        influence * np.sqrt(n_in_bin / (n_in_bin - 3))[bins],
        float(weight @ gap),
        sign * rest / np.sqrt(count * (count - 1))[cells],
        float(np.sqrt(weight @ (np.bincount(bins, at_equal**2, n_bins) / (n_in_bin - 3)))),
    )


def _bins(log_odds: Array, wrong: NDArray[np.bool_]) -> tuple[Places, int]:
    """(N,) the bin of each sample, and how many there are: between quantiles of the errors, small ones joined."""
    n_parts = min(MOST_BINS, int(wrong.sum()) // FEWEST_IN_BIN)
    if n_parts == 0:
        return np.zeros(len(wrong), dtype=np.int64), 0
    rounded = log_odds.astype(np.float32)  # so that rounding parts no equal values
    edges = np.quantile(rounded[wrong], np.arange(1, n_parts) / n_parts)
    parts = np.searchsorted(edges, rounded, side="right")
    bin_of_part, n_bins = _joined(np.bincount(2 * parts + wrong, minlength=2 * n_parts).reshape(-1, 2))
    return bin_of_part[parts], n_bins


def _joined(counts: NDArray[np.int64]) -> tuple[Places, int]:
    """(B,) the bin of each part, of counts (B, 2): parts are joined upwards until both kinds are enough."""
    bin_of_part, n_bins, held = np.zeros(len(counts), dtype=np.int64), 0, np.zeros(2)
    for part, count in enumerate(counts):
        bin_of_part[part] = n_bins
        held += count
        if held.min() >= FEWEST_IN_BIN:
            n_bins, held = n_bins + 1, np.zeros(2)
    return np.minimum(bin_of_part, max(n_bins - 1, 0)), n_bins


def _centred(values: Array, cells: Places, count: Array) -> tuple[Array, Array]:
    """(C,) the means of cells, and (N,) what each value differs from that of its own."""
    means = np.bincount(cells, values, len(count)) / count
    return means, values - means[cells]


def _told(
    log_odds: Array, rest: Array, bins: Places, cells: Places, count: Array, of_height: Array, effect: Array
) -> tuple[Bin, ...]:
    low, high = np.full(len(effect), np.inf), np.full(len(effect), -np.inf)
    np.minimum.at(low, bins, log_odds)
    np.maximum.at(high, bins, log_odds)
    std = np.sqrt(np.bincount(cells, rest**2, len(count)) / (count - 1))
    columns = (count[1::2], count[::2], of_height[1::2], of_height[::2], std[1::2], std[::2], effect)
    rows = zip(low, high, *columns, strict=True)
    return tuple(Bin(float(a), float(b), int(n), int(m), *map(float, rest_of)) for a, b, n, m, *rest_of in rows)
