"""Which figures there are of runs, what each needs of a run, and what is drawn of some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from abstain._checks import ArgumentError, InputError
from abstain.figures.equal_confidence import max_logit_of, normalized_at_equal_confidence
from abstain.figures.equal_confidence_figure import at_equal_confidence_figure
from abstain.figures.profiles import logit_profile_figure, profiles_of_batches
from abstain.figures.repair import repair_figure
from abstain.figures.sample_values import SampleValues
from abstain.report.curve_lines import drawn_points
from abstain.report.figures import risk_coverage_figure
from abstain.report.selective_report import ScoreResult, SelectiveReport
from abstain.report.style import Look
from abstain.scores.batches import ValueBatches
from abstain.scores.by_kind import as_logits, scored_in_batches, why_no_logarithms
from abstain.scores.kind_names import OF_PROBABILITIES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Looks = Mapping[str, Look]


@dataclass(eq=False)
class MeasuredRun:
    """What figures are made of.

    Attributes:
        report: what was measured of its test samples.
        batches: their logits, in one pass after the other; None of a confidence that is given.
    """

    report: SelectiveReport
    batches: ValueBatches | None

    def values(self) -> ValueBatches:
        """The values of the classes.

        Raises:
            InputError: there is only a confidence.
        """
        if self.batches is None:
            raise ArgumentError("it needs logits, and only a confidence is given")
        return self.batches

    def logits(self) -> ValueBatches:
        """The logits.

        Raises:
            InputError: there are only probabilities, or a confidence.
        """
        values = self.values()
        if values.kind in OF_PROBABILITIES:
            raise ArgumentError(f"it needs logits, and only probabilities are given ({values.kind})")
        return values

    @cached_property
    def samples(self) -> SampleValues:
        """What is read of each sample: of probabilities their logarithms, which are logits up to a shift of each row.

        Raises:
            InputError: as `values`; a probability of exactly 0, which has no logarithm.
        """
        values = self.values()
        if (why := why_no_logarithms(values)) is not None:
            raise InputError(why)
        return SampleValues.of((as_logits(batch), batch.labels) for batch in values.batches())


@dataclass(frozen=True)
class FigureOfRuns:
    """One of the figures.

    Attributes:
        values: what it shows of a `MeasuredRun`; raises an `InputError` that says why it cannot.
        draw: name of each run -> its values, and how each looks -> the figure, or a table in Markdown.
        told: the values ready for JSON.
    """

    values: Callable[[Any], Any]
    draw: Callable[[Mapping[str, Any], Looks], Figure | str]
    told: Callable[[Any], Any] = lambda values: values.to_dict()


def _of_msp(run: MeasuredRun) -> SelectiveReport:
    return replace(run.report, results=run.report.results[:1])


def _with_repair(run: MeasuredRun) -> SelectiveReport:
    if run.report.repaired is None:
        why = run.report.unrepaired or "it needs a repair, which is fitted on validation samples: give validation="
        raise ArgumentError(why)
    return run.report


def _max_logit(run: MeasuredRun) -> Any:
    return replace(max_logit_of(run.samples), independent=run.report.independent)


def _normalized(run: MeasuredRun) -> Any:
    logits, norm = run.logits(), run.report.logit_norm
    if norm is None:
        raise ArgumentError("it needs a p, which is chosen on validation samples: give validation=")
    if run.samples.n_classes <= 2:
        return max_logit_of(run.samples)  # which says why not
    if norm.p is None:  # no p is convincingly better than MSP, and the best of them is shown
        norm = replace(norm, p=min(norm.search[1:], key=lambda candidate: candidate.aurc).p)
    confidence, _, _ = scored_in_batches(logits, norm)
    assert norm.p is not None
    found = normalized_at_equal_confidence(confidence, run.samples, p=norm.p)
    return replace(found, independent=run.report.independent)


def _told_profiles(profiles: Mapping[str, Any]) -> dict[str, Any]:
    return {name: profile.to_dict() for name, profile in profiles.items()}


def _told_report(report: SelectiveReport) -> dict[str, Any]:
    """The measurements, and the curves as they are drawn."""
    shown = [result for result in (report.msp, report.repaired) if result is not None]
    return {result.name: {"label": result.label, **result.metrics, "curve": _told_curve(result)} for result in shown}


def _told_curve(result: ScoreResult) -> dict[str, list[float]]:
    points = drawn_points(result.curve)
    return {name: getattr(result.curve, name)[points].tolist() for name in ("coverage", "risk")}


FIGURES: dict[str, FigureOfRuns] = {
    "risk_coverage": FigureOfRuns(
        _of_msp, lambda reports, looks: risk_coverage_figure({"": reports}, looks), _told_report
    ),
    "repair": FigureOfRuns(_with_repair, repair_figure, _told_report),
    "max_logit": FigureOfRuns(_max_logit, at_equal_confidence_figure),
    "normalized_max_logit": FigureOfRuns(_normalized, at_equal_confidence_figure),
    "logit_profile": FigureOfRuns(
        lambda run: profiles_of_batches((batch.rows, batch.labels) for batch in run.logits().batches()),
        logit_profile_figure,
        _told_profiles,
    ),
}
"""Name -> the figure, in the order in which they tell the story."""
