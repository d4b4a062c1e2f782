"""Logits to confidence: the scores, logit normalisation, and calibration beside them."""

from abstain._lazy import lazy_names
from abstain.scores.calibration import calibration_metrics
from abstain.scores.confidence import (
    Confidence,
    OfProbabilities,
    SoftmaxScore,
    confidence_from_dict,
    named_confidence,
)
from abstain.scores.given import GivenConfidence
from abstain.scores.kind_names import KINDS
from abstain.scores.kinds import Values, read_values
from abstain.scores.logit_norm import Candidate, LogitNorm
from abstain.scores.probabilities import log_probabilities, probability_error
from abstain.scores.softmax import (
    SCORES,
    Score,
    centered_max_logit,
    classification_error,
    doctor,
    energy,
    gen,
    logit_margin,
    max_logit,
    msp,
    negative_entropy,
    score_all,
    softmax_margin,
)
from abstain.scores.temperature import TemperatureScaling
from abstain.scores.two_classes import Line, TwoClassCalibration

__all__ = [
    "KINDS",
    "SCORES",
    "Candidate",
    "Confidence",
    "GivenConfidence",
    "Line",
    "LogitNorm",
    "OfProbabilities",
    "Score",
    "SoftmaxScore",
    "TemperatureScaling",
    "TwoClassCalibration",
    "Values",
    "calibration_metrics",
    "centered_max_logit",
    "classification_error",
    "confidence_from_dict",
    "doctor",
    "energy",
    "gen",
    "log_probabilities",
    "logit_margin",
    "max_logit",
    "msp",
    "named_confidence",
    "negative_entropy",
    "probability_error",
    "read_values",
    "score_all",
    "softmax_margin",
]

__getattr__ = lazy_names(__name__, {})  # which knows where old names went
