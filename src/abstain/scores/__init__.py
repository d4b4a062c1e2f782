"""Logits to confidence: the scores, logit normalisation, and calibration beside them."""

from abstain.scores.calibration import calibration_metrics
from abstain.scores.logit_norm import Candidate, LogitNorm, named_score
from abstain.scores.softmax import (
    SCORES,
    Score,
    classification_error,
    doctor,
    energy,
    logit_margin,
    max_logit,
    msp,
    negative_entropy,
    score_all,
    softmax_margin,
)
from abstain.scores.temperature import TemperatureScaling

__all__ = [
    "SCORES",
    "Candidate",
    "LogitNorm",
    "Score",
    "TemperatureScaling",
    "calibration_metrics",
    "classification_error",
    "doctor",
    "energy",
    "logit_margin",
    "max_logit",
    "msp",
    "named_score",
    "negative_entropy",
    "score_all",
    "softmax_margin",
]
