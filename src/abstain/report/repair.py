"""Does logit normalisation, or of two classes the calibration of each, repair the order of the confidence?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from abstain.report.phrases import percent
from abstain.scores.by_kind import repair_of
from abstain.scores.logit_norm import LogitNorm
from abstain.scores.two_classes import TwoClassCalibration

if TYPE_CHECKING:
    from abstain.curve.difference import Difference
    from abstain.report.selective_report import SelectiveReport

WHAT_IT_IS = {
    "logit normalisation": (
        "logit normalisation divides the largest logit by the size of all, their p-norm, after training, and changes "
        "no answer"
    ),
    "a calibration of each class": (
        "the calibration learns how sure the answers of each class are by themselves, after training, and changes "
        "no answer"
    ),
}
"""Name of a repair in words -> what it does."""


def repair_name(report: SelectiveReport) -> str:
    """What the repair that there is for so many classes is called in words."""
    norm, of_two = WHAT_IT_IS
    return of_two if repair_of(report.n_logits) == TwoClassCalibration.SCORE else norm


def describe_repair(report: SelectiveReport) -> str:
    """What it does to the AURC, or why it does nothing: it is not defined, was not tried or fell back."""
    question, what = f"Does {repair_name(report)} repair it?", WHAT_IT_IS[repair_name(report)]
    if (reason := why_undefined(report)) is not None:
        return f"{question} It is not defined here: {reason}."
    if report.repaired is None or report.repair is None:
        return (
            f"{question} It was not tried ({what}): it is fitted on validation samples, never on those that are "
            "reported."
        )
    if report.repaired.falls_back:
        return f"{question} No, so the confidence stays as it is ({what}): {_why_it_falls_back(report.repair)}."
    if report.msp.curve.failure_auroc() is None:
        return f"{question} That cannot be told ({what}): it needs right and wrong answers among the test samples."
    before, after = (percent(result.metrics["aurc"], 3) for result in (report.msp, report.repaired))
    gain = report.gain()
    change = _describe_change(gain, report.level) if gain and report.has_intervals else ""
    verdict = _verdict(report, gain) if gain else _verdict_by_bounds(*_bounds(report))
    return f"{question} {verdict} ({what}): the AURC goes from {before} % to {after} %{change}."


def why_undefined(report: SelectiveReport) -> str | None:
    """Why these values have no repair; None where they have one."""
    if report.unrepaired is not None:
        return report.unrepaired
    if report.n_logits is None:
        return "it needs the logits of all classes, and only a confidence is given"
    return None


def helps(report: SelectiveReport) -> bool:
    """Whether the repair clearly lowers the AURC on the test data; of a sketch, whatever its bounds leave."""
    gain = report.gain()
    if gain is not None or report.repaired is None:
        return gain is not None and report.has_intervals and gain.low is not None and gain.low > 0
    before, after = _bounds(report)
    return report.independent and after[1] < before[0]


def _why_it_falls_back(fitted: LogitNorm | TwoClassCalibration) -> str:
    if isinstance(fitted, TwoClassCalibration):
        told, _, is_small = str(fitted.reason).removeprefix("MSP: ").partition(", which is not enough for ")
        return f"{told}, which is not clear" if is_small else told
    msp, *others = fitted.search
    best = min(others, key=lambda candidate: candidate.aurc)
    if msp.aurc == 0:
        return "none of the validation answers is wrong, so they cannot tell which p is good"
    areas = f"{percent(best.aurc, 3)} % with p = {best.p:g} against {percent(msp.aurc, 3)} % without"
    if msp.aurc == 1:
        return "all validation answers are wrong, so they cannot tell which p is good"
    if best.gain <= 0:
        return f"on the validation samples no p lowers the AURC, which is at best {areas}"
    return f"on the validation samples the best AURC is not clearly lower, {areas}"


def _describe_change(gain: Difference, level: float) -> str:
    change = f", by {-100 * gain.estimate:+.3f} percentage points"
    if gain.interval is None:
        return change
    high, low = (f"{-100 * end:+.3f}" for end in gain.interval)
    return f"{change} ({100 * level:g} % interval {low} to {high})"


def _verdict(report: SelectiveReport, gain: Difference) -> str:
    if not report.has_intervals:
        return "How much of this is chance cannot be told where rows depend on each other"
    if gain.interval is None:
        return "How much of this is chance cannot be told from so few wrong or right answers"
    low, high = gain.interval
    if low <= 0 <= high:
        return "It does not clearly change the order"
    return "It clearly improves the order" if low > 0 else "No, it makes the order worse"


def _bounds(report: SelectiveReport) -> list[tuple[float, float]]:
    """The certified bounds of the AURC of a sketch, before and after."""
    metrics = [result.metrics for result in (report.msp, report.repaired) if result is not None]
    return [(one["aurc_bound_low"] or 0.0, one["aurc_bound_high"] or 0.0) for one in metrics]


def _verdict_by_bounds(before: tuple[float, float], after: tuple[float, float]) -> str:
    """Of so many samples that chance is no matter, whatever lies between the bounds is."""
    if after[1] < before[0]:
        return "It improves the order"
    return "No, it makes the order worse" if after[0] > before[1] else "The bounds of the sketch do not tell"
