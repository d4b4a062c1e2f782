"""Error and confidence of values of any kind: each kind has its own functions, and this is where one is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain._checks import ArgumentError, InputError, check_choice, check_no_more
from abstain.scores.batches import ValueBatches
from abstain.scores.blocks import BLOCK_ELEMENTS
from abstain.scores.confidence import Confidence, OfProbabilities
from abstain.scores.kind_names import OF_PROBABILITIES, WITHOUT_SHIFT, Kind
from abstain.scores.kinds import Values
from abstain.scores.logit_norm import SEARCH_BLOCK, LogitNorm
from abstain.scores.probabilities import count_certain, log_probabilities, probability_error, refuse_certain
from abstain.scores.softmax import SCORES, SHIFTED, error_of_rows
from abstain.scores.temperature import TemperatureScaling
from abstain.scores.two_classes import TwoClassCalibration


def error_of(values: Values) -> NDArray[np.float64]:
    """(N,) 0/1 error of the predicted class; lower is better."""
    error = probability_error if values.kind in OF_PROBABILITIES else error_of_rows
    return error(values.rows, values.labels)


def as_logits(values: Values) -> Tensor:
    """Rows of logits that stand for the values: the logarithms of probabilities, else the rows as they are.

    Raises:
        InputError: there are probabilities of exactly 0, which have none.
    """
    return log_probabilities(values.rows) if values.kind in OF_PROBABILITIES else values.rows


def check_norm(values: Values | ValueBatches, *, center: bool) -> None:
    """Refuse the uncentred p-norm of values whose rows have lost the shift that it reads."""
    if not center and values.kind in WITHOUT_SHIFT:
        raise ArgumentError(
            f"center=False, the uncentred p-norm, reads the shift of a row of logits, which {values.kind} have "
            "lost: leave center at True, or give the logits"
        )


def score_of(values: Values, confidence: Confidence) -> NDArray[np.float64]:
    """The confidence of each sample; larger is accepted first.

    Args:
        values: of any kind.
        confidence: what it would be of logits; see `OfProbabilities`.

    Returns:
        (N,) float64.

    Raises:
        InputError: probabilities are given to a score that reads the shift of a row, or to one that needs their
            logarithms while some are exactly 0.
    """
    return (OfProbabilities(confidence) if values.kind in OF_PROBABILITIES else confidence).score(values.rows)


def confidence_of_kind(confidence: Confidence, kind: Kind) -> Confidence:
    """A confidence of logits as it is taken of values of this kind; of probabilities `msp` on their own scale."""
    if kind in WITHOUT_SHIFT and confidence.name in SHIFTED:
        raise ArgumentError(
            f"the score is {confidence.name}, which reads the shift of a row of logits, but {kind} have lost it: take "
            "another, or give the logits"
        )
    if kind not in OF_PROBABILITIES:
        return confidence
    return OfProbabilities(confidence, "probability" if confidence.name == "msp" else "log-odds")


REPAIR = "auto"
"""In place of a score to fit: the repair that there is for so many classes, see `repair_of`."""


def repair_of(n_columns: int | None) -> str:
    """The score that repairs the order of so many columns of values, if that is known: two classes have their own."""
    return LogitNorm.SCORE if n_columns is None or n_columns > 2 else TwoClassCalibration.SCORE


def fit_confidence(score: str, values: ValueBatches, *, center: bool = True, **fit: Any) -> Confidence:
    """A confidence fitted on validation samples, for values of their kind.

    Args:
        score: `"max_logit_pnorm"` for logit normalisation, `"two_class_calibration"`, `"auto"` for that of the two
            which repairs so many classes, or `"temperature_scaling"`.
        values: of samples on which neither a threshold is chosen nor anything measured.
        center: of `max_logit_pnorm`: subtract each row's mean first.
        **fit: `p_grid` and `fallback` of `LogitNorm.fit`, of which `"auto"` leaves out what its repair does not take;
            `fallback` of `TwoClassCalibration.fit`.

    Raises:
        InputError: another score, probabilities of exactly 0, which have no logarithm, the uncentred p-norm of
            values whose rows have lost their shift, or a calibration of more than two classes.
    """
    check_choice("score to fit", score, [REPAIR, *FITTED])
    if score == REPAIR:
        score = repair_of(values.n_columns)
        fit = fit if score == LogitNorm.SCORE else {name: fit[name] for name in fit if name == "fallback"}
    if score == LogitNorm.SCORE:
        check_norm(values, center=center)
        fit = {"center": center, **fit}
    else:
        check_no_more(f"the fit of {score}", fit, known=("fallback",) if score == TwoClassCalibration.SCORE else ())
    _refuse_without_logarithms(values)
    return confidence_of_kind(FITTED[score](values, **fit), values.kind)


def _read(values: ValueBatches, block_elements: int = BLOCK_ELEMENTS) -> Iterator[tuple[Tensor, NDArray[np.int64]]]:
    return ((as_logits(batch), batch.labels) for batch in values.batches(block_elements))


FITTED: dict[str, Callable[..., Confidence]] = {
    LogitNorm.SCORE: lambda values, **fit: LogitNorm.fit_batches(_read(values, SEARCH_BLOCK), **fit),
    TwoClassCalibration.SCORE: lambda values, **fit: TwoClassCalibration.fit_batches(_read(values), **fit),
    TemperatureScaling.SCORE: lambda values: TemperatureScaling.fit_batches(lambda: _read(values)),
}
"""Name of a score that is fitted -> its fit on the logits, or logarithms, of validation samples in batches."""


def scored_in_batches(
    values: ValueBatches, confidence: Confidence
) -> tuple[NDArray[np.float64], NDArray[np.float64], torch.dtype]:
    """What a confidence says of samples, and whether these are wrong, of which a threshold is chosen.

    Args:
        values: of any kind.
        confidence: as it is taken of that kind; see `confidence_of_kind`.

    Returns:
        Confidence (N,), error (N,) of 0 and 1, and the type in which the values are stored.

    Raises:
        InputError: as `Confidence.score`.
    """
    if confidence.name not in SCORES:  # which are of the logarithms
        _refuse_without_logarithms(values)
    scored, error, dtype = np.empty(values.n_samples), np.empty(values.n_samples), torch.float64
    start = 0
    for batch in values.batches():
        rows = slice(start, start + len(batch.labels))
        scored[rows], error[rows], dtype = confidence.score(batch.rows), error_of(batch), batch.rows.dtype
        start = rows.stop
    return scored, error, dtype


def _refuse_without_logarithms(values: ValueBatches) -> None:
    reason = why_no_logarithms(values)
    if reason is not None:
        raise InputError(reason)


def why_no_logarithms(values: ValueBatches) -> str | None:
    """The sentence with which `as_logits` would refuse all rows together; None where it would not."""
    if values.kind not in OF_PROBABILITIES:
        return None
    n_certain = sum(count_certain(batch.rows) for batch in values.batches())
    try:
        refuse_certain(n_certain, values.n_samples, one_column=values.n_columns == 1)
    except InputError as reason:
        return str(reason)
    return None
