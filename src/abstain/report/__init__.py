"""Numbers to tables, sentences and figures."""

from abstain.report.evaluate import evaluate_logits
from abstain.report.figures import risk_coverage_figure
from abstain.report.folder import write_report, write_results
from abstain.report.selective_report import ScoreResult, SelectiveReport, comparison_table
from abstain.report.sentences import describe_smoothing

__all__ = [
    "ScoreResult",
    "SelectiveReport",
    "comparison_table",
    "describe_smoothing",
    "evaluate_logits",
    "risk_coverage_figure",
    "write_report",
    "write_results",
]
