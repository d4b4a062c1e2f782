"""The repair for two classes: how sure an answer is, calibrated for each of the two by itself on validation data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self, cast, get_args

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_logits, check_same_order
from abstain._checks import ArgumentError, InputError, check_choice, check_keys, check_number, shown
from abstain.curve.difference import Difference, aurc_difference
from abstain.scores.logit_norm import Fallback
from abstain.scores.rows import as_pairs, score_in_blocks, warn_if_normalized
from abstain.scores.softmax import classification_error

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """The log-odds that an answer is right: slope · |z| + intercept, with z the one logit minus the other.

    Attributes:
        slope: finite and at least 0, so that of answers of one class the more probable comes first.
        intercept: finite.

    Raises:
        InputError: a number is not finite, or the slope is negative.
    """

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        for name in ("slope", "intercept"):
            object.__setattr__(self, name, check_number(f"{name} of a Line", getattr(self, name)))
        if not (np.isfinite(self.intercept) and 0 <= self.slope < np.inf):
            raise ArgumentError(
                f"the slope is {self.slope:g} and the intercept {self.intercept:g}, but both must be finite, and the "
                "slope at least 0"
            )


OF_SOFTMAX = Line(1.0, 0.0)
"""What softmax itself says."""


@dataclass(frozen=True)
class TwoClassCalibration:
    """The log-odds that the answer is right, by a line in |z| for each predicted class; larger is more confident.

    Of two classes every p-norm is a function of the maximum softmax probability (MSP), so logit normalisation can do
    nothing. What can still be put right is the order between the answers of one class and those of the other. Without
    lines the score is MSP. Two are equal where both give the same confidence; how they were found is not compared.

    Attributes:
        lines: of the answers 0 and 1; None for MSP.
        reason: what `fit` found, in one sentence; None for lines given by hand.

    Raises:
        InputError: there are not two lines.
    """

    SCORE: ClassVar[str] = "two_class_calibration"

    lines: tuple[Line, Line] | None
    reason: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        lines = self.lines
        if lines is not None and (len(lines) != 2 or not all(isinstance(line, Line) for line in lines)):
            raise ArgumentError(f"the lines are {shown(lines)}, but must be two of scores.Line, or None for MSP")
        if not isinstance(self.reason, str | None):
            raise InputError(f"the reason of a TwoClassCalibration is {shown(self.reason)}, but must be text or None")

    @property
    def name(self) -> str:
        """`two_class_calibration`, or `msp` without lines."""
        return "msp" if self.lines is None else self.SCORE

    @property
    def label(self) -> str:
        """What a table or a figure calls it."""
        return f"calibrated per class{' (falls back to MSP)' if self.lines is None else ''}"

    @property
    def temperature(self) -> float | None:
        """1 without lines, where it is the MSP; two lines are no softmax."""
        return 1.0 if self.lines is None else None

    def score(self, logits: Any) -> Array:
        """The confidence of each row of logits; larger is accepted first.

        Args:
            logits: (N, 2), or (N, 1) for the pair (0, z); real, NumPy or torch on any device, not changed.

        Returns:
            (N,) float64, log-odds that the answer is right; z = 0 counts as the answer 0.

        Raises:
            InputError: as `scores.msp`; more than two classes.
        """
        logits = check_logits(logits)
        warn_if_normalized(logits, log_too=False)
        difference = _second_less_first(logits)
        if self.lines is None:
            return np.abs(difference)
        first, second = (line.slope * np.abs(difference) + line.intercept for line in self.lines)
        return np.where(difference > 0, second, first)

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` takes, for JSON; floats survive the round trip exactly."""
        lines = self.lines and [asdict(line) for line in self.lines]
        return {"score": self.SCORE, "lines": lines, "reason": self.reason}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The object that `to_dict` wrote.

        Raises:
            InputError: a key is unknown or missing, the score is another, or the lines are no lines.
        """
        check_keys("TwoClassCalibration", values, known={"score", "lines", "reason"}, needed={"score", "lines"})
        check_choice("score of a TwoClassCalibration", values["score"], [cls.SCORE])
        lines, names = values["lines"], {"slope", "intercept"}
        if lines is not None and not (isinstance(lines, list | tuple) and len(lines) == 2):
            raise InputError(f"the lines of a TwoClassCalibration are {shown(lines)}, but must be two, or null")
        found = lines and tuple(Line(**check_keys("Line", line, known=names, needed=names)) for line in lines)
        return cls(cast("tuple[Line, Line] | None", found), values.get("reason"))

    @classmethod
    def fit(cls, logits: Any, labels: Any, *, fallback: Fallback = "one_standard_error") -> Self:
        """A logistic regression of right answers on |z| for each predicted class, or MSP where that gains too little.

        It is scikit-learn's with C = 1, on |z| with mean 0 and variance 1. A class whose slope comes out negative keeps
        what softmax says. Never fit on the data that you report.

        Args:
            logits: (N, 2) or (N, 1) validation logits.
            labels: (N,) their labels, 0 or 1.
            fallback: when MSP stays: `"one_standard_error"`, unless the gain in AURC exceeds its own paired
                standard error; `"strict"`, unless there is a gain; `"never"`, but where a class has no line.

        Returns:
            With `lines` and `reason` set; MSP where the answers of a class are all right, all wrong, or none.

        Raises:
            InputError: bad logits or labels, more than two classes, or an unknown fallback.
        """
        check_same_order(logits=logits, labels=labels)
        return cls.fit_batches([(logits, labels)], fallback=fallback)

    @classmethod
    def fit_batches(cls, batches: Iterable[tuple[Any, Any]], *, fallback: Fallback = "one_standard_error") -> Self:
        """The same of validation data that comes in batches, of which one number a sample is kept.

        Args:
            batches: pairs (logits, labels), at least one.
            fallback: as `fit`.

        Raises:
            InputError: as `fit`.
        """
        check_choice("fallback", fallback, get_args(Fallback))
        parts = [(_second_less_first(check_logits(batch)), classification_error(batch, of)) for batch, of in batches]
        difference, error = (np.concatenate(part) for part in zip(*parts, strict=True))
        if (reason := _why_no_line(difference, error)) is not None:
            return cls(None, f"MSP: {reason}")
        lines = [_fit_line(np.abs(difference[of]), error[of]) for of in (difference <= 0, difference > 0)]
        fitted = cls((lines[0], lines[1]))
        before, after = np.abs(difference), fitted.score(difference[:, None])
        return cls(*_choose(fitted, aurc_difference(before, error, after, error), fallback))


def _second_less_first(logits: Any) -> Array:
    """(N,) logit 1 minus logit 0, in float64."""
    if logits.shape[1] > 2:
        raise ArgumentError(
            f"logits have K = {logits.shape[1]}, but TwoClassCalibration is for two classes: use LogitNorm"
        )
    return score_in_blocks(logits, lambda block: as_pairs(block).diff(dim=1)[:, 0])


def _why_no_line(difference: Array, error: Array) -> str | None:
    """Why the answers of a class say nothing of how sure they are; None where those of both do."""
    for number, of in enumerate((difference <= 0, difference > 0)):
        n, n_wrong = int(of.sum()), int(error[of].sum())
        if n_wrong in (0, n):
            which = "right" if n_wrong else "wrong"
            return (
                f"of {n:,} validation samples that are answered with class {number} none is {which}, so nothing tells "
                "how sure these answers are"
            )
    return None


def _fit_line(distance: Array, error: Array) -> Line:
    """The line of one class; that of softmax where a larger distance does not come with fewer errors."""
    from sklearn.linear_model import LogisticRegression  # here, so that importing the scores does not wait for it

    mean, spread = float(distance.mean()), float(distance.std())
    if spread == 0:
        return OF_SOFTMAX
    fitted = LogisticRegression(C=1.0).fit(((distance - mean) / spread)[:, None], error == 0)
    slope = float(fitted.coef_[0, 0]) / spread
    return Line(slope, float(fitted.intercept_[0]) - slope * mean) if slope > 0 else OF_SOFTMAX


def _choose(fitted: TwoClassCalibration, gain: Difference, fallback: Fallback) -> tuple[tuple[Line, Line] | None, str]:
    """(lines, reason): the fit, if it is good enough for `fallback`."""
    needed = {"one_standard_error": gain.standard_error, "strict": 0.0, "never": -np.inf}[fallback]
    found = f"on validation data lines gain {gain.estimate:.6f} ± {gain.standard_error:.6f} of AURC over MSP"
    if gain.estimate > needed:
        return fitted.lines, found
    return None, f"MSP: {found}, which is not enough for fallback={fallback!r}"
