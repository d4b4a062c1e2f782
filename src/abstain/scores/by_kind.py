"""Error and confidence of values of any kind: each kind has its own functions, and this is where one is chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from abstain._checks import ArgumentError
from abstain.scores.confidence import Confidence
from abstain.scores.kinds import OF_PROBABILITIES, WITHOUT_SHIFT, Values
from abstain.scores.logit_norm import LogitNorm
from abstain.scores.probabilities import ProbabilityScore, log_probabilities, probability_error
from abstain.scores.softmax import SCORES, classification_error


def error_of(values: Values) -> NDArray[np.float64]:
    """(N,) 0/1 error of the predicted class; lower is better."""
    error = probability_error if values.kind in OF_PROBABILITIES else classification_error
    return error(values.rows, values.labels)


def as_logits(values: Values) -> Tensor:
    """Rows of logits that stand for the values: the logarithms of probabilities, else the rows as they are.

    Raises:
        InputError: there are probabilities of exactly 0, which have none.
    """
    return log_probabilities(values.rows) if values.kind in OF_PROBABILITIES else values.rows


def check_norm(values: Values, *, center: bool) -> None:
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
        confidence: what it would be of logits. Of probabilities a score of `SCORES` is `ProbabilityScore`, and any
            other is given their logarithms.

    Returns:
        (N,) float64.

    Raises:
        InputError: probabilities are given to a score that reads the shift of a row, or to one that needs their
            logarithms while some are exactly 0.
    """
    if values.kind not in OF_PROBABILITIES:
        return confidence.score(values.rows)
    if confidence.name in SCORES:
        return ProbabilityScore(confidence.name).score(values.rows)
    if isinstance(confidence, LogitNorm):
        check_norm(values, center=confidence.center)
    return confidence.score(as_logits(values))
