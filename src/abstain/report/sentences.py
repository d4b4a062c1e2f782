"""What the numbers of a report say, in sentences."""

from __future__ import annotations

from abstain.curve.difference import aurc_difference
from abstain.report.notes import FEW_ERRORS
from abstain.report.phrases import percent
from abstain.report.repair import repair_name
from abstain.report.selective_report import SelectiveReport


def describe_smoothing(data: str, plain: SelectiveReport, smoothed: SelectiveReport) -> str:
    """One sentence on what label smoothing did and what its repair undid, from two models on one test set.

    It says "raises" or "lowers" only where the paired interval of the difference in AURC excludes zero.
    """
    harm = _describe_harm(data, plain, smoothed)
    repairs = [_describe_repair(report) for report in (plain, smoothed)]
    if repairs[0] == repairs[1]:
        return f"{harm}; {repair_name(plain)} {repairs[0]} for both models."
    return f"{harm}; {repair_name(plain)} {repairs[0]} without and {repairs[1]} with smoothing."


def describe_coverage(data: str, plain: SelectiveReport, smoothed: SelectiveReport, *, risk: str = "5") -> str:
    """One sentence on how much the two models can answer at this risk in percent, one of those in their metrics."""
    key = f"cov@{risk}"
    without, with_it = (percent(report.msp.metrics[key], 1) for report in (plain, smoothed))
    sentence = f"At {risk} % errors, {without} % of {data} can be answered without and {with_it} % with smoothing"
    if smoothed.repaired is None or smoothed.repaired.falls_back:
        return f"{sentence}."
    return f"{sentence}, and {percent(smoothed.repaired.metrics[key], 1)} % with it after {repair_name(smoothed)}."


def _describe_harm(data: str, plain: SelectiveReport, smoothed: SelectiveReport) -> str:
    harm = aurc_difference(
        smoothed.msp.confidence,
        smoothed.error,
        plain.msp.confidence,
        plain.error,
        level=plain.level,
        clusters=None if plain.clusters is None else plain.clusters.of_sample,
    )
    low, high = harm.interval or (0.0, 0.0)
    verb = "raises" if low > 0 else "lowers" if high < 0 else "does not clearly change"
    before, after = (percent(report.msp.metrics["aurc"], 3) for report in (plain, smoothed))
    without, with_it = (percent(report.msp.metrics["risk"], 2) for report in (plain, smoothed))
    return (
        f"On {data}, label smoothing {verb} the AURC of MSP ({before} % to {after} %) "
        f"at an error of {without} % without and {with_it} % with it{_warn_of_few_errors(plain, smoothed)}"
    )


def _warn_of_few_errors(plain: SelectiveReport, smoothed: SelectiveReport) -> str:
    errors = [report.n_errors for report in (plain, smoothed)]
    if min(errors) >= FEW_ERRORS:
        return ""
    return f" (from {errors[0]} and {errors[1]} errors, too few to tell much)"


def _describe_repair(report: SelectiveReport) -> str:
    gain = report.gain()
    if gain is None or report.repaired is None:
        return "was not fitted"
    if report.repaired.falls_back:
        return "falls back to MSP"
    after = f"{percent(report.repaired.metrics['aurc'], 3)} %"
    low, high = gain.interval or (0.0, 0.0)
    if low <= 0 <= high:
        return f"does not clearly change it ({after})"
    return f"{'lowers' if low > 0 else 'raises'} it to {after}"
