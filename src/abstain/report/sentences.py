"""What the numbers of a report say, in sentences."""

from __future__ import annotations

from abstain.curve.difference import aurc_difference
from abstain.report.selective_report import SelectiveReport, percent

FEW_ERRORS = 50
"""With fewer errors than this the intervals are too narrow: with 10, a nominal 95 % covers 87 to 92 %."""


def describe_smoothing(data: str, plain: SelectiveReport, smoothed: SelectiveReport) -> str:
    """One sentence on what label smoothing did and what logit normalisation undid, from two models on one test set.

    It says "raises" or "lowers" only where the paired interval of the difference in AURC excludes zero.
    """
    harm = aurc_difference(
        smoothed.msp.confidence, smoothed.error, plain.msp.confidence, plain.error, level=plain.level
    )
    verb = "raises" if harm.low > 0 else "lowers" if harm.high < 0 else "does not clearly change"
    risks = [report.msp.metrics["risk"] for report in (plain, smoothed)]
    areas = [report.msp.metrics["aurc"] for report in (plain, smoothed)]
    sentence = (
        f"On {data}, label smoothing {verb} the AURC of MSP ({percent(areas[0], 3)} % to {percent(areas[1], 3)} %) "
        f"at an error of {percent(risks[0], 2)} % without and {percent(risks[1], 2)} % with it"
    )
    errors = [int(report.error.sum()) for report in (plain, smoothed)]
    if min(errors) < FEW_ERRORS:
        sentence += f" (from {errors[0]} and {errors[1]} errors, too few to tell much)"
    repairs = [_describe_repair(report) for report in (plain, smoothed)]
    if repairs[0] == repairs[1]:
        return f"{sentence}; logit normalisation {repairs[0]} for both models."
    return f"{sentence}; logit normalisation {repairs[0]} without and {repairs[1]} with smoothing."


def _describe_repair(report: SelectiveReport) -> str:
    gain = report.gain()
    if gain is None or report.normalized is None:
        return "was not fitted"
    if report.logit_norm is None or report.logit_norm.p is None:
        return "falls back to MSP"
    verb = "lowers it to" if gain.low > 0 else "raises it to" if gain.high < 0 else "leaves it at"
    return f"{verb} {percent(report.normalized.metrics['aurc'], 3)} %"
