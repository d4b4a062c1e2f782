"""How much can be answered, if only so many of the answers may be wrong?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from abstain.report.phrases import between, counted, percent
from abstain.report.repair import repair_name
from abstain.threshold.bounds import fewest_to_show, upper_bound

if TYPE_CHECKING:
    from abstain.report.selective_report import ScoreResult, SelectiveReport

QUESTION = "How much can be answered?"


def describe_answerable(report: SelectiveReport) -> Iterator[str]:
    """The largest share that can be answered at each target risk, with its interval where one is defined."""
    results = [report.msp]
    if report.repaired is not None and not report.repaired.falls_back:
        results.append(report.repaired)
    for number, (key, risk) in enumerate(report.target_risks.items()):
        before = f"{QUESTION} " if number == 0 else ""
        shares = [_share(report, result, key, risk) for result in results]
        after = f", and after {repair_name(report)} {shares[1]}" if len(shares) > 1 and shares[1] != shares[0] else ""
        yield f"{before}With at most {100 * risk:g} % of the answers wrong: {shares[0]}{after}."
        if warning := _warn_of_few(report, results[-1].metrics[key], risk):
            yield warning
    if not report.n_errors and report.has_intervals:
        highest = float(upper_bound(0, report.n_samples, 1 - report.level))
        yield (
            f"How sure that is: none of {counted(report.n_samples, 'answer')} is wrong, so with a probability of "
            f"{100 * report.level:g} % at most {100 * highest:.2g} % of all are."
        )
    elif reason := _why_no_interval(report):
        yield f"How sure that is cannot be said, since {reason}."


def _share(report: SelectiveReport, result: ScoreResult, key: str, risk: float) -> str:
    coverage, interval = result.metrics[key], between(_interval(report, result, risk), report.level, 1)
    if not coverage:
        return f"nothing{interval}, for those of the highest confidence are wrong more often"
    if coverage == 1:
        return f"everything{interval}, since {percent(result.metrics['risk'], 2)} % of all answers are wrong"
    return f"{percent(coverage, 1)} % of the samples{interval}"


def _interval(report: SelectiveReport, result: ScoreResult, risk: float) -> tuple[float, float] | None:
    """None where there is none, and where it would be a single number."""
    if _why_no_interval(report):
        return None
    interval = result.curve.coverage_at_risk_interval(risk, report.level)
    return interval if interval[0] < interval[1] else None


def _why_no_interval(report: SelectiveReport) -> str | None:
    if not report.has_intervals:
        return "rows depend on each other"
    return "all answers are alike" if report.msp.curve.failure_auroc() is None else None


def _warn_of_few(report: SelectiveReport, coverage: float | None, risk: float) -> str | None:
    accepted, needed = round((coverage or 0) * report.n_samples), fewest_to_show(risk)
    if not 0 < accepted < needed:
        return None
    return (
        f"But {'that is' if accepted == 1 else 'those are'} {counted(accepted, 'answer')}, and it takes at least "
        f"{needed} without an error to show that no more than {100 * risk:g} % are wrong."
    )
