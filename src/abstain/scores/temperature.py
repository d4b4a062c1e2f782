"""Temperature scaling, to compare logit normalisation with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abstain._arrays import check_labels, check_logits, check_same_order
from abstain._checks import ArgumentError, check_choice, check_keys, check_number
from abstain.scores.blocks import in_blocks
from abstain.scores.rows import LogitRows, score_in_blocks
from abstain.scores.softmax import log_odds

LIMITS = (1e-3, 1e3)
"""A temperature is searched between these: on data without an error any smaller one would be better still."""


@dataclass(frozen=True)
class TemperatureScaling:
    """Softmax of z / T, with T chosen on validation data by likelihood (Guo et al. 2017, arXiv 1706.04599).

    It calibrates the probabilities. It was not made to improve the order in which to abstain, and for two classes it
    cannot change it; it is here to compare logit normalisation with.

    Attributes:
        temperature: T, finite and above 0.

    Raises:
        InputError: T is not finite, or not above 0.
    """

    SCORE: ClassVar[str] = "temperature_scaling"

    temperature: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "temperature", check_number("temperature", self.temperature))
        if not (np.isfinite(self.temperature) and self.temperature > 0):
            raise ArgumentError(f"the temperature is {self.temperature:g}, but must be finite and above 0")

    @property
    def name(self) -> str:
        """`temperature_scaling`."""
        return self.SCORE

    @property
    def label(self) -> str:
        """What a table or a figure calls it, with the temperature."""
        return f"MSP, temperature {self.temperature:.3g}"

    def score(self, logits: Any) -> NDArray[np.float64]:
        """The confidence of each row: MSP at this temperature, as log-odds; larger is accepted first.

        Args:
            logits: (N, K) real, NumPy or torch on any device, not changed.

        Returns:
            (N,) float64.

        Raises:
            InputError: as `scores.msp`.
        """
        return score_in_blocks(check_logits(logits), lambda block: log_odds(LogitRows(block.div_(self.temperature))))

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` takes, for JSON; floats survive the round trip exactly."""
        return {"score": self.SCORE, **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The object that `to_dict` wrote; version 0.1.0 wrote no `score`.

        Raises:
            InputError: a key is unknown or missing, or the score is another.
        """
        check_keys("TemperatureScaling", values, known={"score", "temperature"}, needed={"temperature"})
        check_choice("score of a TemperatureScaling", values.get("score", cls.SCORE), [cls.SCORE])
        return cls(values["temperature"])

    @classmethod
    def fit(cls, logits: Any, labels: Any) -> Self:
        """The temperature of least negative log-likelihood on validation data.

        The likelihood has one maximum in 1/T, where its derivative, the mean of E_p[z] - z_y, is 0.

        Args:
            logits: (N, K) validation logits.
            labels: (N,) their labels, int in [0, K).

        Returns:
            With T in [0.001, 1000]; at an end of it where no T inside is best, as on data without any error.

        Raises:
            InputError: bad logits or labels.
        """
        check_same_order(logits=logits, labels=labels)
        return cls.fit_batches(lambda: [(logits, labels)])

    @classmethod
    def fit_batches(cls, read: Callable[[], Iterable[tuple[Any, Any]]]) -> Self:
        """The same of validation data that comes in batches, about eight times; of two classes once.

        Args:
            read: one pass over the pairs (logits, labels), at least one.

        Raises:
            InputError: bad logits or labels.
        """
        from scipy.optimize import root_scalar  # here, so that importing the scores does not wait for it

        of_target, gaps = [], []
        for logits, labels in read():
            rows = check_logits(logits)
            targets = torch.tensor(check_labels(labels, n_samples=rows.shape[0], n_logits=rows.shape[1]))
            if rows.shape[1] > 2:
                of_target.append(_below_top(rows, targets))
            else:
                lead = _lead_of_label(rows, targets)
                gaps.append(np.abs(lead))
                of_target.append(np.minimum(lead, 0))
        wanted = _mean(of_target)
        gap = torch.from_numpy(np.concatenate(gaps)) if gaps else None  # of two classes all that is needed

        @cache
        def slope(log_inverse: float) -> float:
            inverse = float(np.exp(log_inverse))
            if gap is not None:
                return _mean_of_gaps(gap, inverse) - wanted
            return _mean([_expected(check_logits(logits), inverse) for logits, _ in read()]) - wanted

        low, high = _bracket(slope)
        if low == high:
            return cls(LIMITS[0] if low > 0 else LIMITS[1])
        return cls(float(np.exp(-root_scalar(slope, bracket=[low, high], method="brentq", xtol=1e-6).root)))


def _bracket(slope: Callable[[float], float]) -> tuple[float, float]:
    """Two logarithms of 1/T, powers of ten apart, between which the slope rises to 0; a limit twice if none."""
    upwards = slope(0.0) < 0
    nearer = 0.0
    for limit in np.geomspace(1, LIMITS[1] if upwards else LIMITS[0], 4)[1:]:
        further = float(np.log(limit))
        if (slope(further) > 0) == upwards:
            return min(nearer, further), max(nearer, further)
        nearer = further
    return nearer, nearer


def _mean(parts: list[NDArray[Any]]) -> float:
    """Of all numbers as if they were in one array, however they are cut."""
    return float(np.mean(np.concatenate(parts), dtype=np.float64))


def _expected(logits: Tensor, inverse: float) -> NDArray[Any]:
    """(N,) the mean logit minus the largest, over softmax of the logits at this inverse temperature."""

    def expected(block: Tensor) -> Tensor:
        block -= block.amax(dim=1, keepdim=True)
        return torch.linalg.vecdot((block * inverse).softmax(dim=1), block)

    dtype = torch.float64 if logits.dtype == torch.float64 else torch.float32
    return score_in_blocks(logits, expected, dtype)


def _below_top(logits: Tensor, targets: Tensor) -> NDArray[np.float64]:
    """(N,) the logit of the label minus the largest one."""
    of_target = logits.gather(1, targets.to(logits.device)[:, None])[:, 0]
    return (of_target - logits.amax(dim=1)).cpu().double().numpy()


def _lead_of_label(logits: Tensor, targets: Tensor) -> NDArray[Any]:
    """(N,) of two classes, or one logit: the logit of the label minus the other one."""

    def lead(block: Tensor, some: slice) -> Tensor:
        second_leads = block[:, 0] if block.shape[1] == 1 else block[:, 1] - block[:, 0]
        return second_leads * (2 * targets[some].to(block) - 1)  # several times as fast as to choose a sign

    return in_blocks(lead, logits, torch.float64 if logits.dtype == torch.float64 else torch.float32)


def _mean_of_gaps(gap: Tensor, inverse: float) -> float:
    """The mean of `_expected` of two classes whose logits are so far apart."""

    def add(block: Tensor, _: slice) -> Tensor:
        return (block * -inverse).sigmoid_().mul_(block).sum()[None]

    return -float(np.sum(in_blocks(add, gap[:, None], gap.dtype), dtype=np.float64)) / len(gap)
