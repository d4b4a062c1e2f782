"""Selective classification for the Hugging Face stack: measure, explain and repair what label smoothing does to it.

The names in `__all__` are the public ones; each is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abstain import scores
    from abstain._checks import InputError, NoThresholdError
    from abstain.curve import RiskCoverageCurve, risk_coverage_curve
    from abstain.difference import aurc_difference
    from abstain.extract import extract_logits
    from abstain.groups import operating_point_by_group
    from abstain.logit_norm import LogitNorm
    from abstain.logits_dataset import read_logits, write_logits
    from abstain.metric import load_metric
    from abstain.one_call import aurc, coverage_at_risk, risk_at_coverage
    from abstain.released import released_checkpoint
    from abstain.report import SelectiveReport, evaluate_logits
    from abstain.sketch import RiskCoverageSketch
    from abstain.threshold import OperatingPoint, select_threshold
    from abstain.training.arguments import SelectiveTrainingArguments
    from abstain.training.trainer import SelectiveTrainer

_HOME = {
    "InputError": "_checks",
    "LogitNorm": "logit_norm",
    "NoThresholdError": "_checks",
    "OperatingPoint": "threshold",
    "RiskCoverageCurve": "curve",
    "RiskCoverageSketch": "sketch",
    "SelectiveReport": "report",
    "SelectiveTrainer": "training.trainer",
    "SelectiveTrainingArguments": "training.arguments",
    "aurc": "one_call",
    "aurc_difference": "difference",
    "coverage_at_risk": "one_call",
    "evaluate_logits": "report",
    "extract_logits": "extract",
    "load_metric": "metric",
    "operating_point_by_group": "groups",
    "read_logits": "logits_dataset",
    "released_checkpoint": "released",
    "risk_at_coverage": "one_call",
    "risk_coverage_curve": "curve",
    "select_threshold": "threshold",
    "write_logits": "logits_dataset",
}

__all__ = [
    "InputError",
    "LogitNorm",
    "NoThresholdError",
    "OperatingPoint",
    "RiskCoverageCurve",
    "RiskCoverageSketch",
    "SelectiveReport",
    "SelectiveTrainer",
    "SelectiveTrainingArguments",
    "aurc",
    "aurc_difference",
    "coverage_at_risk",
    "evaluate_logits",
    "extract_logits",
    "load_metric",
    "operating_point_by_group",
    "read_logits",
    "released_checkpoint",
    "risk_at_coverage",
    "risk_coverage_curve",
    "scores",
    "select_threshold",
    "write_logits",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f"abstain.{_HOME[name]}"), name)
    elif name in __all__:
        value = import_module(f"abstain.{name}")
    else:
        raise AttributeError(f"module 'abstain' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
