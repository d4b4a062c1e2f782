"""All that is asked of a model's confidence, measured once: its order, repairs, scores and thresholds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._arguments import check_numbers, check_whole
from abstain._checks import InputError, check_fraction, check_inner_fraction, check_level
from abstain.audit.decisions import Decision, Scored, decide
from abstain.audit.diagnosis import Diagnosis, diagnose_batches
from abstain.audit.images_of_pixels import Images, images_of_report
from abstain.audit.logit_shape import LogitShape
from abstain.audit.per_group import OfGroup, by_group
from abstain.audit.score_gains import ScoreGain, score_gains
from abstain.audit.seen import Seen, scores_of, see
from abstain.audit.shift import COVERAGE, THRESHOLDS, Others, Shift, counts_of, of_known_classes, of_sources, told_apart
from abstain.audit.stored import in_memory
from abstain.figures.equal_confidence import FEWEST, AtEqualConfidence, at_equal_confidence
from abstain.logits.held_out import hold_out
from abstain.report.predictions import CONFIDENCE, evaluate_predictions
from abstain.report.selective_report import SelectiveReport
from abstain.report.sketch_report import SketchReport
from abstain.scores.by_kind import REPAIR, confidence_of_kind, fit_confidence, scored_in_batches, why_no_logarithms
from abstain.scores.confidence import Confidence, SoftmaxScore
from abstain.scores.given import GivenConfidence

TARGET_RISKS = (0.05, 0.02, 0.01)
DELTA = 0.05
MAX_LOGIT = "max logit, centred"


@dataclass(frozen=True, eq=False)
class Audit:
    """What was found of one model.

    Attributes:
        name: what the model is called.
        report: of its confidence on the test samples, by MSP and after its repair.
        diagnosis: whether it looks smoothed; None where that cannot be asked.
        undiagnosed: why not.
        scores: every confidence beside MSP; MSP alone where a confidence is given.
        confidence: that which the thresholds are on: the repair where the validation samples are clearly in favour.
        decisions: for each target risk a threshold without a guarantee, and one with; none without validation samples.
        classes: what the threshold of `class_risk` does to each predicted class; none where there is no threshold.
        class_risk: the target risk of that threshold.
        images: what abstaining from whole images is worth; None where rows are no pixels of `FEWEST_IMAGES` or more.
        shift: what each source of the test samples shows; None where they are not told apart.
        n_validation: how many validation samples there were; None without any.
        n_chosen_on: on how many of these the thresholds were chosen; None where none could be.
        labels: (N,) of the test samples; None where a confidence is given.
        max_logit: the largest logit of right and of wrong answers at equal MSP; None where there is nothing to see.
    """

    name: str
    report: SelectiveReport
    diagnosis: Diagnosis | None = None
    undiagnosed: str | None = None
    scores: tuple[ScoreGain, ...] = ()
    confidence: Confidence = field(default_factory=SoftmaxScore)
    decisions: tuple[Decision, ...] = ()
    classes: tuple[OfGroup, ...] = ()
    class_risk: float | None = None
    images: Images | None = None
    shift: Shift | None = None
    n_validation: int | None = None
    n_chosen_on: int | None = None
    labels: NDArray[np.int64] | None = field(default=None, repr=False)
    max_logit: AtEqualConfidence | None = field(default=None, repr=False)

    def with_notes(self, notes: Iterable[str]) -> Audit:
        """The same, whose report says more of what has to be known."""
        return replace(self, report=replace(self.report, notes=(*self.report.notes, *notes)))

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON: fractions, with None for what is undefined."""
        return {
            **self.report.to_dict(),
            "n_validation": self.n_validation,
            "n_chosen_on": self.n_chosen_on,
            "diagnosis": None if self.diagnosis is None else self.diagnosis.to_dict(),
            "undiagnosed": self.undiagnosed,
            "beside_msp": [one.to_dict() for one in self.scores],
            "thresholds": {
                "confidence": self.confidence.to_dict(),
                "decisions": [one.to_dict() for one in self.decisions],
            },
            "classes": {"target_risk": self.class_risk, "predicted": [one.to_dict() for one in self.classes]},
            "images": None if self.images is None else self.images.to_dict(),
            "shift": None if self.shift is None else self.shift.to_dict(),
        }


def audit_predictions(
    test: Any,
    validation: Any = None,
    *,
    name: str = "",
    class_names: Sequence[str] | None = None,
    target_risks: Iterable[float] = TARGET_RISKS,
    delta: float = DELTA,
    level: float = 0.95,
    seed: int = 0,
    coverage: float = COVERAGE,
    out_of_distribution: Sequence[str] = (),
    step: Callable[[str], Any] = lambda _: None,
) -> Audit:
    """Measure all that can be said of a model's predictions.

    What has to be fitted or chosen is so on the validation samples alone: the repair that is reported on all of them;
    for the thresholds the repair on one half, and the threshold on the other.

    Args:
        test: what is measured, as `logits.read_predictions` or `logits.read_or_open` gives it.
        validation: other samples of the same kind; None: nothing is repaired, and no threshold chosen.
        name: what the model is called.
        class_names: in the order of the classes, where none came with the predictions.
        target_risks: for which thresholds are chosen, fractions in (0, 1).
        delta: of the guarantees, a fraction in (0, 1).
        level: nominal coverage of the intervals, in (0, 1).
        seed: of the halves.
        coverage: at which is counted what is accepted of each source of the test samples, in (0, 1].
        out_of_distribution: sources whose samples are of no known class: their labels are not looked at, and they count
            only where the sources are looked at, each accepted one as an error.
        step: told what is done next, for a progress bar.

    Raises:
        InputError: as `evaluate_logits`; so many samples that no confidence of each can be kept; or no such sources.
    """
    told = {"target_risks": target_risks, "delta": delta, "level": level, "seed": seed, "coverage": coverage}
    how = check_settings(told)
    risks, delta = how["target_risks"], how["delta"]
    is_given = test.kind == CONFIDENCE
    step("reading")
    test, validation = in_memory(test), None if validation is None else in_memory(validation)
    unknown = told_apart(test.source, out_of_distribution)
    others, test = (None, test) if unknown is None else (test.taken(unknown), test.taken(~unknown))
    validation = of_known_classes(validation, out_of_distribution)
    step("measuring")
    report = evaluate_predictions(test, None if is_given else validation, target_risks=risks, level=level)
    if isinstance(report, SketchReport):
        raise InputError(
            f"there are {report.n_samples:,} test samples, of which an audit would keep a dozen numbers each: give a "
            "part of them, or measure all with the command abstain evaluate"
        )
    n_validation = None if validation is None else len(validation)
    found = Audit(name, report, images=images_of_report(report), n_validation=n_validation)
    step("choosing thresholds")
    found, choose = _with_halves(found, test, validation, seed)
    if is_given:
        seen = None
        scored: Scored = (test.confidence, report.error)
    else:
        step("looking at every score")
        names = scores_of(test.in_batches()) if report.unrepaired is None else []
        seen = see(test.in_batches(), names, found.confidence)
        scored = (seen.confidence, report.error)
        found = replace(found, scores=score_gains(report, seen.scores), labels=seen.labels)
    found = _decided(found, choose, scored, risks, delta if report.independent else None)
    if test.source is not None:
        there = {
            "coverage": coverage,
            "target_risks": risks,
            "n_validation": counts_of(validation),
        }
        found = replace(found, shift=_shift(found, test.source, scored, others, there))
    if seen is None:
        return replace(found, undiagnosed="it needs the logits of all classes, and only a confidence is given")
    step("looking for smoothing")
    return _diagnosed(_by_class(found, scored, seen, test.class_names or _named(class_names, test)), test)


def check_settings(how: dict[str, Any]) -> dict[str, Any]:
    """The settings of `audit_predictions`, checked, so that wrong ones are refused before anything is read.

    Raises:
        InputError: a risk, δ or level outside (0, 1), a seed below 0, or a coverage outside (0, 1].
    """
    named = check_numbers("target_risks", how["target_risks"])
    risks = tuple(check_inner_fraction("target_risk", risk) for risk in named)
    delta = check_inner_fraction("delta", how["delta"])
    seed = check_whole("seed", how["seed"], at_least=0)
    coverage = check_fraction("coverage", how.get("coverage", COVERAGE), open_below=True)
    level = check_level(how["level"])
    return {"target_risks": risks, "delta": delta, "level": level, "seed": seed, "coverage": coverage}


def _named(names: Sequence[str] | None, test: Any) -> Sequence[str] | None:
    n_classes = max(test.in_batches().n_columns, 2)
    if names is not None and len(names) != n_classes:
        raise InputError(
            f"{len(names)} class_names are given, but the predictions have {n_classes} classes: give a name for each"
        )
    return names


Choose = Callable[[Scored, float, float | None], Decision]


def _with_halves(found: Audit, test: Any, validation: Any, seed: int) -> tuple[Audit, Choose | None]:
    """The confidence that one half of the validation samples fits, and how the other chooses; None without any."""
    if test.kind == CONFIDENCE:
        found = replace(found, confidence=GivenConfidence())
    else:
        found = replace(found, confidence=confidence_of_kind(SoftmaxScore(), test.kind))
    if validation is None or len(validation) < 2:
        return found, None
    fitted_on, chosen_on = hold_out(validation, 0.5, seed=seed)
    if test.kind != CONFIDENCE and found.report.unrepaired is None:
        found = replace(found, confidence=fit_confidence(REPAIR, fitted_on.in_batches()))
    found = replace(found, n_chosen_on=len(chosen_on))
    tuning, chosen = (_scored(part, found.confidence) for part in (fitted_on, chosen_on))
    level = found.report.level if found.report.independent else None
    return found, lambda scored, risk, delta: decide(chosen, scored, risk, delta, tuning, level=level)


def _scored(samples: Any, confidence: Confidence) -> Scored:
    if samples.kind == CONFIDENCE:
        return samples.confidence, samples.error
    scored, error, _ = scored_in_batches(samples.in_batches(), confidence)
    return scored, error


def _decided(found: Audit, choose: Choose | None, scored: Scored, risks: Iterable[float], delta: float | None) -> Audit:
    if choose is None:
        return found
    deltas = (None,) if delta is None else (None, delta)
    return replace(found, decisions=tuple(choose(scored, risk, each) for risk in risks for each in deltas))


def _shift(found: Audit, source: NDArray[Any], scored: Scored, others: Any, there: dict[str, Any]) -> Shift:
    unknown = None
    if others is not None:
        by_name = {one.name: _scored(others, one.scored_by)[0] for one in found.report.results}
        unknown = Others(others.source, {**by_name, THRESHOLDS: _scored(others, found.confidence)[0]})
    return of_sources(found.report, source, scored=scored, decisions=found.decisions, others=unknown, **there)


def _at_equal_msp(report: SelectiveReport, shape: LogitShape) -> AtEqualConfidence | None:
    """None of too few errors to draw, and where a mean over tied values says nothing of the others."""
    if report.n_errors < FEWEST or shape.has_ties:
        return None
    told = at_equal_confidence(shape.height, shape.log_odds, shape.error, quantity=MAX_LOGIT)
    return replace(told, independent=report.independent)


def _by_class(found: Audit, scored: Scored, seen: Seen, names: Any) -> Audit:
    """At the first risk that has a threshold."""
    for one in found.decisions:
        if one.threshold is not None:
            told: dict[str, Any] = {"threshold": one.threshold, "target_risk": one.target_risk, "names": names}
            told["independent"] = found.report.independent
            classes = by_group(*scored, seen.predicted, **told)
            return replace(found, classes=classes, class_risk=one.target_risk)
    return found


def _diagnosed(found: Audit, test: Any) -> Audit:
    values = test.in_batches()
    undefined = found.report.unrepaired or why_no_logarithms(values)  # of which a report without a repair says nothing
    if undefined is not None:
        return replace(found, undiagnosed=undefined)
    if values.n_columns <= 2:
        return replace(found, undiagnosed="with two classes the largest logit is a function of the confidence")
    shape = LogitShape.of(values)
    found = replace(found, max_logit=_at_equal_msp(found.report, shape))
    if not found.report.has_intervals:
        return replace(found, undiagnosed="rows depend on each other, and nothing tells which of them do")
    told: dict[str, Any] = {"clusters": found.report.clusters, "level": found.report.level}
    return replace(found, diagnosis=diagnose_batches(values, shape=shape, **told))
