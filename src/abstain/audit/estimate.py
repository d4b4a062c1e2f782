"""A number with its standard error and interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from abstain._checks import InputError, check_level


@dataclass(frozen=True)
class Estimate:
    """An estimate and how far it may be off.

    Attributes:
        estimate: the number.
        standard_error: of it.
        low: lower end of its confidence interval.
        high: upper end.
    """

    estimate: float
    standard_error: float
    low: float
    high: float

    @classmethod
    def over_seeds(cls, values: Any, *, level: float = 0.95) -> Self:
        """The mean of what each seed gave, with Student's interval over the seeds.

        Args:
            values: (S,) one number a seed.
            level: nominal coverage of the interval, in (0, 1).

        Raises:
            InputError: less than two seeds, which have no spread.
        """
        values = np.asarray(values, dtype=np.float64)
        mean, error, half = mean_over_seeds(values[:, None], level=level)
        return cls(float(mean[0]), float(error[0]), float(mean[0] - half[0]), float(mean[0] + half[0]))


def mean_over_seeds(values: NDArray[np.float64], *, level: float = 0.95) -> tuple[NDArray[np.float64], ...]:
    """Of (S, B) numbers the means (B,) over seeds, their standard errors, and half the width of Student's intervals.

    Raises:
        InputError: less than two seeds.
    """
    level = check_level(level)
    if len(values) < 2:
        raise InputError(f"there are {len(values)} runs, but an interval over seeds needs 2 or more: train other seeds")
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return values.mean(axis=0), error, float(stdtrit(len(values) - 1, (1 + level) / 2)) * error
