"""Logits and labels in, a `SelectiveReport` out: JSON, Markdown and sentences on what the confidence is worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._checks import check_logits, check_validation
from abstain.curve.curve import risk_coverage_curve
from abstain.report.selective_report import ScoreResult, SelectiveReport
from abstain.scores.calibration import calibration_metrics
from abstain.scores.confidence import Confidence, SoftmaxScore
from abstain.scores.logit_norm import LogitNorm
from abstain.scores.softmax import classification_error
from abstain.scores.temperature import TemperatureScaling


def evaluate_logits(
    logits: Any,
    labels: Any,
    *,
    validation: tuple[Any, Any] | None = None,
    target_risks: Iterable[float] = (0.05, 0.01),
    level: float = 0.95,
    **fit: Any,
) -> SelectiveReport:
    """Measure a classifier's confidence on test data, before and after logit normalisation.

    Beside the repair in the form that `center` names stand its other form and temperature scaling, to compare with.

    Args:
        logits: (N, K) test logits, NumPy or torch on any device, not changed.
        labels: (N,) int in [0, K).
        validation: logits and labels of other samples, on which logit normalisation is fitted; without them
            only MSP is measured, since p is never chosen on the data that is reported.
        target_risks: risks at which the coverage is reported.
        level: nominal coverage of the intervals, in (0, 1).
        **fit: `p_grid`, `center` and `fallback` of `LogitNorm.fit`.

    Returns:
        The report; its AURC is in the convention `"mean"`.

    Raises:
        InputError: bad logits or labels (see `scores.classification_error`), or a validation set with another K.
    """
    logits = check_logits(logits)
    error = classification_error(logits, labels)
    target_risks = tuple(target_risks)
    measured = _Measure(logits, labels, error, target_risks, level)
    results = [measured("msp", SoftmaxScore())]
    if validation is not None:
        results += _repairs(measured, *check_validation(validation, n_logits=logits.shape[1]), **fit)
    return SelectiveReport(len(error), logits.shape[1], level, error, tuple(results))


@dataclass(frozen=True)
class _Measure:
    """Measures one score after another on the same test data."""

    logits: Any
    labels: Any
    error: NDArray[np.float64]
    target_risks: tuple[float, ...]
    level: float

    def __call__(self, name: str, confidence: Confidence) -> ScoreResult:
        values = confidence.score(self.logits)
        curve = risk_coverage_curve(values, self.error)
        low, high = curve.aurc_interval(self.level) or (None, None)
        metrics: dict[str, float | None] = {**curve.summary(self.target_risks), "aurc_low": low, "aurc_high": high}
        if confidence.temperature is not None:
            metrics |= calibration_metrics(self.logits, self.labels, temperature=confidence.temperature)
        return ScoreResult(name, metrics, values, curve, confidence)


def _repairs(measure: _Measure, logits: Any, labels: Any, *, center: bool = True, **fit: Any) -> Iterator[ScoreResult]:
    """Both forms of logit normalisation, and temperature scaling, fitted on this validation data."""
    other = "max_logit_pnorm_uncentered" if center else "max_logit_pnorm_centered"
    for name, centered in (("max_logit_pnorm", center), (other, not center)):
        yield measure(name, LogitNorm.fit(logits, labels, center=centered, **fit))
    yield measure(TemperatureScaling.SCORE, TemperatureScaling.fit(logits, labels))
