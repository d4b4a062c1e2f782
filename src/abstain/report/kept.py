"""What is kept of each sample of test data: its confidence and error, or of very many only the counts of a sketch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_confidence_error
from abstain.curve.clusters import Clusters
from abstain.curve.curve import RiskCoverageCurve, curve_of_checked
from abstain.curve.sketch import RiskCoverageSketch

Array = NDArray[np.float64]
Metrics = dict[str, float | None]


class Kept(Protocol):
    """The confidences of one score, as far as they are kept."""

    confidence: Array
    """(N,) in the order of the samples; (0,) where only counts are kept."""

    def add(self, confidence: Array, error: Array) -> None:
        """Keep more samples, both (n,)."""

    def measure(
        self, error: Array, target_risks: tuple[float, ...], level: float, clusters: Clusters | None = None
    ) -> tuple[RiskCoverageCurve, Metrics]:
        """Their curve, and the usual numbers of it; `error` is that of all samples, if it is kept."""


def interval_of_aurc(curve: RiskCoverageCurve, level: float) -> Metrics:
    """The metrics `aurc_low` and `aurc_high`; None where wrong answers, or right ones, are too few."""
    return dict(zip(("aurc_low", "aurc_high"), curve.aurc_interval(level) or (None, None), strict=True))


@dataclass
class EverySample:
    """All confidences, as float64, since their ranks are what counts.

    Attributes:
        confidence: (N,), of which the first `n_kept` are there.
        n_kept: how many.
    """

    confidence: Array
    n_kept: int = 0

    def add(self, confidence: Array, error: Array) -> None:
        """Keep more samples, both (n,)."""
        self.confidence[self.n_kept : self.n_kept + len(confidence)] = confidence
        self.n_kept += len(confidence)

    def measure(
        self, error: Array, target_risks: tuple[float, ...], level: float, clusters: Clusters | None = None
    ) -> tuple[RiskCoverageCurve, Metrics]:
        """Their curve, and the usual numbers of it with the interval of AURC; `error` is (N,)."""
        curve = curve_of_checked(*check_confidence_error(self.confidence, error), clusters)
        return curve, {**curve.summary(target_risks), **interval_of_aurc(curve, level)}


@dataclass
class Counts:
    """The counts of a sketch, in fixed memory.

    Attributes:
        sketch: of all samples so far.
        confidence: none.
    """

    sketch: RiskCoverageSketch = field(default_factory=RiskCoverageSketch)
    confidence: Array = field(default_factory=lambda: np.empty(0))

    def add(self, confidence: Array, error: Array) -> None:
        """Count more samples, both (n,)."""
        self.sketch.update(confidence, error)

    def measure(
        self, error: Array, target_risks: tuple[float, ...], level: float, clusters: Clusters | None = None
    ) -> tuple[RiskCoverageCurve, Metrics]:
        """The curve of the bins, its numbers, and the certified bounds of AURC; there is no interval."""
        curve, (low, high) = self.sketch.curve(), self.sketch.aurc_bounds()
        bounds = {"aurc_low": None, "aurc_high": None, "aurc_bound_low": low, "aurc_bound_high": high}
        return curve, {**curve.summary(target_risks), **bounds}
