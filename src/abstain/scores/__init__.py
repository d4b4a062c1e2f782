"""Logits to confidence: the scores, logit normalisation, and calibration beside them."""

from abstain._lazy import lazy_names
from abstain.scores.calibration import calibration_metrics
from abstain.scores.confidence import Confidence, SoftmaxScore, confidence_from_dict, named_confidence
from abstain.scores.logit_norm import Candidate, LogitNorm
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
    "Confidence",
    "LogitNorm",
    "Score",
    "SoftmaxScore",
    "TemperatureScaling",
    "calibration_metrics",
    "classification_error",
    "confidence_from_dict",
    "doctor",
    "energy",
    "logit_margin",
    "max_logit",
    "msp",
    "named_confidence",
    "negative_entropy",
    "score_all",
    "softmax_margin",
]

__getattr__ = lazy_names(__name__, {})  # which knows where old names went
