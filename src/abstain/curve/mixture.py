"""Selective classification where samples of no known class come too (SCOD): to accept one of these is an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from abstain._checks import check_binary, check_fraction
from abstain.curve.curve import risk_coverage_curve

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

ROUNDING = 1e-12
"""Of weighted shares: what is less than that apart is equal."""


@dataclass(frozen=True, eq=False)
class ScodCurve:
    """The risk-coverage curve of a mixture: a share β of what comes is out of distribution, the rest in distribution.

    At a threshold, coverage is (1 - β)·a + β·b, with a and b the accepted shares of the two, and the selective risk is
    ((1 - β)·e + β·b) / coverage, with e the share of all in-distribution samples that are accepted and wrong: each
    accepted sample from out of distribution counts as one error. Made by `scod_curve`.

    Attributes:
        beta: β, in [0, 1).
        n_in: N, in-distribution samples.
        n_out: O, the others.
        threshold: (M,) float64, the distinct confidences of both, descending.
        accepted_in: (M,) int64, how many in-distribution samples are accepted.
        wrong_in: (M,) int64, how many of these are wrong.
        accepted_out: (M,) int64, how many of the others are accepted.
    """

    beta: float
    n_in: int
    n_out: int
    threshold: Array = field(repr=False)
    accepted_in: Counts = field(repr=False)
    wrong_in: Counts = field(repr=False)
    accepted_out: Counts = field(repr=False)

    @cached_property
    def coverage(self) -> Array:
        """(M,) float64 in [0, 1], ascending: the accepted share of the mixture."""
        return self._share(self.accepted_in, self.accepted_out)

    def _share(self, inside: Counts, outside: Counts) -> Array:
        """What so many samples of both are of the mixture."""
        return (1 - self.beta) * inside / self.n_in + self.beta * outside / self.n_out

    @cached_property
    def risk(self) -> Array:
        """(M,) float64, the selective risk in [0, 1] at each threshold; NaN where nothing is accepted."""
        wrong, accepted = self._share(self.wrong_in, self.accepted_out), self.coverage
        return np.divide(wrong, accepted, out=np.full(len(accepted), np.nan), where=accepted > 0)

    def aurc(self) -> float:
        """Area under the risk-coverage curve of the mixture, in the convention `"mean"`; lower is better.

        Each sample counts with its weight in the mixture, so without a β of one's own it is the AURC of all samples
        together. In a block of ties, whose order is unknown, each counts with the mean weight and error of the block.

        Returns:
            In [0, 1].
        """
        inside, wrong_inside, outside = (
            np.diff(counts, prepend=0) for counts in (self.accepted_in, self.wrong_in, self.accepted_out)
        )
        weight, wrong = self._share(inside, outside), self._share(wrong_inside, outside)
        counts = weight > 0  # with β = 0 some have no weight
        n, weight, wrong = (inside + outside)[counts], weight[counts], wrong[counts]
        before, wrong_before = (np.cumsum(sums) - sums for sums in (weight, wrong))
        places = before * n / weight  # of samples of this weight: how many would come before
        sums = digamma(places + n + 1) - digamma(places + 1)  # Σ 1 / (places + j) of j from 1 to n
        sums[n == 1] = 1 / (places[n == 1] + 1)
        return float(np.sum(wrong + (wrong_before - places * wrong / n) * sums))

    def coverage_at_risk(self, target_risk: float) -> float:
        """Largest coverage of the mixture whose selective risk is at most `target_risk`; higher is better.

        Returns:
            A fraction in [0, 1]; 0.0 if no threshold qualifies.

        Raises:
            InputError: `target_risk` outside [0, 1].
        """
        place = self.place_at_risk(target_risk)
        return 0.0 if place is None else float(self.coverage[place])

    def place_at_risk(self, target_risk: float) -> int | None:
        """The last place in the arrays whose risk is at most `target_risk`, in [0, 1]; None if there is none."""
        places = np.flatnonzero(self.risk <= check_fraction("target_risk", target_risk))
        return int(places[-1]) if len(places) else None

    def risk_at_coverage(self, target_coverage: float) -> float:
        """Selective risk at the smallest reachable coverage of at least `target_coverage`; lower is better.

        Returns:
            In [0, 1].

        Raises:
            InputError: `target_coverage` outside (0, 1].
        """
        target_coverage = check_fraction("target_coverage", target_coverage, open_below=True)
        place = np.searchsorted(self.coverage, target_coverage - ROUNDING)
        return float(self.risk[min(int(place), len(self.risk) - 1)])


def scod_curve(confidence: Any, error: Any, out_confidence: Any, *, beta: float | None = None) -> ScodCurve:
    """The risk-coverage curve where a share of what comes is out of distribution, and an error wherever it is accepted.

    The problem is that of Kim et al. 2021 and of Xia and Bouganis 2022 (arXiv 2207.07506), whose mixture holds a share
    α = 1 - β from in distribution. An accepted sample from out of distribution costs as much as an error; where it
    should cost more or less, give `risk_coverage_curve` all samples together, with that cost as the loss of these.

    Args:
        confidence: (N,) real, of in-distribution samples; larger is accepted first.
        error: (N,) in {0, 1}, theirs.
        out_confidence: (O,) real, of out-of-distribution samples, on the same scale.
        beta: β, the share of out-of-distribution samples in what comes, in [0, 1); None for O / (N + O), as given.

    Returns:
        The curve, with one operating point for each distinct confidence.

    Raises:
        InputError: as `risk_coverage_curve`; an error that is neither 0 nor 1, or a β outside [0, 1).

    Example:
        >>> curve = scod_curve([4, 3, 1], [0, 0, 1], [2], beta=0.4)
        >>> curve.coverage.round(3).tolist(), curve.risk.round(3).tolist()
        ([0.2, 0.4, 0.8, 1.0], [0.0, 0.0, 0.5, 0.6])
    """
    inside = risk_coverage_curve(confidence, error)
    check_binary("the curve with out-of-distribution samples", is_binary=inside.is_binary, instead="give 0 and 1")
    outside = risk_coverage_curve(out_confidence, np.ones(np.shape(out_confidence)))
    n_in, n_out = inside.n_samples, outside.n_samples
    beta = n_out / (n_in + n_out) if beta is None else check_fraction("beta", beta, open_above=True)
    threshold = np.union1d(inside.threshold, outside.threshold)[::-1]
    accepted_in, wrong_in = inside.counts_at(threshold)
    accepted_out, _ = outside.counts_at(threshold)
    return ScodCurve(beta, n_in, n_out, threshold, accepted_in, wrong_in.astype(np.int64), accepted_out)
