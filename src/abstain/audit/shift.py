"""Test samples that come from several sources: what a confidence is worth in each, and which of them it lets in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._checks import ArgumentError, nearest
from abstain.audit.decisions import Decision, Scored
from abstain.audit.per_group import OfGroup, by_group
from abstain.curve.difference import Difference, aurc_difference
from abstain.curve.functional import aurc
from abstain.curve.mixture import scod_curve
from abstain.figures.sources import AcceptedBySource, accepted_by_source
from abstain.report.scod import ScodReport, ScodResult, scod_metrics
from abstain.report.selective_report import ScoreResult, SelectiveReport
from abstain.threshold.groups import operating_point_by_group

COVERAGE = 0.1
"""Where the paper's table counts what is accepted of each source."""
MOST_SOURCES = 100
THRESHOLDS = ""
"""What stands for the confidence that thresholds are on, among those that have names."""


@dataclass(frozen=True)
class OfSource:
    """The test samples of one source.

    Attributes:
        name: of the source.
        n_samples: how many there are.
        error: the share of them that is wrong; None of a source of no known class, where no answer is right.
        aurc: of MSP, or of the confidence that was given; None as `error`.
        repaired: AURC after the repair; None without one.
        gain: AURC of MSP minus that of the repair, above 0 where it helps; None without one.
    """

    name: str
    n_samples: int
    error: float | None = None
    aurc: float | None = None
    repaired: float | None = None
    gain: Difference | None = None


@dataclass(frozen=True)
class Shift:
    """What several sources of test samples show.

    Attributes:
        sources: each of them, in the order of their names.
        unknown: the names of those of no known class.
        coverage: the accepted share that was asked for.
        accepted: label of a confidence -> what is accepted of each source there; those of `unknown` are errors.
        at_thresholds: what each chosen threshold does to each source, the largest risk first, and then to those of
            `unknown`; none without thresholds.
        let_in: how much can be answered, and what of `unknown` is let in; None without any.
        n_validation: name of each source of validation samples -> how many; None where that is not known.
    """

    sources: tuple[OfSource, ...]
    unknown: tuple[str, ...]
    coverage: float
    accepted: dict[str, AcceptedBySource]
    at_thresholds: tuple[tuple[Decision, tuple[OfGroup, ...]], ...] = ()
    let_in: ScodReport | None = None
    n_validation: dict[str, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON."""
        return {
            "sources": [asdict(one) for one in self.sources],
            "of_no_known_class": list(self.unknown),
            "wanted_coverage": self.coverage,
            "accepted": {label: found.to_dict() for label, found in self.accepted.items()},
            "at_thresholds": [
                {
                    "target_risk": decision.target_risk,
                    "delta": decision.delta,
                    "sources": [one.to_dict() for one in sources],
                }
                for decision, sources in self.at_thresholds
            ],
            "let_in": None if self.let_in is None else self.let_in.to_dict(),
            "n_validation": self.n_validation,
        }


@dataclass(frozen=True, eq=False)
class Others:
    """Samples of no known class: to accept one is an error, whatever the answer.

    Attributes:
        source: (O,) where each comes from.
        confidences: name of each confidence of the report -> (O,); that of the thresholds is `THRESHOLDS`.
    """

    source: NDArray[Any]
    confidences: Mapping[str, NDArray[np.float64]]


def of_sources(
    report: SelectiveReport,
    source: NDArray[Any],
    *,
    scored: Scored,
    decisions: Iterable[Decision] = (),
    coverage: float = COVERAGE,
    others: Others | None = None,
    target_risks: Iterable[float] = (),
    n_validation: dict[str, int] | None = None,
) -> Shift:
    """Look at each source, at all together where a share is accepted, and at the thresholds.

    Args:
        report: of the samples of known classes.
        source: (N,) of the same samples.
        scored: their confidence that the thresholds are on, and their errors.
        decisions: thresholds that were chosen on other samples.
        coverage: the share of all samples to accept, in (0, 1].
        others: samples of no known class that come too.
        target_risks: at which is told how many of these are let in.
        n_validation: as `Shift` keeps it.

    Raises:
        InputError: a coverage outside (0, 1], or too many sources.
    """
    source, results = _names(source), _of_interest(report)
    unknown = np.empty(0, source.dtype) if others is None else _names(others.source)
    every, error = np.concatenate([source, unknown]), np.concatenate([report.error, np.ones(len(unknown))])
    theirs = {one.name: np.empty(0) if others is None else others.confidences[one.name] for one in results}
    mixed = {one.label: np.concatenate([one.confidence, theirs[one.name]]) for one in results}
    return Shift(
        sources=(*_each(report, results, source), *_of_no_class(unknown)),
        unknown=tuple(np.unique(unknown).tolist()),
        coverage=coverage,
        accepted={label: accepted_by_source(one, error, every, coverage=coverage) for label, one in mixed.items()},
        at_thresholds=tuple(
            (
                one,
                (
                    *_known_at(one, one.threshold, scored, source, independent=report.independent),
                    *_unknown_at(one.threshold, others, unknown),
                ),
            )
            for one in decisions
            if one.threshold is not None
        ),
        let_in=None if others is None else _let_in(report, results, others, target_risks),
        n_validation=n_validation,
    )


def told_apart(source: NDArray[Any] | None, unknown: Iterable[str]) -> NDArray[np.bool_] | None:
    """(N,) which samples are of no known class; None where no source is.

    Raises:
        InputError: there is no such source, or no other one.
    """
    unknown = list(unknown)
    if not unknown:
        return None
    if source is None:
        raise ArgumentError("out_of_distribution= names sources, but nothing tells them apart: give source= too")
    names = _names(source)
    there = np.unique(names).tolist()
    for name in unknown:
        if name not in there:
            raise ArgumentError(f"no test sample comes from {name!r} (out_of_distribution=): {nearest(name, there)}")
    found = np.isin(names, unknown)
    if found.all():
        raise ArgumentError(
            "every test sample comes from a source of out_of_distribution=, but some have to be of known classes: "
            "leave one out"
        )
    return found


def of_known_classes(validation: Any, unknown: Iterable[str]) -> Any:
    """Validation samples without those of these sources, which are there where they were held out of a mixture."""
    unknown = list(unknown)
    if validation is None or validation.source is None or not unknown:
        return validation
    return validation.taken(~np.isin(_names(validation.source), unknown))


def counts_of(validation: Any) -> dict[str, int] | None:
    """Name of each source -> how many samples it has; None where nothing tells."""
    if validation is None or validation.source is None:
        return None
    names, counts = np.unique(_names(validation.source), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def _names(source: NDArray[Any]) -> NDArray[Any]:
    names = np.asarray(source).astype(str)
    n = len(np.unique(names))
    if n > MOST_SOURCES:
        raise ArgumentError(
            f"the column of sources has {n:,} different values in {len(names):,} samples, but each source, of at most "
            f"{MOST_SOURCES}, should have many: name the column that tells where samples come from (source=)"
        )
    return names


def _of_interest(report: SelectiveReport) -> list[ScoreResult]:
    """MSP or what was given, and the repair where there is one that is something else."""
    repaired = report.repaired
    return [report.msp] if repaired is None or repaired.falls_back else [report.msp, repaired]


def _each(report: SelectiveReport, results: list[ScoreResult], source: NDArray[Any]) -> list[OfSource]:
    found = []
    for name in np.unique(source).tolist():
        rows = source == name
        error, areas = report.error[rows], [aurc(one.confidence[rows], report.error[rows]) for one in results]
        told = (None, None) if len(results) < 2 else (areas[1], _gain(report, results, rows))
        found.append(OfSource(name, int(rows.sum()), float(error.mean()), areas[0], *told))
    return found


def _gain(report: SelectiveReport, results: list[ScoreResult], rows: NDArray[np.bool_]) -> Difference | None:
    clusters = None if report.clusters is None else report.clusters.of_sample[rows]
    if not report.has_intervals or (clusters is not None and len(np.unique(clusters)) < 2):
        return None
    (msp, repaired), error = (one.confidence[rows] for one in results), report.error[rows]
    return aurc_difference(msp, error, repaired, error, level=report.level, clusters=clusters)


def _known_at(
    decision: Decision, threshold: float, scored: Scored, source: NDArray[Any], *, independent: bool
) -> tuple[OfGroup, ...]:
    told: dict[str, Any] = {"target_risk": decision.target_risk, "independent": independent}
    return by_group(*scored, source, threshold=threshold, **told)


def _unknown_at(threshold: float, others: Others | None, source: NDArray[Any]) -> Iterable[OfGroup]:
    """That all which is accepted is wrong needs no test: the threshold was never meant for these."""
    if others is None:
        return
    confidence = others.confidences[THRESHOLDS]
    for name, point in operating_point_by_group(confidence, np.ones(len(source)), source, threshold=threshold).items():
        yield OfGroup(name, point.n_samples, 1.0, point.coverage, point.risk, None)


def _of_no_class(others: NDArray[Any]) -> Iterable[OfSource]:
    return (OfSource(name, int((others == name).sum())) for name in np.unique(others).tolist())


def _let_in(
    report: SelectiveReport, results: Iterable[ScoreResult], others: Others, target_risks: Iterable[float]
) -> ScodReport:
    """A row a confidence, at the share that these samples are of the mixture."""
    curves = [(one, scod_curve(one.confidence, report.error, others.confidences[one.name])) for one in results]
    risks = tuple(target_risks)
    return ScodReport(tuple(ScodResult(one.scored_by, curve, scod_metrics(curve, risks)) for one, curve in curves))
