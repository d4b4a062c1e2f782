"""How far trained networks' max logits lie below those of a reference, against the true probability of an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._arguments import check_flag, check_whole
from abstain._checks import InputError
from abstain.audit.estimate import Estimate, mean_over_seeds
from abstain.audit.mechanism import checked_pair
from abstain.scores import centered_max_logit

Array = NDArray[np.float64]
FEWEST_IN_BIN = 20
"""Samples that a bin must hold in every run to be told."""
MOST_BINS = 1000


@dataclass(frozen=True, eq=False)
class SuppressionOverSeeds:
    """Suppression of the max logit in B bins of the probability of error, with intervals over S seeds.

    Attributes:
        error_probability: (B,) float64, mean probability that the prediction is wrong, in [0, 1].
        measured: (B,) mean suppression; positive is pushed down.
        low: (B,) lower end of its interval over seeds.
        high: (B,) upper end.
        predicted: (B,) mean of what is predicted of the same samples, in the unit that it was given in.
        slope: of suppression on the probability of error over all samples; below 0, likely errors are spared.
        slopes: (S,) that of each seed, whose mean `slope` is.
        predicted_slope: the same of what is predicted.
        n_samples: (S,) int64, samples of each seed that count.
    """

    error_probability: Array
    measured: Array
    low: Array
    high: Array
    predicted: Array
    slope: Estimate
    slopes: Array
    predicted_slope: float
    n_samples: NDArray[np.int64]


def suppression(
    logits: Sequence[Any],
    reference_logits: Sequence[Any],
    conditional: Any,
    *,
    predicted: Sequence[Any] | None = None,
    relative: bool = False,
    n_bins: int = 10,
    level: float = 0.95,
) -> SuppressionOverSeeds:
    """Centred max logit of the reference minus that of a way of training, where both predict the same class.

    Run s of both has the same seed. Only samples that both predict alike count, so that the two max logits are of one
    class, and two ways of training that do the same are, on average, at 0 everywhere. A network that gives all logits
    shorter by one factor, as a temperature would, is pushed down most where its logits are largest, which mostly is
    where errors are rare: `relative` takes that factor out.

    Args:
        logits: S times (N, K), with S and K at least 2: a run for each seed.
        reference_logits: S times (N, K), of cross-entropy, say, on the same samples.
        conditional: (N, K), the true distribution of the label at each sample.
        predicted: S times (N,), what is predicted of each run's samples, by `suppression_gradient`, say; None is 0.
        relative: divide the max logits of each run by their mean first; the result is in parts of it.
        n_bins: of equal width between 0 and 1; those with less than 20 samples in a run are left out.
        level: nominal coverage of the intervals, in (0, 1).

    Returns:
        Suppression against the probability of error, and its slope.

    Raises:
        InputError: less than two runs, not as many of each, shapes that do not match, rows of the conditional that are
            no distributions, or no bin with enough samples.
    """
    if len(logits) != len(reference_logits) or (predicted is not None and len(predicted) != len(logits)):
        more = "" if predicted is None else f", and {len(predicted)} are predicted"
        raise InputError(
            f"there are {len(logits)} runs and {len(reference_logits)} of the reference{more}, but each seed must have "
            "one of all"
        )
    relative, n_bins = check_flag("relative", relative), check_whole("n_bins", n_bins, at_least=1, at_most=MOST_BINS)
    runs = [
        _run(one, other, conditional, None if predicted is None else predicted[seed], relative=relative)
        for seed, (one, other) in enumerate(zip(logits, reference_logits, strict=True))
    ]
    slopes = np.array([_slope(risk, pushed) for risk, pushed, _ in runs])
    slope = Estimate.over_seeds(slopes, level=level)
    risk, measured, told = _binned(runs, n_bins)
    mean, _, half = mean_over_seeds(measured, level=level)
    predicted_slope = float(np.mean([_slope(risk, told) for risk, _, told in runs]))
    return SuppressionOverSeeds(
        risk.mean(axis=0),
        mean,
        mean - half,
        mean + half,
        told.mean(axis=0),
        slope,
        slopes,
        predicted_slope,
        np.array([len(risk) for risk, _, _ in runs]),
    )


Run = tuple[Array, Array, Array]
"""(n,) each of the samples that count: the probability of an error, suppression, and what is predicted of it."""


def _run(logits: Any, reference: Any, conditional: Any, predicted: Any, *, relative: bool) -> Run:
    logits, truth = checked_pair(logits, conditional)
    reference, _ = checked_pair(reference, conditional)
    told = np.zeros(len(logits)) if predicted is None else np.asarray(predicted, dtype=np.float64)
    if told.shape != (len(logits),) or not np.isfinite(told).all():
        raise InputError(f"predicted has shape {told.shape}, but must hold {len(logits)} finite numbers: one a sample")
    classes = logits.argmax(dim=1)
    alike = (classes == reference.argmax(dim=1)).numpy()
    if not alike.any():
        raise InputError("a run predicts no sample as its reference does: are these the same samples and classes?")
    risk = 1 - truth.gather(1, classes[:, None])[:, 0].numpy()
    heights = [centered_max_logit(of)[alike] for of in (logits, reference)]
    if relative:
        heights = [of / _mean_above_0(of) for of in heights]
    return risk[alike], heights[1] - heights[0], told[alike]


def _mean_above_0(heights: Array) -> float:
    mean = float(heights.mean())
    if mean <= 0:
        raise InputError("all logits of a run are equal, so there is no mean to measure by: take relative=False")
    return mean


def _slope(risk: Array, values: Array) -> float:
    """Of the least-squares line."""
    if np.ptp(risk) == 0:
        raise InputError("all samples have the same probability of error, but a slope needs two different ones")
    apart = risk - risk.mean()
    return float(apart @ values) / float(apart @ apart)


def _binned(runs: Sequence[Run], n_bins: int) -> tuple[Array, Array, Array]:
    """(S, B) each: means of the bins that hold enough samples in every run."""
    bins = [np.minimum((risk * n_bins).astype(np.int64).clip(min=0), n_bins - 1) for risk, _, _ in runs]
    counts = np.array([np.bincount(of, minlength=n_bins) for of in bins])
    enough = (counts >= FEWEST_IN_BIN).all(axis=0)
    if not enough.any():
        raise InputError(f"no bin holds {FEWEST_IN_BIN} samples in every run: give more samples, or fewer bins")
    sums = [[np.bincount(of, values, minlength=n_bins) for values in run] for of, run in zip(bins, runs, strict=True)]
    means = np.array(sums)[:, :, enough] / counts[:, None, enough]
    return means[:, 0], means[:, 1], means[:, 2]
