"""A threshold beside a confidence that was fitted on samples of its own: what these are for, and how many it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from abstain._checks import NoThresholdError
from abstain.scores.batches import ValueBatches
from abstain.scores.by_kind import scored_in_batches
from abstain.scores.confidence import Confidence
from abstain.threshold.operating_point import OperatingPoint

Select = Callable[..., OperatingPoint]
"""(confidence, error) -> the operating point that is wanted."""


def tuned_on(values: ValueBatches, confidence: Confidence, select: Select) -> Select:
    """`select` with these samples as its tuning part, such as those on which the confidence was fitted.

    Args:
        values: of other samples than those the threshold is chosen on.
        confidence: fitted on them, or on others still.
        select: `select_threshold` with a target risk, a δ and the method `"split_fixed_sequence"`.
    """
    scored, error, _ = scored_in_batches(values, confidence)
    return partial(select, tuning=(scored, error))


@contextmanager
def telling_of_the_fit(*, n_fitted: int, n_chosen: int) -> Iterator[None]:
    """Say of a threshold that is not found on a part of the samples how many are needed in all.

    Args:
        n_fitted: the samples on which the confidence was fitted; of 0 nothing is said.
        n_chosen: the others, of which alone the error speaks.
    """
    try:
        yield
    except NoThresholdError as error:
        if not n_fitted:
            raise
        n = n_fitted + n_chosen
        enough = error.n_enough and -(-error.n_enough * n // n_chosen)
        in_all = f", or about {enough:,} in all" if enough else ""
        message = f"{error}{in_all}; of {n:,} samples, {n_fitted:,} were for the fit of the confidence"
        raise NoThresholdError(message, n_enough=enough) from error
