"""The difference of two ways of training, each run with several seeds and tested on the same samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from abstain._arrays import to_numpy
from abstain._checks import InputError, are_binary, check_level
from abstain.curve.curve import Area
from abstain.curve.difference import Difference
from abstain.curve.error_blocks import effective_number
from abstain.curve.intervals import FEWEST
from abstain.curve.sample_influence import area_and_influence

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DifferenceOverSeeds(Difference):
    """An estimated difference a - b of two ways of training, with its uncertainty over seeds *and* test samples.

    Attributes:
        of_seeds: (S,) float64, a - b of each seed, whose mean is the estimate.
        seeds_standard_error: of the estimate if the test samples were the whole population.
        samples_standard_error: of the estimate if there were no other seeds than these.
        degrees_of_freedom: of the interval, at least S - 1; infinite where all seeds agree.
    """

    of_seeds: Array
    seeds_standard_error: float
    samples_standard_error: float
    degrees_of_freedom: float


def difference_over_seeds(
    confidence_a: Any, error_a: Any, confidence_b: Any, error_b: Any, *, area: Area = "aurc", level: float = 0.95
) -> DifferenceOverSeeds:
    """Mean over seeds of an area of a minus that of b; negative if a is better, but for the failure AUROC.

    The model is that of several readers who all see the same cases (Dorfman, Berbaum and Metz 1992): runs are readers,
    and the influence ψ_s(k) of sample k on the difference T_s of seed s is its pseudo-value. To first order

        T_s = θ + B_s + mean over k of ψ_s(k),    ψ_s(k) = ψ_0(k) + δ_s(k),

    where B_s is what the seed does to the run as a whole (variance β over seeds), ψ_0 what a sample does with every
    seed, and δ_s what it does with this one, independent of each other and with mean 0. So the mean over S seeds has
    the variance

        β / S + var(ψ_0) / N + var(δ) / (N S).

    The variance of the T_s over the seeds, divided by S, has the expectation β / S + var(δ) / (N S); that of the mean
    influence over the samples, divided by N, has var(ψ_0) / N + var(δ) / (N S). Their sum V is the estimate: it holds
    the last term twice, so on average it is too large by that; to take the term off again costs more in coverage with
    few seeds than it saves in width. The interval is Student's with Satterthwaite's
    (S - 1) · (V / v)² degrees of freedom, v the part of the seeds; that of the N samples is known well beside it.
    `docs/recipes.md` tells how often it holds the true difference.

    Args:
        confidence_a: (S, N) confidence of the runs of a, larger is accepted first; a list of S arrays too.
        error_a: (S, N) their errors.
        confidence_b: (S, N) of the runs of b: on the same N samples in the same order, and run s with the seed of a's.
        error_b: (S, N) their errors.
        area: "aurc", "risk", "augrc" or "failure_auroc".
        level: nominal coverage of the interval, in (0, 1).

    Returns:
        The mean difference, with its standard error, interval and p-value over both; the latter two are None as in
        `aurc_difference`, the errors of all runs counted together.

    Raises:
        InputError: as `risk_coverage_curve`; less than two seeds, or not as many of each; runs of several lengths.
    """
    level = check_level(level)
    confidence_a, confidence_b = (_each(of, "confidence") for of in (confidence_a, confidence_b))
    error_a, error_b = (_each(of, "error") for of in (error_a, error_b))
    n_runs = {len(runs) for runs in (confidence_a, error_a, confidence_b, error_b)}
    if len(n_runs) > 1 or min(n_runs) < 2:
        found = " and ".join(map(str, sorted(n_runs)))
        raise InputError(f"there are {found} runs, but a difference over seeds needs the same 2 or more of a and b")
    a = [area_and_influence(*run, area) for run in zip(confidence_a, error_a, strict=True)]
    b = [area_and_influence(*run, area) for run in zip(confidence_b, error_b, strict=True)]
    lengths = sorted({len(influence) for _, influence in (*a, *b)})
    if len(lengths) > 1:
        raise InputError(f"the runs have {lengths[0]} to {lengths[-1]} samples: the difference needs the same ones")
    of_seeds = np.array([area_of_a - area_of_b for (area_of_a, _), (area_of_b, _) in zip(a, b, strict=True)])
    influence = np.array([of_a - of_b for (_, of_a), (_, of_b) in zip(a, b, strict=True)])
    return _interval(of_seeds, influence, level, told=not _are_few(error_a, error_b))


def _interval(of_seeds: Array, influence: Array, level: float, *, told: bool) -> DifferenceOverSeeds:
    n_seeds, n_samples = influence.shape
    seeds = float(of_seeds.var(ddof=1)) / n_seeds
    samples = float(np.sum(influence.mean(axis=0) ** 2)) / n_samples**2
    estimate, error = float(of_seeds.mean()), float(np.sqrt(seeds + samples))
    freedom = (n_seeds - 1) * ((seeds + samples) / seeds) ** 2 if seeds > 0 else np.inf
    low = high = p_value = None
    if told and error > 0:
        finite = min(freedom, 1e9)  # where Student's distribution is the normal one
        half = float(stdtrit(finite, (1 + level) / 2)) * error
        low, high = estimate - half, estimate + half
        p_value = float(2 * stdtr(finite, -abs(estimate) / error))
    spread = {"seeds_standard_error": float(np.sqrt(seeds)), "samples_standard_error": float(np.sqrt(samples))}
    found = Difference(estimate, error, low, high, p_value)
    return DifferenceOverSeeds(**vars(found), of_seeds=of_seeds, **spread, degrees_of_freedom=float(freedom))


def _each(runs: Any, what: str) -> list[NDArray[Any]]:
    """One array a run: of the rows of an array, a tensor or a table, or of what a list holds."""
    rows = runs if isinstance(runs, list | tuple) else to_numpy(runs, f"{what} of the runs")
    if not isinstance(rows, list | tuple) and rows.ndim != 2:
        raise InputError(
            f"{what} of the runs has shape {rows.shape}, but must be (S, N): a row of samples for each seed"
        )
    return [to_numpy(row, what) for row in rows]


def _are_few(error_a: list[NDArray[Any]], error_b: list[NDArray[Any]]) -> bool:
    """Whether the errors of all runs together, each sample with as many as it has, or the correct answers, are few."""
    errors = np.array([*error_a, *error_b], dtype=np.float64)
    kinds = [errors.sum(axis=0), (1 - errors).sum(axis=0)] if are_binary(errors) else [errors.sum(axis=0)]
    return any(effective_number(kind) < FEWEST for kind in kinds)
