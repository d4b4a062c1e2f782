"""A quantity of right and of wrong answers at equal MSP, bin by bin: the largest logit, before and after its norm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_confidence_error
from abstain._checks import ArgumentError, InputError, are_binary, check_binary
from abstain.figures.sample_values import SampleValues
from abstain.scores.logit_norm import LogitNorm

Array = NDArray[np.float64]

MOST_BINS = 20
FEWEST = 10
"""Right and wrong answers in a bin that is shown, as in the diagnosis: of fewer a mean says little."""


@dataclass(frozen=True, eq=False)
class Spread:
    """Of some samples in each of B bins; NaN where there are fewer than `FEWEST`.

    Attributes:
        count: (B,) int64.
        mean: (B,) float64.
        std: (B,) float64, over the samples, not the error of the mean.
    """

    count: NDArray[np.int64]
    mean: Array
    std: Array

    @classmethod
    def of(cls, values: Array, bins: NDArray[np.intp], n_bins: int) -> Spread:
        """Of values (n,) that lie in these bins (n,)."""
        count = np.bincount(bins, minlength=n_bins)
        shown = count >= FEWEST
        divisor = np.where(shown, count, np.nan)
        mean = np.bincount(bins, weights=values, minlength=n_bins) / divisor
        squares = np.bincount(bins, weights=(values - mean[bins]) ** 2, minlength=n_bins)
        return cls(count.astype(np.int64), mean, np.sqrt(squares / divisor))


@dataclass(frozen=True, eq=False)
class AtEqualConfidence:
    """A quantity given MSP.

    Attributes:
        quantity: what it is, for an axis.
        edges: (B + 1,) float64 ascending, log-odds of MSP, from the least to the most confident error.
        log_odds: (B,) the mean of all samples in each bin; NaN of an empty one.
        right: of correct answers.
        wrong: of errors.
        independent: whether the samples are; where they are not, as the pixels of one image, no standard error is told.
    """

    quantity: str
    edges: Array
    log_odds: Array
    right: Spread
    wrong: Spread
    independent: bool = True

    def difference(self) -> tuple[Array, Array]:
        """(B,) the mean of errors minus that of right answers, and its standard error; NaN where there is none."""
        squares = [spread.std**2 / np.maximum(spread.count, 1) for spread in (self.right, self.wrong)]
        error = np.sqrt(sum(squares, start=np.zeros(len(self.log_odds))))
        return self.wrong.mean - self.right.mean, error if self.independent else np.full_like(error, np.nan)

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON, with None for what is not shown."""
        spreads = {name: vars(getattr(self, name)) for name in ("right", "wrong")}
        told = {name: {key: _told(array) for key, array in spread.items()} for name, spread in spreads.items()}
        return {
            "quantity": self.quantity,
            "edges": self.edges.tolist(),
            "log_odds": _told(self.log_odds),
            **dict(zip(("difference", "standard_error"), map(_told, self.difference()), strict=True)),
            **told,
        }


def max_logit_at_equal_confidence(logits: Any, labels: Any) -> AtEqualConfidence:
    """The largest logit minus the mean of its row, of right and of wrong answers at equal MSP.

    After label smoothing errors have the larger one, after cross-entropy they do not: so what MSP does not see can tell
    them apart (Xia et al. 2025, arXiv 2403.14715).

    Args:
        logits: (N, K) real, K at least 3, NumPy or torch on any device; not changed.
        labels: (N,) int in [0, K).

    Returns:
        In at most 20 bins, at the quantiles of the errors' MSP.

    Raises:
        InputError: two classes or fewer, of which it is a function of MSP; fewer than 10 errors; or as
            `scores.classification_error`.
    """
    return max_logit_of(SampleValues.of([(logits, labels)]))


def normalized_max_logit_at_equal_confidence(
    logits: Any, labels: Any, *, p: float, center: bool = True
) -> AtEqualConfidence:
    """The largest logit over the p-norm of its row, of right and of wrong answers at equal MSP.

    Args:
        logits: as `max_logit_at_equal_confidence`.
        labels: as there.
        p: of the norm, at least 1.
        center: subtract each row's mean first.

    Raises:
        InputError: as there, or a p below 1.
    """
    seen = SampleValues.of([(logits, labels)])
    _refuse_two_classes(seen.n_classes)
    return normalized_at_equal_confidence(LogitNorm(p=p, center=center).score(logits), seen, p=p)


def max_logit_of(seen: SampleValues) -> AtEqualConfidence:
    """`max_logit_at_equal_confidence` of what was read of the samples already."""
    _refuse_two_classes(seen.n_classes)
    return at_equal_confidence(seen.max_logit, seen.log_odds, seen.error, quantity="max logit − mean logit")


def normalized_at_equal_confidence(normalized: Array, seen: SampleValues, *, p: float) -> AtEqualConfidence:
    """`normalized_max_logit_at_equal_confidence` of scores (N,) that were computed already."""
    _refuse_two_classes(seen.n_classes)
    return at_equal_confidence(normalized, seen.log_odds, seen.error, quantity=f"max logit / {p:g}-norm")


def at_equal_confidence(values: Any, log_odds: Any, error: Any, *, quantity: str) -> AtEqualConfidence:
    """Any quantity of right and of wrong answers at equal MSP.

    Args:
        values: (N,) real.
        log_odds: (N,) real, MSP as log-odds.
        error: (N,) 0/1.
        quantity: what the values are, for an axis.

    Raises:
        InputError: fewer than 10 errors, errors that are not 0/1, unequal lengths, or NaN or infinite values.
    """
    log_odds, error = check_confidence_error(log_odds, error)
    check_binary("a comparison of right and wrong answers", is_binary=are_binary(error), instead="give 0 and 1")
    error = error.astype(bool)
    values, log_odds = (np.asarray(array, dtype=np.float64) for array in (values, log_odds))
    if values.shape != log_odds.shape or not (np.isfinite(values).all() and np.isfinite(log_odds).all()):
        raise InputError(
            f"values have shape {values.shape} and log-odds {log_odds.shape}, but both must be (N,) and finite: leave "
            "out other samples"
        )
    edges = _edges(log_odds[error])
    inside = (log_odds >= edges[0]) & (log_odds <= edges[-1])
    values, log_odds, error = values[inside], log_odds[inside], error[inside]
    bins, n_bins = np.searchsorted(edges[1:-1], log_odds, side="right"), len(edges) - 1
    count = np.bincount(bins, minlength=n_bins)
    center = np.bincount(bins, weights=log_odds, minlength=n_bins) / np.where(count, count, np.nan)
    right, wrong = (Spread.of(values[some], bins[some], n_bins) for some in (~error, error))
    return AtEqualConfidence(quantity, edges, center, right, wrong)


def _edges(of_errors: Array) -> Array:
    if len(of_errors) < FEWEST:
        raise InputError(
            f"there are {len(of_errors)} errors, but at least {FEWEST} are needed to compare them with right answers"
        )
    n_bins = min(MOST_BINS, len(of_errors) // FEWEST)
    edges = np.unique(np.quantile(of_errors, np.linspace(0, 1, n_bins + 1)))
    return edges if len(edges) > 1 else np.repeat(edges, 2)


def _refuse_two_classes(n_classes: int) -> None:
    if n_classes <= 2:
        raise ArgumentError(
            "there are two classes, of which the centred largest logit and its norm are functions of MSP: there is "
            "nothing to see at equal MSP"
        )


def _told(array: NDArray[Any]) -> list[Any]:
    return list(_finite(array))


def _finite(array: NDArray[Any]) -> Iterator[Any]:
    return (None if value != value else value for value in array.tolist())
