"""One score after another on the same test data, whatever the values are: logits or probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from abstain.curve.curve import risk_coverage_curve
from abstain.report.selective_report import ScoreResult
from abstain.scores.by_kind import check_norm, error_of
from abstain.scores.calibration import calibration_metrics
from abstain.scores.confidence import Confidence, OfProbabilities, SoftmaxScore
from abstain.scores.kinds import OF_PROBABILITIES, WITHOUT_SHIFT, Values
from abstain.scores.logit_norm import LogitNorm
from abstain.scores.probabilities import ProbabilityCalibration
from abstain.scores.temperature import TemperatureScaling


@dataclass(frozen=True, eq=False)
class Measure:
    """Measures scores of test data.

    Attributes:
        values: of the test data.
        target_risks: risks at which the coverage is reported.
        level: nominal coverage of the intervals, in (0, 1).
    """

    values: Values
    target_risks: tuple[float, ...]
    level: float

    @cached_property
    def error(self) -> NDArray[np.float64]:
        """(N,) 0/1 error of the predicted class; lower is better."""
        return error_of(self.values)

    @property
    def of_probabilities(self) -> bool:
        """Whether the values are probabilities, which are measured as they are stored."""
        return self.values.kind in OF_PROBABILITIES

    @cached_property
    def calibration(self) -> ProbabilityCalibration:
        """Of the values as they are: negative log-likelihood, Brier score and expected calibration error."""
        if self.of_probabilities:
            return ProbabilityCalibration.of(self.values.rows, self.values.labels)
        return ProbabilityCalibration(calibration_metrics(self.values.rows, self.values.labels), 0)

    def msp(self, name: str = "msp", fitted: Confidence | None = None) -> ScoreResult:
        """The maximum softmax probability, or under another name a fit that falls back to it."""
        msp: Confidence = OfProbabilities() if self.of_probabilities else SoftmaxScore()
        return self._result(name, fitted or msp, msp.score(self.values.rows), self.calibration.metrics)

    def fitted(self, name: str, confidence: Confidence, logits: Tensor) -> ScoreResult:
        """A score that was fitted on validation data, of the logits that stand for the values."""
        if confidence.name == "msp":
            return self.msp(name, confidence)
        calibration = {}
        if confidence.temperature is not None:
            calibration = calibration_metrics(logits, self.values.labels, temperature=confidence.temperature)
        return self._result(name, confidence, confidence.score(logits), calibration)

    def _result(
        self, name: str, confidence: Confidence, values: NDArray[np.float64], calibration: dict[str, float]
    ) -> ScoreResult:
        curve = risk_coverage_curve(values, self.error)
        low, high = curve.aurc_interval(self.level) or (None, None)
        metrics: dict[str, float | None] = {**curve.summary(self.target_risks), "aurc_low": low, "aurc_high": high}
        return ScoreResult(name, {**metrics, **calibration}, values, curve, confidence)


def repairs(
    measure: Measure, logits: Tensor, validation_logits: Tensor, labels: NDArray[np.int64], *, center: bool, **fit: Any
) -> Iterator[ScoreResult]:
    """Logit normalisation in the forms that these values have, and temperature scaling, fitted on validation data.

    Args:
        measure: of the test data.
        logits: (N, K) that stand for the test data's values (see `scores.by_kind.as_logits`).
        validation_logits: the same of other samples.
        labels: (M,) of those.
        center: which form comes first, as the repair; the other one is there to compare with.
        **fit: `p_grid` and `fallback` of `LogitNorm.fit`.

    Raises:
        InputError: the uncentred form of values whose rows have lost their shift.
    """
    check_norm(measure.values, center=center)
    forms = {"max_logit_pnorm": center}
    if measure.values.kind not in WITHOUT_SHIFT:
        forms["max_logit_pnorm_uncentered" if center else "max_logit_pnorm_centered"] = not center
    for name, centered in forms.items():
        yield measure.fitted(name, LogitNorm.fit(validation_logits, labels, center=centered, **fit), logits)
    yield measure.fitted(TemperatureScaling.SCORE, TemperatureScaling.fit(validation_logits, labels), logits)
