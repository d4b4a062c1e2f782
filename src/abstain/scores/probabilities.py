"""Confidence, error and calibration from probabilities as they are stored: what rounding made equal stays equal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logit
from torch import Tensor

from abstain._arrays import check_labels, check_logits
from abstain._checks import ArgumentError, InputError, check_choice, check_keys
from abstain.scores.calibration import expected_calibration_error
from abstain.scores.rows import BLOCK_ELEMENTS
from abstain.scores.softmax import SCORES, SHIFTED

CLIPPED_AT = 2.0**-52
"""The least probability of a label in the negative log-likelihood, that of float64 and of scikit-learn's `log_loss`."""


def _of_top_two(formula: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda rows: formula(*rows.topk(2, dim=1).values.T)


def _margin_of_logs(first: Tensor, second: Tensor) -> Tensor:
    return (first.log() - second.log()).where(first > second, 0.0)  # of two zeros too, which have no logarithm


_FORMULAS: dict[str, Callable[[Tensor], Tensor]] = {
    "msp": lambda rows: rows.amax(dim=1),
    "logit_margin": _of_top_two(_margin_of_logs),
    "softmax_margin": _of_top_two(torch.sub),
    "negative_entropy": lambda rows: -torch.special.entr(rows).sum(dim=1),
    "doctor": lambda rows: rows.square().sum(dim=1),
}
"""Name in `SCORES` -> the same of a block (n, K) of probabilities in float64; of `msp` the probability itself."""


@dataclass(frozen=True)
class ProbabilityScore:
    """One of `SCORES` of probabilities as they are stored, whose largest alone decides the order of `msp`.

    Probabilities that are equal tie, also where rounding made them so, and a probability of 1 has confidence +inf: a
    threshold on the largest stored probability accepts the same samples as its log-odds on this score.

    Attributes:
        name: a key of `SCORES`, but for those that read the shift of a row, which probabilities have lost.

    Raises:
        InputError: there is no score of that name, or none of probabilities.
    """

    name: str = "msp"

    def __post_init__(self) -> None:
        check_choice("score", self.name, SCORES)
        if self.name in SHIFTED:
            raise ArgumentError(
                f"the score is {self.name}, which reads the shift of a row of logits, but probabilities have lost it: "
                f"take one of {', '.join(_FORMULAS)}, or give the logits"
            )

    @property
    def label(self) -> str:
        """`MSP`, or the name in words."""
        return "MSP" if self.name == "msp" else self.name.replace("_", " ")

    @property
    def temperature(self) -> float | None:
        """1 for MSP, None for the others."""
        return 1.0 if self.name == "msp" else None

    def score(self, logits: Any) -> NDArray[np.float64]:
        """The confidence of each row; larger is accepted first.

        Args:
            logits: here probabilities (N, K) in [0, 1], NumPy or torch on any device, not changed; (N, 1) are those of
                class 1, which stand for the pair (1 - p, p).

        Returns:
            (N,) float64. `msp` is log p - log(1 - p) of the largest p, from -inf to +inf; `logit_margin` the
            difference of the two largest log p, up to +inf; the others as of logits.

        Raises:
            InputError: another shape, N = 0, or values outside [0, 1].
        """
        blocks = _pairs_in_blocks(check_probabilities(logits))
        values = np.concatenate([_FORMULAS[self.name](rows).cpu().numpy() for rows in blocks])
        return logit(values) if self.name == "msp" else values  # SciPy's: torch's ties neighbours around 1/2

    def to_dict(self) -> dict[str, Any]:
        """The name and what it is a score of, ready for JSON."""
        return {"score": self.name, "input": "probabilities"}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The score that `to_dict` wrote.

        Raises:
            InputError: a key is unknown or missing, or there is no such score.
        """
        check_keys("score of probabilities", values, known={"score", "input"}, needed={"score", "input"})
        check_choice("input", values["input"], ["probabilities"])
        return cls(values["score"])


def check_probabilities(probabilities: Any) -> Tensor:
    """Probabilities (N, K) as a torch tensor of floats, not copied where that is possible; sums are not looked at.

    Raises:
        InputError: another shape, N = 0, or values outside [0, 1].
    """
    probabilities = check_logits(probabilities)
    low, high = (float(end) for end in torch.aminmax(probabilities))
    if low < 0 or high > 1:
        raise InputError(f"a probability is {low if low < 0 else high:g}, but must be in [0, 1]")
    return probabilities


def probability_error(probabilities: Any, labels: Any) -> NDArray[np.float64]:
    """0/1 error of the most probable class, the first of several; lower is better.

    Args:
        probabilities: (N, K) in [0, 1]; (N, 1) predicts class 1 where p > 1/2.
        labels: (N,) int in [0, K), or 0 and 1 for K = 1.

    Returns:
        (N,) float64 in {0, 1}.

    Raises:
        InputError: as `ProbabilityScore.score`; labels of another length, out of range, negative or not integer.
    """
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
        probabilities = check_probabilities(probabilities)
        error = probability_error(probabilities, labels)
        labels = torch.tensor(check_labels(labels, n_samples=len(error), n_logits=probabilities.shape[1]))
        largest, of_label, squares = [], [], []
        for rows, classes in zip(_pairs_in_blocks(probabilities), _like_blocks(labels, probabilities), strict=True):
            total = rows.sum(dim=1, keepdim=True)
            rows = rows / total.where(total > 0, 1.0)
            true = rows.gather(1, classes.to(rows.device)[:, None])[:, 0]
            largest.append(rows.amax(dim=1).cpu())
            of_label.append(true.cpu())
            squares.append((rows.square().sum(dim=1) - true.square() + (1 - true).square()).cpu())
        true = torch.cat(of_label)
        metrics = {
            "nll": float(-true.clamp(min=CLIPPED_AT).log().mean()),
            "brier": float(torch.cat(squares).mean()),
            "ece": expected_calibration_error(torch.cat(largest).numpy(), error),
        }
        return cls(metrics, int((true < CLIPPED_AT).sum()))


def log_probabilities(probabilities: Any) -> Tensor:
    """What logit normalisation and temperature scaling take in place of logits: log p, which softmax turns back to p.

    Neither sees a shift of a row of logits if it centres it, and that is all that log p has lost.

    Args:
        probabilities: (N, K) in (0, 1], NumPy or torch on any device, not changed; (N, 1) in (0, 1) of class 1.

    Returns:
        (N, K) float64; of one probability its log-odds (N, 1), which is the one logit that stands for it.

    Raises:
        InputError: as `ProbabilityScore.score`; a probability of 0, or of 1 where it is one column.
    """
    probabilities = check_probabilities(probabilities)
    one_column = probabilities.shape[1] == 1
    certain = (probabilities == 0) | ((probabilities == 1) & one_column)
    n_certain = int(certain.any(dim=1).sum())
    if n_certain:
        found = "0 or 1" if one_column else "0"
        raise InputError(
            f"{n_certain} of {len(probabilities)} rows hold a probability of exactly {found}, "
            "whose logarithm is infinite, so neither logit normalisation nor temperature scaling is defined: give the "
            "logits, or probabilities that are not rounded"
        )
    wide = (probabilities.cpu() if probabilities.device.type == "mps" else probabilities).double()
    return wide.logit() if one_column else wide.log()


def _pairs_in_blocks(probabilities: Tensor) -> Iterator[Tensor]:
    """Blocks of rows in float64, one probability as the pair (1 - p, p); on the CPU where there is no float64."""
    device = torch.device("cpu") if probabilities.device.type == "mps" else probabilities.device
    for block in _like_blocks(probabilities, probabilities):
        rows = block.to(device, torch.float64)
        yield torch.cat([1 - rows, rows], dim=1) if rows.shape[1] == 1 else rows


def _like_blocks(values: Tensor, probabilities: Tensor) -> tuple[Tensor, ...]:
    return values.split(max(1, BLOCK_ELEMENTS // probabilities.shape[1]))
