"""A confidence and an error a sample, given as they are: the same report without logits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy.special import expit

from abstain._arrays import check_confidence_error
from abstain._checks import are_binary, check_binary, check_level
from abstain.curve.clusters import Clusters
from abstain.curve.curve import curve_of_checked
from abstain.report.kept import Metrics, interval_of_aurc
from abstain.report.measure import check_target_risks
from abstain.report.notes import note_few_errors
from abstain.report.selective_report import ScoreResult, SelectiveReport, in_clusters
from abstain.scores.calibration import expected_calibration_error
from abstain.scores.confidence import Confidence, SoftmaxScore
from abstain.scores.given import GivenConfidence


def evaluate_confidence(
    confidence: Any,
    error: Any,
    *,
    score: str = "confidence",
    notes: Iterable[str] = (),
    unrepaired: str | None = None,
    clusters: Any = None,
    target_risks: Iterable[float] = (0.05, 0.01),
    level: float = 0.95,
) -> SelectiveReport:
    """Measure a confidence on test data.

    Args:
        confidence: (N,) real; larger is accepted first.
        error: (N,) in {0, 1}.
        score: what the confidence is: `"confidence"` of any kind, or a key of `SCORES` by which it was made, such as
            `"msp"` for log-odds.
        notes: what has to be known to read the numbers, in sentences.
        unrepaired: why there is no logit normalisation, where it is not that only a confidence is known.
        clusters: (N,) what each sample belongs to, such as its image, where samples of one cluster depend on each
            other; None: all are independent.
        target_risks: risks at which the coverage is reported.
        level: nominal coverage of the intervals, in (0, 1).

    Returns:
        The report, with one score and no `n_logits`; its AURC is in the convention `"mean"`.

    Raises:
        InputError: lengths that differ, no sample, NaN, or an error that is neither 0 nor 1.
    """
    level, risks = check_level(level), check_target_risks(target_risks)
    confidence, error = check_confidence_error(confidence, error)
    check_binary("the report", is_binary=are_binary(error), instead="give 1 where a sample is wrong and 0 elsewhere")
    groups = None if clusters is None else Clusters.read(clusters, len(error))
    curve = curve_of_checked(confidence, error, groups)
    metrics: Metrics = {**curve.summary(risks), **interval_of_aurc(curve, level)}
    scored_by: Confidence = GivenConfidence() if score == "confidence" else SoftmaxScore(score)
    if score == "msp":
        metrics["ece"] = expected_calibration_error(expit(confidence), error)
    notes = (*notes, *note_few_errors(int(error.sum()), len(error)))
    result = ScoreResult(score, metrics, confidence.astype(np.float64), curve, scored_by)
    report = SelectiveReport(
        len(error), None, level, error.astype(np.float64), (result,), "confidence", notes, unrepaired=unrepaired
    )
    return report if groups is None else in_clusters(report, groups)
