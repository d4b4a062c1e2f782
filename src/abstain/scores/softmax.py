"""The door between two worlds: logits in torch on any device, confidence scores and errors in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain._arrays import check_labels, check_logits, check_same_order
from abstain._checks import ArgumentError, check_choice, shown
from abstain.scores.rows import GEN_CLASSES, GEN_EXPONENT, LogitRows, score_in_blocks, warn_if_normalized

Score = Callable[[Any], NDArray[np.float64]]
"""Logits (N, K), NumPy or torch on any device, not changed -> confidence (N,) float64, larger accepted first."""


def _of_rows(formula: Callable[[LogitRows], Tensor]) -> Score:
    """The public score, of logits, that a formula for a block of rows gives."""

    def score(logits: Any) -> NDArray[np.float64]:
        return score_all(logits, [formula.__name__])[formula.__name__]

    _FORMULAS[formula.__name__] = formula
    score.__name__ = score.__qualname__ = formula.__name__
    score.__doc__ = formula.__doc__
    return score


_FORMULAS: dict[str, Callable[[LogitRows], Tensor]] = {}


def log_odds(rows: LogitRows) -> Tensor:
    """(n,) the formula of `msp`."""
    return rows.gap - rows.sum_others.log()


@_of_rows
def msp(rows: LogitRows) -> Tensor:  # noqa: D417 - the decorated function takes logits
    """Maximum softmax probability as its log-odds, z_max - logsumexp of the other logits; larger is more confident.

    The same order as the probability (Hendrycks and Gimpel 2017, arXiv 1610.02136), but it never saturates:
    probabilities near 1 round to 1.0 and tie. `scipy.special.expit` of it is the probability.

    Args:
        logits: (N, K) real, NumPy or torch on any device; (N, 1) stands for the pair (0, z). Not changed.

    Returns:
        (N,) float64, at least -log(K - 1).

    Raises:
        InputError: another shape, N = 0, NaN or infinite logits.
    """
    return log_odds(rows)


@_of_rows
def max_logit(rows: LogitRows) -> Tensor:
    """The largest logit, z_max; larger is more confident (Hendrycks et al. 2022, arXiv 1911.11132).

    It depends on a shift of a whole row, which softmax does not see, so rows of probabilities get a warning. Takes and
    refuses what `msp` does; returns any (N,) float64.
    """
    return rows.top[:, 0]


@_of_rows
def logit_margin(rows: LogitRows) -> Tensor:
    """The largest logit minus the second; larger is more confident.

    Takes and refuses what `msp` does; returns (N,) float64 of at least 0.
    """
    return rows.gap


@_of_rows
def softmax_margin(rows: LogitRows) -> Tensor:
    """The largest softmax probability minus the second; larger is more confident.

    Takes and refuses what `msp` does; returns (N,) float64 in [0, 1].
    """
    return -torch.expm1(-rows.gap) / rows.denominator


@_of_rows
def negative_entropy(rows: LogitRows) -> Tensor:
    """Σ p log p of the softmax, in nats; larger is more confident.

    Takes and refuses what `msp` does; returns (N,) float64 in [-log K, 0].
    """
    of_others = (rows.small * rows.sum_others_gap).where(rows.small > 0, 0.0)  # 0 · inf is 0 here
    return -of_others / rows.denominator - torch.log1p(rows.small * rows.sum_others)


@_of_rows
def energy(rows: LogitRows) -> Tensor:
    """The logsumexp of the logits, their negative free energy; larger is more confident (Liu et al. 2020, 2010.03759).

    It depends on a shift of a whole row, as `max_logit` does. Takes and refuses what `msp` does; returns (N,) float64.
    """
    return rows.top[:, 0] + torch.log1p(rows.small * rows.sum_others)


@_of_rows
def doctor(rows: LogitRows) -> Tensor:
    """Σ p² of the softmax; larger is more confident (Granese et al. 2021, arXiv 2106.02395).

    Takes and refuses what `msp` does; returns (N,) float64 in [1/K, 1].
    """
    return (1.0 + rows.small**2 * rows.sum_others_squared) / rows.denominator**2


@_of_rows
def gen(rows: LogitRows) -> Tensor:
    """Generalised entropy, -Σ (p (1 - p))^0.1 over the 100 largest p; larger is more confident (Liu et al., CVPR 2023).

    With so small an exponent unlikely classes count nearly as much as likely ones; 1 - p is taken from the other
    logits, so that no p near 1 loses it. Takes and refuses what `msp` does; returns (N,) float64 of at most 0.
    """
    of_predicted = rows.log_probability + rows.log_remainder
    log_p = rows.largest_others(GEN_CLASSES - 1) - rows.gap[:, None] + rows.log_probability[:, None]
    of_others = log_p + torch.log1p(-log_p.exp())
    terms = torch.cat([of_predicted[:, None], of_others], dim=1)
    return -terms.mul_(GEN_EXPONENT).exp_().sum(dim=1)


SCORES: dict[str, Score] = {
    score.__name__: score
    for score in (msp, max_logit, logit_margin, softmax_margin, negative_entropy, energy, doctor, gen)
}
"""Name -> function of the scores that need no parameter."""

SHIFTED = {"max_logit", "energy"}
"""Scores that read the shift of a row, which probabilities and log-probabilities have lost."""


def score_all(logits: Any, names: Iterable[str] = tuple(SCORES)) -> dict[str, NDArray[np.float64]]:
    """Several scores in one pass over the logits, which they share.

    Args:
        logits: (N, K) real, NumPy or torch on any device, not changed.
        names: of `SCORES`; all of them if not given.

    Returns:
        Name -> (N,) float64; larger is accepted first.

    Raises:
        InputError: bad logits (see `msp`), no name, or one that is not in `SCORES`.
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ArgumentError(
            f"the scores are {shown(names)}, but must be a list of names: [{shown(names)}] of a single one"
        )
    names = [check_choice("score", name, SCORES) for name in names]
    if not names:
        raise ArgumentError(f"no score is named, but at least one is needed: {', '.join(SCORES)}")
    logits = check_logits(logits)
    warn_if_normalized(logits, log_too=bool(SHIFTED & set(names)))

    def score(block: Tensor) -> Tensor:
        rows = LogitRows(block)
        return torch.stack([_FORMULAS[name](rows) for name in names])

    return dict(zip(names, score_in_blocks(logits, score), strict=True))


def centered_max_logit(logits: Any) -> NDArray[np.float64]:
    """The largest logit minus the mean of its row, which no shift of the row moves; what label smoothing marks.

    It is none of `SCORES`: as a confidence it has no use of its own.

    Args:
        logits: (N, K) real, as of `msp`.

    Returns:
        (N,) float64 of at least 0.

    Raises:
        InputError: as `msp`.
    """
    return score_in_blocks(check_logits(logits), lambda block: LogitRows(block).max_above_mean)


def classification_error(logits: Any, labels: Any) -> NDArray[np.float64]:
    """0/1 error of the predicted class, the argmax of the logits; lower is better.

    Args:
        logits: (N, K) real; (N, 1) stands for the pair (0, z).
        labels: (N,) int in [0, K), or 0 and 1 for K = 1.

    Returns:
        (N,) float64 in {0, 1}.

    Raises:
        InputError: as `msp`; labels of another length, out of range, negative or not integer.
    """
    check_same_order(logits=logits, labels=labels)
    logits = check_logits(logits)
    labels = check_labels(labels, n_samples=logits.shape[0], n_logits=logits.shape[1])
    return error_of_rows(logits, labels)


def error_of_rows(rows: Tensor, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """As `classification_error`, of logits and labels that were checked before: to look at all again takes a while."""
    predicted = rows[:, 0] > 0 if rows.shape[1] == 1 else rows.argmax(dim=1)
    return (predicted.cpu().numpy() != labels).astype(np.float64)
