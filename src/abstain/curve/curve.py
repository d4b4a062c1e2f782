"""The risk-coverage curve: sort once, then read every area, operating point and interval from one frozen object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from abstain._arrays import check_confidence_error
from abstain._checks import are_binary, check_fraction, check_level
from abstain._threads import over_slices
from abstain.curve import influence, intervals
from abstain.curve.areas import CurveAreas, ends_of_blocks, frozen
from abstain.curve.clusters import ClusteredErrors, Clusters
from abstain.curve.coverage_interval import coverage_at_risk_interval
from abstain.curve.intervals import Interval
from abstain.curve.moments import Moments, unit_of
from abstain.curve.ordered_blocks import blocks_in_order, first_of_block
from abstain.curve.packed_order import DenseRanks, descending_order, in_order
from abstain.curve.packed_sort import sort_samples
from abstain.curve.tie_blocks import TieBlocks, tie_blocks

Array = NDArray[np.float64]
Area = Literal["risk", "aurc", "augrc", "failure_auroc"]


@dataclass(frozen=True, eq=False)
class RiskCoverageCurve(CurveAreas):
    """Every operating point that accepting by `confidence >= threshold` can reach, and what follows from them.

    Samples with equal confidence are accepted or rejected together; areas take the expectation over all their
    orders. So nothing depends on the order of the samples, nor on anything but the ranks of the confidence.
    Made by `risk_coverage_curve`; its arrays are read-only. Intervals are for samples drawn independently, or for
    clusters of them that are. How often each covers the truth, and where it is None for want of errors: see
    docs/intervals.md.

    Attributes:
        n_samples: N.
        is_binary: whether every error is 0 or 1.
    """

    _clustered: ClusteredErrors | None = field(repr=False)

    def aurc_standard_error(self) -> float:
        """Standard error of `aurc()`, in closed form from its influence function; 0.0 without any error."""
        return self.moments("aurc").standard_error

    def aurc_interval(self, level: float = 0.95) -> Interval:
        """Confidence interval of `aurc()` on the log scale.

        Args:
            level: nominal coverage of the interval, in (0, 1).

        Returns:
            (low, high), for 0/1 errors in [0, 1]; None with fewer than 20 errors or fewer than 20 correct samples.
        """
        return self._log_interval("aurc", level, intervals.FEWEST)

    def augrc_interval(self, level: float = 0.95) -> Interval:
        """Confidence interval of `augrc()`, as `aurc_interval`; for 0/1 errors in [0, 1/2]; None with fewer than 5."""
        return self._log_interval("augrc", level, intervals.FEWEST_FOR_AUGRC, highest=0.5)

    def risk_interval(self, level: float = 0.95) -> Interval:
        """Confidence interval of the risk at full coverage on the log scale; None without an error, or only errors.

        Of clusters also where errors, or correct samples, lie in fewer than 5 of equal counts.
        """
        return self._log_interval("risk", level, 1)

    def failure_auroc_interval(self, level: float = 0.95) -> Interval:
        """Confidence interval of `failure_auroc()` on the scale of log-odds (DeLong et al. 1988).

        Returns:
            (low, high) in (0, 1); None where it is undefined, 0 or 1, and where `aurc_interval` is.

        Raises:
            InputError: the errors are not 0/1.
        """
        level, auroc = check_level(level), self.failure_auroc()
        if auroc is None or self._are_few(intervals.FEWEST):
            return None
        moments = self.moments("failure_auroc")
        return intervals.logit_interval(auroc, moments.standard_error, intervals.t_quantile(level, moments))

    def coverage_at_risk_interval(self, target_risk: float, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval of `coverage_at_risk`, in closed form.

        Args:
            target_risk: fraction in [0, 1].
            level: nominal coverage of the interval, in (0, 1).

        Raises:
            InputError: the errors are not 0/1, or an argument is out of its range.
        """
        self._needs_binary("the interval of the coverage at a risk")
        target_risk, level = check_fraction("target_risk", target_risk), check_level(level)
        design = None if self._clustered is None else self._clustered.design(target_risk, level)
        return coverage_at_risk_interval(self._errors, self.n_samples, target_risk, level, design)

    def _log_interval(self, area: Area, level: float, fewest: int, *, highest: float = 1.0) -> Interval:
        level = check_level(level)
        if self._errors.all_equal(self.n_samples) or self._are_few(fewest):
            return None
        moments = self.moments(area)
        alone = area == "risk" and self._clustered is None  # of which the count says all
        quantile = intervals.normal_quantile(level) if alone else intervals.t_quantile(level, moments)
        interval = intervals.log_interval(self._value(area), moments.standard_error, quantile)
        if interval is None or not self.is_binary:
            return interval
        return interval[0], min(interval[1], highest)

    def _are_few(self, fewest: int) -> bool:
        """Whether errors, or correct samples, are fewer than so many of equal size, or lie in too few clusters."""
        wrong = self._errors.effective_number
        few = (min(wrong, self.n_samples - wrong) if self.is_binary else wrong) < fewest
        return few or (self._clustered is not None and self._clustered.are_few(is_binary=self.is_binary))

    def moments(self, area: Area) -> Moments:
        """Sums of powers of the influences on an area, of samples or of the clusters in which they come."""
        slices = self.influences(area)
        unit = 1.0 if self._errors.losses is None else unit_of(float(self._errors.losses.max(initial=0.0)))
        if self._clustered is not None:
            return self._clustered.moments(slices, unit)
        return Moments.of(slices, self.n_samples, unit)

    def influences(self, area: Area) -> Iterator[influence.Influences]:
        """On an area, of all samples, in slices from the least confident up; see `influence`."""
        return _INFLUENCES[area](self)(self.tie_blocks())

    def tie_blocks(self) -> Iterator[TieBlocks]:
        """All tie blocks, those without errors too, in slices from the least confident up."""
        return tie_blocks(self, self._errors, self.n_samples)

    def ranks_up_to(self, stop: int, length: int) -> NDArray[np.int64]:
        """Some of `accepted` up to `stop`, and before them the last one left out; see `tie_blocks.Ranks`."""
        start = first_of_block(self._descending, max(stop - length, 0))
        here = self._descending[start:stop]
        if (here[1:] != here[:-1]).all():  # no ties, which is faster
            return np.arange(start, stop + 1)
        return np.append(start, ends_of_blocks(here) + start)

    def _value(self, area: Area) -> float:
        return float(AREAS[area](self) or 0.0)


AREAS: dict[str, Callable[[RiskCoverageCurve], float | None]] = {
    "risk": lambda curve: curve.risk_at_coverage(1.0),
    "aurc": RiskCoverageCurve.aurc,
    "augrc": RiskCoverageCurve.augrc,
    "failure_auroc": RiskCoverageCurve.failure_auroc,
}
"""Name of an area -> how it is read from a curve."""

_INFLUENCES: dict[str, Callable[[RiskCoverageCurve], influence.InfluenceFunction]] = {
    "risk": lambda curve: influence.risk_influence(curve.n_samples, curve._errors.total),
    "aurc": lambda curve: influence.aurc_influence(curve.n_samples, curve.aurc()),
    "augrc": lambda curve: influence.augrc_influence(curve.n_samples, curve.augrc()),
    "failure_auroc": lambda curve: influence.failure_auroc_influence(
        curve.n_samples, curve._errors.total, float(curve.failure_auroc() or 0.0)
    ),
}


def risk_coverage_curve(confidence: Any, error: Any, *, clusters: Any = None) -> RiskCoverageCurve:
    """Sort the samples by confidence, once, and count.

    Args:
        confidence: (N,) real; larger is accepted first; infinities are ranks like others. NumPy, torch, pandas or list.
        error: (N,) 0/1, or a finite loss of at least 0.
        clusters: (N,) integers or names: what each sample belongs to, such as its image, where samples of one cluster
            depend on each other; it widens the intervals. None: all are independent.

    Returns:
        The curve, with one operating point for each distinct confidence.

    Raises:
        InputError: N = 0, unequal lengths, another shape, NaN, a negative error, or a single cluster.

    Example:
        >>> curve = risk_coverage_curve([0.9, 0.8, 0.8, 0.6], [0, 0, 1, 1])
        >>> curve.coverage.tolist(), curve.risk.tolist()
        ([0.25, 0.75, 1.0], [0.0, 0.3333333333333333, 0.5])
        >>> curve.coverage_at_risk(0.4)
        0.75
    """
    confidence, error = check_confidence_error(confidence, error)
    return curve_of_checked(confidence, error, None if clusters is None else Clusters.read(clusters, len(error)))


def curve_of_checked(
    confidence: NDArray[np.floating[Any]], error: NDArray[Any], clusters: Clusters | None = None
) -> RiskCoverageCurve:
    """The curve of samples that `check_confidence_error` has passed."""
    if clusters is None and all(over_slices(lambda some: are_binary(error[some]), len(error))):
        ascending, blocks = sort_samples(confidence, error)
        return RiskCoverageCurve(len(confidence), True, frozen(ascending)[::-1], blocks, None)
    order, ranks = descending_order(confidence)
    clustered = None if clusters is None else ClusteredErrors(clusters, order, error)
    return _of_order(ranks, in_order(confidence, order), in_order(error, order), clustered)


def curve_of_ranks(ranks: DenseRanks, error: NDArray[Any]) -> RiskCoverageCurve:
    """The curve of samples in their order, most confident first, of which only the ranks are known.

    Its areas and influences are those of the samples; its thresholds are ranks.
    """
    return _of_order(ranks, ranks, error, None)


def _of_order(
    ranks: DenseRanks, descending: NDArray[Any], error: NDArray[Any], clustered: ClusteredErrors | None
) -> RiskCoverageCurve:
    is_binary = all(over_slices(lambda some: are_binary(error[some]), len(error)))
    blocks = blocks_in_order(ranks, error, is_binary=is_binary)
    return RiskCoverageCurve(len(error), is_binary, frozen(descending), blocks, clustered)
