"""What to do next: command lines with what they are for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from abstain.report.notes import FEW_ERRORS
from abstain.report.order import is_spoilt_at_top
from abstain.report.repair import helps, repair_name, why_undefined
from abstain.scores.logit_norm import LogitNorm
from abstain.threshold.bounds import fewest_to_show, upper_bound

if TYPE_CHECKING:
    from abstain.report.selective_report import ScoreResult, SelectiveReport

DELTA = 0.05
"""The probability with which the proposed guarantee may fail."""
STAND_INS = {
    "TEST": "the file of these samples",
    "VALIDATION": "a file of other labelled samples",
    "LOGITS": "the folder in which `--output-dir` keeps what the model says",
}
"""Words in capitals in the commands, and what they stand for."""
SHARED = "all of these samples, which are validation samples from then on, never reported"


@dataclass(frozen=True)
class Commands:
    """How command lines name the samples.

    Attributes:
        test: where the test samples lie, with the options for these alone, such as a split.
        validation: the same of the validation samples, where they have a place of their own.
        options: what is told of both, such as `--input probabilities`.
        model: the folder of the model that said it, if it is known.
        are_shared: whether the validation samples lie among the test samples, out of which a share was held.
        has_rule: whether the folder of the model holds a rule already.
    """

    test: str = "TEST"
    validation: str = "VALIDATION"
    options: str = ""
    model: str | None = None
    are_shared: bool = False
    has_rule: bool = False

    def evaluate(self, more: str) -> str:
        """The command that measures the test samples."""
        return self._command("evaluate", self.test, more)

    def threshold(self, more: str) -> str:
        """The command that chooses a threshold on the validation samples."""
        return self._command("threshold", self.validation, more)

    def _command(self, name: str, samples: str, more: str) -> str:
        return f"`{' '.join(filter(None, ['abstain', name, samples, self.options, more]))}`"


def describe_next_steps(
    report: SelectiveReport, commands: Commands, *, smoothing: Iterable[str] | None = None
) -> Iterator[str]:
    """What these numbers suggest to do, the first thing first.

    Args:
        report: what was measured.
        commands: how the commands name the samples.
        smoothing: what is to be said of label smoothing, where that was looked into; None: by the order alone.
    """
    suspected = _suspect_smoothing(report) if smoothing is None else smoothing
    steps = [*_try_the_repair(report, commands), *suspected, *_choose_a_threshold(report, commands)]
    steps += _measure_more(report)
    steps += _stand_ins(" ".join(steps))
    for number, step in enumerate(steps or [_nothing(report)]):
        yield f"{'What next? ' if number == 0 else ''}{step}"


def _stand_ins(steps: str) -> Iterator[str]:
    told = [f"{word} stands for {what}" for word, what in STAND_INS.items() if re.search(rf" {word}[ `]", steps)]
    if told:
        yield f"In these commands {', and '.join(told)}."


def _nothing(report: SelectiveReport) -> str:
    if report.n_samples < FEW_ERRORS:
        return (
            f"Measure more samples: {report.n_samples} {'is' if report.n_samples == 1 else 'are'} too few to tell "
            f"whether a threshold helps, which takes at least {FEW_ERRORS} right and {FEW_ERRORS} wrong answers."
        )
    return "Nothing: no threshold can help here, only another model."


def _try_the_repair(report: SelectiveReport, commands: Commands) -> Iterator[str]:
    if report.repaired is None and why_undefined(report) is None and report.msp.curve.failure_auroc() is not None:
        yield (
            f"See whether {repair_name(report)} helps, with other samples to fit it on "
            f"({commands.evaluate('--validation VALIDATION')}) or with a share of these that is then not reported "
            f"({commands.evaluate('--validation-fraction 0.5')})."
        )


def _suspect_smoothing(report: SelectiveReport) -> Iterator[str]:
    if is_spoilt_at_top(report) or helps(report):
        yield (
            "If the model was trained with label smoothing, suspect that first: it is known to spoil this order while "
            "it lowers the error; compare with a model trained without."
        )


def _choose_a_threshold(report: SelectiveReport, commands: Commands) -> Iterator[str]:
    if report.msp.curve.failure_auroc() is None:
        return
    risk, _ = _worth_a_threshold(report)
    if risk is None:
        yield from _ask_for_another_risk(report, commands)
    elif not report.independent:
        which = SHARED if commands.are_shared else "other samples than these"
        yield (
            f"Choose the threshold on {which}: {commands.threshold(f'--target-risk {risk:g}')}; it comes without a "
            "guarantee, since rows depend on each other."
        )
    else:
        yield _guarantee(report, commands, risk)


def _better(report: SelectiveReport) -> ScoreResult:
    """The repair where it clearly helps, else MSP."""
    return report.repaired if report.repaired is not None and helps(report) else report.msp


def _worth_a_threshold(report: SelectiveReport) -> tuple[float | None, float]:
    """The first target risk at which some samples can be answered, but not all, and their share; (None, 0) if none."""
    coverages = ((risk, _better(report).metrics[key] or 0.0) for key, risk in report.target_risks.items())
    return next(((risk, coverage) for risk, coverage in coverages if 0 < coverage < 1 and risk > 0), (None, 0.0))


def _ask_for_another_risk(report: SelectiveReport, commands: Commands) -> Iterator[str]:
    """Where everything can be answered at these risks, or nothing of enough samples."""
    error = report.n_errors / report.n_samples
    lower = error <= min(report.target_risks.values(), default=0)
    risk = _risk_in_reach(report, error)
    if risk is not None and (lower or report.n_errors >= FEW_ERRORS):
        way = "a lower" if lower else "another"
        yield f"Ask for {way} target risk: {commands.evaluate(f'--target-risk {risk:g}')}."


def _risk_in_reach(report: SelectiveReport, error: float) -> float | None:
    """Half the error, or more of it, at which some samples can be answered, but not all; None if none is."""
    curve, asked = _better(report).curve, report.target_risks.values()
    risks = [
        float(f"{error * share:.{digits}g}") for share, digits in ((1 / 2, 1), (1 / 2, 2), (3 / 4, 2), (9 / 10, 2))
    ]
    return next((risk for risk in risks if risk not in asked and 0 < curve.coverage_at_risk(risk) < 1), None)


def _guarantee(report: SelectiveReport, commands: Commands, risk: float) -> str:
    options = f"--target-risk {risk:g} --delta {DELTA:g}"
    which = SHARED if commands.are_shared else "validation samples, never on those that are reported"
    if (better := _better(report)) is not report.msp:
        center = " --no-center" if isinstance(better.scored_by, LogitNorm) and not better.scored_by.center else ""
        options += f" --score {better.name}{center} --validation-fraction 0.5"
        fits = "p" if isinstance(better.scored_by, LogitNorm) else repair_name(report)
        which += f", of which one half fits {fits} and the other the threshold"
    return (
        f"Choose the threshold on {which}: {commands.threshold(options)}; it finds one with which, "
        f"with a probability of {100 * (1 - DELTA):g} %, at most {100 * risk:g} % of the answers to new samples like "
        "these are wrong, or says that there are too few samples."
    )


def _measure_more(report: SelectiveReport) -> Iterator[str]:
    """About how many samples would be enough, where these are not."""
    n, wrong = report.n_samples, report.n_errors
    right = n - wrong
    if wrong == 0:
        yield _measure_without_an_error(report)
    elif 0 < min(wrong, right) < FEW_ERRORS:
        count, what = min((wrong, "wrong"), (right, "right"))
        needed = math.ceil(n * FEW_ERRORS / count)
        yield f"Measure more samples: at this error about {needed:,} would hold {FEW_ERRORS} {what} answers."
    else:
        risk, coverage = _worth_a_threshold(report)
        if risk is not None and n * coverage < (fewest := fewest_to_show(risk, DELTA)):
            yield (
                f"Measure more samples: at least {math.ceil(fewest / coverage):,}, so that those that can be answered "
                f"with at most {100 * risk:g} % errors are {fewest}."
            )


def _measure_without_an_error(report: SelectiveReport) -> str:
    risk, still = min(report.target_risks.values(), default=0.01), float(upper_bound(0, report.n_samples, DELTA))
    sentence = (
        f"Measure more samples: without an error, the true share of wrong answers may still be {100 * still:.2g} %"
    )
    if report.n_samples >= fewest_to_show(risk, DELTA):
        return f"{sentence}."
    return f"{sentence}; {fewest_to_show(risk, DELTA):,} without one would show that it is at most {100 * risk:g} %."
