"""Numbers to tables, sentences and figures."""

from abstain._files import check_results_folder
from abstain.report.curve_lines import draw_curve, draw_risk_interval
from abstain.report.evaluate import evaluate_batches, evaluate_logits, evaluate_values
from abstain.report.figures import draw_panel, risk_coverage_figure
from abstain.report.folder import write_report, write_results
from abstain.report.given import evaluate_confidence
from abstain.report.legend import legend
from abstain.report.next_steps import Commands
from abstain.report.pictures import figure_bytes, inline_svg
from abstain.report.predictions import evaluate_predictions
from abstain.report.scod import ScodReport, ScodResult, evaluate_scod
from abstain.report.selective_report import ScoreResult, SelectiveReport, comparison_table
from abstain.report.sentences import describe_coverage, describe_smoothing
from abstain.report.tables import markdown_table
from abstain.report.text import report_text

__all__ = [
    "Commands",
    "ScodReport",
    "ScodResult",
    "ScoreResult",
    "SelectiveReport",
    "check_results_folder",
    "comparison_table",
    "describe_coverage",
    "describe_smoothing",
    "draw_curve",
    "draw_panel",
    "draw_risk_interval",
    "evaluate_batches",
    "evaluate_confidence",
    "evaluate_logits",
    "evaluate_predictions",
    "evaluate_scod",
    "evaluate_values",
    "figure_bytes",
    "inline_svg",
    "legend",
    "markdown_table",
    "report_text",
    "risk_coverage_figure",
    "write_report",
    "write_results",
]
