"""Selective classification for the Hugging Face stack: measure, explain and repair what label smoothing does to it.

The names in `__all__` are the public ones; each is imported when it is first used.
"""

from abstain._lazy import lazy_names
from abstain._moved import put_up_signpost

TYPE_CHECKING = False  # as type checkers know it; importing `typing` would take longer than all else
if TYPE_CHECKING:
    from abstain import scores
    from abstain._checks import InputError, NoThresholdError
    from abstain.audit.diagnosis import Diagnosis, diagnose
    from abstain.curve.curve import RiskCoverageCurve, risk_coverage_curve
    from abstain.curve.difference import aurc_difference
    from abstain.curve.functional import aurc, coverage_at_risk, risk_at_coverage
    from abstain.curve.mixture import ScodCurve, scod_curve
    from abstain.curve.sketch import RiskCoverageSketch
    from abstain.hub.released import released_checkpoint
    from abstain.inference.abstention import AbstentionRule
    from abstain.inference.answers import Answer, PixelAnswer
    from abstain.inference.classifier import SelectiveClassifier
    from abstain.inference.pipelines import pipeline
    from abstain.logits.dataset import read_logits, write_logits
    from abstain.logits.extract import extract_logits
    from abstain.logits.predictions import read_predictions
    from abstain.metric.selective_risk import load_metric
    from abstain.report.evaluate import evaluate_logits
    from abstain.report.selective_report import SelectiveReport
    from abstain.scores.logit_norm import LogitNorm
    from abstain.scores.two_classes import TwoClassCalibration
    from abstain.threshold.cost import select_threshold_for_cost
    from abstain.threshold.groups import operating_point_by_group
    from abstain.threshold.monitor import RiskMonitor
    from abstain.threshold.operating_point import OperatingPoint
    from abstain.threshold.planning import samples_needed
    from abstain.threshold.select import select_threshold, select_threshold_for_coverage
    from abstain.training.arguments import SelectiveTrainingArguments
    from abstain.training.trainer import SelectiveTrainer

__all__ = [
    "AbstentionRule",
    "Answer",
    "Diagnosis",
    "InputError",
    "LogitNorm",
    "NoThresholdError",
    "OperatingPoint",
    "PixelAnswer",
    "RiskCoverageCurve",
    "RiskCoverageSketch",
    "RiskMonitor",
    "ScodCurve",
    "SelectiveClassifier",
    "SelectiveReport",
    "SelectiveTrainer",
    "SelectiveTrainingArguments",
    "TwoClassCalibration",
    "aurc",
    "aurc_difference",
    "coverage_at_risk",
    "diagnose",
    "evaluate_logits",
    "extract_logits",
    "load_metric",
    "operating_point_by_group",
    "pipeline",
    "read_logits",
    "read_predictions",
    "released_checkpoint",
    "risk_at_coverage",
    "risk_coverage_curve",
    "samples_needed",
    "scod_curve",
    "scores",
    "select_threshold",
    "select_threshold_for_cost",
    "select_threshold_for_coverage",
    "write_logits",
]

__getattr__ = lazy_names(
    __name__,
    {
        "_checks": ["InputError", "NoThresholdError"],
        "audit.diagnosis": ["Diagnosis", "diagnose"],
        "curve.curve": ["RiskCoverageCurve", "risk_coverage_curve"],
        "curve.difference": ["aurc_difference"],
        "curve.functional": ["aurc", "coverage_at_risk", "risk_at_coverage"],
        "curve.mixture": ["ScodCurve", "scod_curve"],
        "curve.sketch": ["RiskCoverageSketch"],
        "hub.released": ["released_checkpoint"],
        "inference.abstention": ["AbstentionRule"],
        "inference.answers": ["Answer", "PixelAnswer"],
        "inference.classifier": ["SelectiveClassifier"],
        "inference.pipelines": ["pipeline"],
        "logits.dataset": ["read_logits", "write_logits"],
        "logits.extract": ["extract_logits"],
        "logits.predictions": ["read_predictions"],
        "metric.selective_risk": ["load_metric"],
        "report.evaluate": ["evaluate_logits"],
        "report.selective_report": ["SelectiveReport"],
        "scores": [],
        "scores.logit_norm": ["LogitNorm"],
        "scores.two_classes": ["TwoClassCalibration"],
        "threshold.cost": ["select_threshold_for_cost"],
        "threshold.groups": ["operating_point_by_group"],
        "threshold.monitor": ["RiskMonitor"],
        "threshold.operating_point": ["OperatingPoint"],
        "threshold.planning": ["samples_needed"],
        "threshold.select": ["select_threshold", "select_threshold_for_coverage"],
        "training.arguments": ["SelectiveTrainingArguments"],
        "training.trainer": ["SelectiveTrainer"],
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)


put_up_signpost()
