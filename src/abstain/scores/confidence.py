"""What makes a confidence of logits, as one kind of value: for the metric, a threshold, a rule for use and a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from abstain._arguments import check_flag
from abstain._checks import ArgumentError, InputError, check_choice, check_keys
from abstain.scores.logit_norm import LogitNorm
from abstain.scores.probabilities import ProbabilityScore
from abstain.scores.softmax import SCORES
from abstain.scores.temperature import TemperatureScaling


@runtime_checkable
class Confidence(Protocol):
    """Makes one number of each row of logits, larger accepted first; immutable, and kept in JSON.

    Two are equal where they give every row the same number, however each was found.
    """

    @property
    def name(self) -> str:
        """The score that it gives, as results and messages call it; `msp` also for a fit that falls back to it."""

    @property
    def label(self) -> str:
        """What a table or a figure calls it."""

    @property
    def temperature(self) -> float | None:
        """T where it is the largest probability of softmax(z / T), as log-odds; None where it is none."""

    def score(self, logits: Any) -> NDArray[np.float64]:
        """(N,) float64 of logits (N, K), NumPy or torch on any device, not changed; larger is accepted first."""

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` takes, ready for JSON; its key `"score"` says of which kind it is."""

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The value that `to_dict` wrote.

        Raises:
            InputError: a key is unknown or missing.
        """


@dataclass(frozen=True)
class SoftmaxScore:
    """One of `SCORES`, which have no parameter.

    Attributes:
        name: a key of `SCORES`.

    Raises:
        InputError: there is none of that name (with the nearest one).
    """

    name: str = "msp"

    def __post_init__(self) -> None:
        check_choice("score", self.name, SCORES)

    @property
    def label(self) -> str:
        """`MSP`, or the name in words."""
        return "MSP" if self.name == "msp" else self.name.replace("_", " ")

    @property
    def temperature(self) -> float | None:
        """1 for MSP, None for the others."""
        return 1.0 if self.name == "msp" else None

    def score(self, logits: Any) -> NDArray[np.float64]:
        """The function of this name in `SCORES`, of logits (N, K); larger is accepted first.

        Returns:
            (N,) float64.

        Raises:
            InputError: as `scores.msp`.
        """
        return SCORES[self.name](logits)

    def to_dict(self) -> dict[str, Any]:
        """The name, ready for JSON."""
        return {"score": self.name}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The score that `to_dict` wrote.

        Raises:
            InputError: another key than `"score"`, or no score of that name.
        """
        return cls(check_keys("softmax score", values, known={"score"}, needed={"score"})["score"])


FITTED: dict[str, type[LogitNorm] | type[TemperatureScaling]] = {
    kind.SCORE: kind for kind in (LogitNorm, TemperatureScaling)
}
"""Key `"score"` of a dictionary -> the kind of confidence with parameters that wrote it."""


def confidence_from_dict(values: dict[str, Any]) -> Confidence:
    """The confidence that any `to_dict` wrote, told by its key `"score"`.

    Raises:
        InputError: no such key or no such score, or a key that this kind of confidence does not have.

    Example:
        >>> confidence_from_dict({"score": "max_logit_pnorm", "p": 3, "center": False}).label
        'uncentred p-norm, p = 3'
    """
    if not isinstance(values, dict) or "score" not in values:
        raise InputError(f"a confidence is {values!r}, but must be a dictionary whose key 'score' names one")
    if "input" in values:
        return ProbabilityScore.from_dict(values)
    name = check_choice("score", values["score"], [*SCORES, *FITTED])
    return FITTED.get(name, SoftmaxScore).from_dict(values)


def named_confidence(name: str, *, p: float | None = None, center: bool = True) -> Confidence:
    """The confidence called `name`: one of `SCORES`, or `max_logit_pnorm`, which needs its `p`.

    Args:
        name: of the score.
        p: exponent of `max_logit_pnorm`, finite and at least 1.
        center: of `max_logit_pnorm`: subtract each row's mean first.

    Raises:
        InputError: there is none of that name (with the nearest one), `p` is missing, or given to another score.
    """
    check_choice("score", name, [*SCORES, LogitNorm.SCORE])
    if (name == LogitNorm.SCORE) != (p is not None):
        raise ArgumentError(
            f"the score is {name} and p is {p}: max_logit_pnorm needs a p, and no other score takes one"
        )
    center = check_flag("center", center)
    return SoftmaxScore(name) if p is None else LogitNorm(p, center)
