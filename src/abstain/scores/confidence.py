"""What makes a confidence of logits, as one kind of value: for the metric, a threshold, a rule for use and a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from abstain._arguments import check_flag
from abstain._checks import ArgumentError, InputError, check_choice, check_keys
from abstain.scores.given import GivenConfidence
from abstain.scores.logit_norm import LogitNorm
from abstain.scores.probabilities import OF_PROBABILITIES, largest_probability, log_probabilities, probability_score
from abstain.scores.softmax import SCORES
from abstain.scores.temperature import TemperatureScaling
from abstain.scores.two_classes import TwoClassCalibration

Scale = Literal["log-odds", "probability"]


@runtime_checkable
class Confidence(Protocol):
    """Makes one number of each row of logits (of `OfProbabilities`: of those), larger accepted first; kept in JSON.

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


@dataclass(frozen=True)
class OfProbabilities:
    """A confidence of probabilities as they are stored, whose largest alone decides the order of `msp`.

    Attributes:
        confidence: what it would be of logits. One of `SCORES` is taken of the probabilities themselves, so that those
            which rounding made equal tie; what is fitted, such as logit normalisation, of their logarithms.
        scale: of `msp`: `"log-odds"`, or `"probability"`, the largest stored probability itself, which has the same
            order and on which a threshold can be compared with the numbers of a file.

    Raises:
        InputError: a score that reads the shift of a row, which probabilities have lost; or another scale, or one of
            a score that is no probability.
    """

    confidence: Confidence = SoftmaxScore()
    scale: Scale = "log-odds"

    def __post_init__(self) -> None:
        check_choice("scale", self.scale, ("log-odds", "probability"))
        shifted = self.name in SCORES and self.name not in OF_PROBABILITIES
        if shifted or (isinstance(self.confidence, LogitNorm) and not self.confidence.center and self.name != "msp"):
            raise ArgumentError(
                f"the score is {'the uncentred p-norm' if not shifted else self.name}, which reads the shift of a row "
                f"of logits, but probabilities have lost it: take one of {', '.join(OF_PROBABILITIES)}, or give the "
                "logits"
            )
        if self.scale == "probability" and self.name != "msp":
            raise ArgumentError(f"the scale is 'probability', but {self.name} is none: leave out the scale")

    @property
    def name(self) -> str:
        """That of the confidence of logits."""
        return self.confidence.name

    @property
    def label(self) -> str:
        """That of the confidence of logits."""
        return self.confidence.label

    @property
    def temperature(self) -> float | None:
        """That of the confidence of logits."""
        return self.confidence.temperature

    def score(self, logits: Any) -> NDArray[np.float64]:
        """The confidence of each row; larger is accepted first.

        Args:
            logits: here probabilities (N, K) in [0, 1], NumPy or torch on any device, not changed; (N, 1) are those of
                class 1, which stand for the pair (1 - p, p).

        Returns:
            (N,) float64.

        Raises:
            InputError: as `probability_score`; logarithms are needed, and a probability is exactly 0.
        """
        if self.scale == "probability":
            return largest_probability(logits)
        if self.name in SCORES:
            return probability_score(self.name, logits)
        return self.confidence.score(log_probabilities(logits))

    def to_dict(self) -> dict[str, Any]:
        """That of the confidence of logits, and what it is taken of, ready for JSON."""
        scale = {"scale": self.scale} if self.scale != "log-odds" else {}
        return {**self.confidence.to_dict(), "input": "probabilities", **scale}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The confidence that `to_dict` wrote.

        Raises:
            InputError: a key is unknown or missing, or there is no such score of probabilities.
        """
        values = dict(values)
        check_choice("input", values.pop("input", None), ["probabilities"])
        scale = values.pop("scale", "log-odds")
        return cls(confidence_from_dict(values), scale)


WITH_KEY: dict[str, type[LogitNorm] | type[TwoClassCalibration] | type[TemperatureScaling] | type[GivenConfidence]] = {
    kind.SCORE: kind for kind in (LogitNorm, TwoClassCalibration, TemperatureScaling, GivenConfidence)
}
"""Key `"score"` of a dictionary -> the kind of confidence that wrote it, but for those of `SCORES`."""


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
        return OfProbabilities.from_dict(values)
    name = check_choice("score", values["score"], [*SCORES, *WITH_KEY])
    return WITH_KEY.get(name, SoftmaxScore).from_dict(values)


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
