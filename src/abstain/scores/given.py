"""A confidence that was computed elsewhere, as one of the kinds that a rule for use can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_confidence_error, to_numpy
from abstain._checks import check_keys


@dataclass(frozen=True)
class GivenConfidence:
    """A confidence that was computed elsewhere: what is scored are its numbers themselves."""

    SCORE: ClassVar[str] = "confidence"

    @property
    def name(self) -> str:
        """`confidence`."""
        return self.SCORE

    @property
    def label(self) -> str:
        """What a table calls it."""
        return "confidence as given"

    @property
    def temperature(self) -> float | None:
        """None: nobody says that it is a probability."""
        return None

    def score(self, logits: Any) -> NDArray[np.float64]:
        """The numbers as float64; larger is accepted first.

        Args:
            logits: here the confidence itself, (N,) real.

        Raises:
            InputError: another shape, N = 0, or NaN.
        """
        confidence = to_numpy(logits, "confidence")
        n = len(confidence) if confidence.ndim else 0
        return check_confidence_error(confidence, np.zeros(n))[0].astype(np.float64)

    def to_dict(self) -> dict[str, Any]:
        """The name, ready for JSON."""
        return {"score": self.SCORE}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The confidence that `to_dict` wrote.

        Raises:
            InputError: another key than `"score"`.
        """
        check_keys("given confidence", values, known={"score"}, needed={"score"})
        return cls()
