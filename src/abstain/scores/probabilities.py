"""Confidence, error and calibration from probabilities as they are stored: what rounding made equal stays equal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logit
from torch import Tensor

from abstain._arrays import check_labels, check_logits, check_same_order
from abstain._checks import InputError, check_choice
from abstain.scores.blocks import by_block, in_blocks
from abstain.scores.calibration import CalibrationSums
from abstain.scores.recognition import beyond_unit
from abstain.scores.rows import GEN_CLASSES, GEN_EXPONENT

CLIPPED_AT = 2.0**-52
"""The least probability of a label in the negative log-likelihood, that of float64 and of scikit-learn's `log_loss`."""


def _of_top_two(formula: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda rows: formula(*rows.topk(2, dim=1).values.T)


def _margin_of_logs(first: Tensor, second: Tensor) -> Tensor:
    return (first.log() - second.log()).where(first > second, 0.0)  # of two zeros too, which have no logarithm


def _generalized_entropy(largest: Tensor) -> Tensor:
    return -(largest * (1 - largest)).pow(GEN_EXPONENT).sum(dim=1)


_FORMULAS: dict[str, Callable[[Tensor], Tensor]] = {
    "msp": lambda rows: rows.amax(dim=1),
    "logit_margin": _of_top_two(_margin_of_logs),
    "softmax_margin": _of_top_two(torch.sub),
    "negative_entropy": lambda rows: -torch.special.entr(rows).sum(dim=1),
    "doctor": lambda rows: rows.square().sum(dim=1),
    "gen": lambda rows: _generalized_entropy(rows.topk(min(GEN_CLASSES, rows.shape[1]), dim=1, sorted=False).values),
}
"""Name in `SCORES` -> the same of a block (n, K) of probabilities in float64; of `msp` the probability itself."""


OF_PROBABILITIES = tuple(_FORMULAS)
"""Names of `SCORES` that probabilities have: all but those that read the shift of a row, which they have lost."""


def probability_score(name: str, probabilities: Any) -> NDArray[np.float64]:
    """One of `OF_PROBABILITIES` of probabilities as they are stored; larger is accepted first.

    Probabilities that are equal tie, also where rounding made them so, and a probability of 1 has confidence +inf.

    Args:
        name: of `OF_PROBABILITIES`.
        probabilities: (N, K) in [0, 1], NumPy or torch on any device, not changed; (N, 1) are those of class 1, which
            stand for the pair (1 - p, p).

    Returns:
        (N,) float64. `msp` is log p - log(1 - p) of the largest p, from -inf to +inf; `logit_margin` the difference of
        the two largest log p, up to +inf; the others as of logits.

    Raises:
        InputError: no such score, another shape, N = 0, or values outside [0, 1].
    """
    formula = _FORMULAS[check_choice("score of probabilities", name, OF_PROBABILITIES)]
    values = _of_pairs(lambda rows, _: formula(rows), check_probabilities(probabilities))
    return logit(values) if name == "msp" else values  # SciPy's: torch's ties neighbours around 1/2


def largest_probability(probabilities: Any) -> NDArray[np.float64]:
    """The largest probability of each row as it is stored, of one column max(p, 1 - p); larger is accepted first.

    Takes and refuses what `probability_score` does; returns (N,) float64 in [0, 1], in the order of its `msp`.
    """
    return _of_pairs(lambda rows, _: rows.amax(dim=1), check_probabilities(probabilities))


def check_probabilities(probabilities: Any) -> Tensor:
    """Probabilities (N, K) as a torch tensor of floats, not copied where that is possible; sums are not looked at.

    What lies beyond 0 or 1 by no more than `beyond_unit` says that rounding does, such as 1.0000001, is that end.

    Raises:
        InputError: another shape, N = 0, or values outside [0, 1].
    """
    probabilities = check_logits(probabilities)
    low, high = (float(end) for end in torch.aminmax(probabilities))
    beyond = beyond_unit(probabilities.dtype)
    if low < -beyond or high > 1 + beyond:
        raise InputError(f"a probability is {low if low < -beyond else high:.9g}, but must be in [0, 1]")
    return probabilities if low >= 0 and high <= 1 else probabilities.clamp(0, 1)


def probability_error(probabilities: Any, labels: Any) -> NDArray[np.float64]:
    """0/1 error of the most probable class, the first of several; lower is better.

    Args:
        probabilities: (N, K) in [0, 1]; (N, 1) predicts class 1 where p > 1/2.
        labels: (N,) int in [0, K), or 0 and 1 for K = 1.

    Returns:
        (N,) float64 in {0, 1}.

    Raises:
        InputError: as `probability_score`; labels of another length, out of range, negative or not integer.
    """
    check_same_order(probabilities=probabilities, labels=labels)
    probabilities = check_probabilities(probabilities)
    labels = check_labels(labels, n_samples=probabilities.shape[0], n_logits=probabilities.shape[1])
    predicted = probabilities[:, 0] > 0.5 if probabilities.shape[1] == 1 else probabilities.argmax(dim=1)
    return (predicted.cpu().numpy() != labels).astype(np.float64)


@dataclass(frozen=True)
class ProbabilityCalibration:
    """How well probabilities are calibrated; lower is better.

    Attributes:
        metrics: `nll`, `brier` and `ece` as of `calibration_metrics`.
        n_clipped: in how many samples the probability of the label is below 2⁻⁵², which it counts as in `nll`.
    """

    metrics: dict[str, float]
    n_clipped: int

    @classmethod
    def of(cls, probabilities: Any, labels: Any) -> Self:
        """Measure probabilities, each row divided by its sum, since these are numbers of distributions.

        Args:
            probabilities: (N, K) in [0, 1], NumPy or torch on any device, not changed; (N, 1) are those of class 1.
            labels: (N,) int in [0, K), or 0 and 1 for K = 1.

        Raises:
            InputError: as `probability_error`.

        Example:
            >>> ProbabilityCalibration.of([[0.5, 0.5], [1.0, 0.0]], [0, 1]).n_clipped
            1
        """
        sums = ProbabilitySums()
        sums.add(probabilities, labels, probability_error(probabilities, labels))
        return cls(sums.metrics(), sums.n_clipped)


class ProbabilitySums(CalibrationSums):
    """What the numbers of `ProbabilityCalibration` are means of, summed up block by block in the order of the samples.

    Attributes:
        n_clipped: as there, so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.n_clipped = 0

    def add(self, probabilities: Any, labels: Any, error: NDArray[np.float64]) -> None:
        """Add probabilities (n, K) with their labels and errors (n,).

        Raises:
            InputError: as `probability_error`.
        """
        probabilities = check_probabilities(probabilities)
        targets = torch.tensor(check_labels(labels, n_samples=len(error), n_logits=probabilities.shape[1]))

        def measure(rows: Tensor, some: slice) -> Tensor:
            total = rows.sum(dim=1, keepdim=True)
            rows = rows / total.where(total > 0, 1.0)
            true = rows.gather(1, targets[some].to(rows.device)[:, None])[:, 0]
            squares = rows.square().sum(dim=1) - true.square() + (1 - true).square()
            clipped = true < CLIPPED_AT
            return torch.stack([rows.amax(dim=1), -true.clamp(min=CLIPPED_AT).log(), squares, clipped.to(rows.dtype)])

        numbers = _of_pairs(measure, probabilities)
        self.n_clipped += int(numbers[3].sum())
        for some, (largest, nll, brier, _) in by_block(numbers, probabilities.shape[1]):
            self.add_numbers(largest, nll, brier, error=error[some])


def log_probabilities(probabilities: Any) -> Tensor:
    """What logit normalisation and temperature scaling take in place of logits: log p, which softmax turns back to p.

    Neither sees a shift of a row of logits if it centres it, and that is all that log p has lost.

    Args:
        probabilities: (N, K) in (0, 1], NumPy or torch on any device, not changed; (N, 1) in (0, 1) of class 1.

    Returns:
        (N, K) float64; of one probability its log-odds (N, 1), which is the one logit that stands for it.

    Raises:
        InputError: as `probability_score`; a probability of 0, or of 1 where it is one column.
    """
    probabilities = check_probabilities(probabilities)
    one_column = probabilities.shape[1] == 1
    refuse_certain(count_certain(probabilities), len(probabilities), one_column=one_column)
    wide = (probabilities.cpu() if probabilities.device.type == "mps" else probabilities).double()
    return wide.logit() if one_column else wide.log()


def count_certain(probabilities: Tensor) -> int:
    """How many rows (N, K) hold a probability of 0, or of 1 where it is one column: those have no logarithm.

    One beyond these ends by rounding is that end, see `check_probabilities`.
    """
    certain = (probabilities <= 0) | ((probabilities >= 1) & (probabilities.shape[1] == 1))
    return int(certain.any(dim=1).sum())


def refuse_certain(n_certain: int, n_rows: int, *, one_column: bool) -> None:
    """Say why there are no logarithms, if so many rows have none.

    Raises:
        InputError: `n_certain` is above 0.
    """
    if n_certain:
        found = "0 or 1" if one_column else "0"
        raise InputError(
            f"{n_certain} of {n_rows} rows hold a probability of exactly {found}, "
            "whose logarithm is infinite, so neither logit normalisation nor temperature scaling is defined: give the "
            "logits, or probabilities that are not rounded"
        )


def _of_pairs(work: Callable[[Tensor, slice], Tensor], probabilities: Tensor) -> NDArray[np.float64]:
    """As `in_blocks`, of blocks in float64 in which one probability is the pair (1 - p, p).

    1 - p is rounded to the type of p, as it is for whoever compares it with a threshold; but for half precision.
    """

    def with_pair(rows: Tensor, some: slice) -> Tensor:
        if rows.shape[1] == 1:
            rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
            rows = torch.cat([1 - rows, rows], dim=1)
        return work(rows.double(), some)

    return in_blocks(with_pair, probabilities, probabilities.dtype)
