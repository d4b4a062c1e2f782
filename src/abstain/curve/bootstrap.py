"""Percentile interval of the coverage at a risk, by a bootstrap that counts again and never sorts again.

A resample changes how often each sample counts, but not the order of confidences. So the samples are put once into
categories, in the order of confidence: those between two error blocks, and within a block the correct and the wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from abstain._arguments import check_whole
from abstain._checks import check_fraction, check_level
from abstain.curve.error_blocks import ErrorBlocks

MOST_RESAMPLES = 1_000_000
"""More resamples change no digit that is shown."""
DRAWN_ONE_BY_ONE, MOST_BLOCKS = 200_000, 5_000
"""Of more samples the counts are drawn at once, in so many blocks: the interval is then right to 0.02 % of coverage."""


def coverage_at_risk_interval(
    errors: ErrorBlocks, n_samples: int, target_risk: float, *, level: float, n_resamples: int, seed: int
) -> tuple[float, float]:
    """The `level` percentile interval of the coverage at `target_risk` over resamples, for 0/1 errors.

    Raises:
        InputError: an argument is out of its range.
    """
    target_risk, level = check_fraction("target_risk", target_risk), check_level(level)
    n_resamples = check_whole("n_resamples", n_resamples, at_least=1, at_most=MOST_RESAMPLES)
    seed = check_whole("seed", seed, at_least=0)
    drawn = _resamples(_sizes(errors, n_samples), n_samples, np.random.default_rng(seed))
    coverages = [_coverage(next(drawn), target_risk) / n_samples for _ in range(n_resamples)]
    low, high = np.quantile(coverages, [(1 - level) / 2, (1 + level) / 2]).tolist()
    return low, high


def _resamples(sizes: NDArray[np.int64], n_samples: int, generator: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """How many samples of each category are in one resample after another, without end."""
    if n_samples > DRAWN_ONE_BY_ONE:
        sizes = _coarse(sizes, n_samples)
        while True:
            yield generator.multinomial(n_samples, sizes / n_samples)
    category = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    while True:
        yield np.bincount(category[generator.integers(0, n_samples, size=n_samples)], minlength=len(sizes))


def _coarse(sizes: NDArray[np.int64], n_samples: int) -> NDArray[np.int64]:
    """Join neighbouring blocks, as if they tied, where their first samples lie in one of `MOST_BLOCKS` equal parts."""
    blocks = sizes[:-1].reshape(-1, 3)
    if not len(blocks):
        return sizes
    samples = blocks.sum(axis=1)
    part = (np.cumsum(samples) - samples) * MOST_BLOCKS // n_samples
    first = np.flatnonzero(np.diff(part, prepend=-1))
    before, joined = blocks[first, 0], np.add.reduceat(blocks, first)
    joined[:, 1] += joined[:, 0] - before
    joined[:, 0] = before
    return np.append(joined.ravel(), sizes[-1])


def _sizes(errors: ErrorBlocks, n_samples: int) -> NDArray[np.int64]:
    """Samples of each category: before a block, correct in it, wrong in it, …, and after the last one."""
    before = np.diff(np.concatenate([[0], np.stack([errors.start, errors.stop], axis=1).ravel(), [n_samples]]))[::2]
    wrong = errors.sum_error.astype(np.int64)
    correct = errors.stop - errors.start - wrong
    return np.append(np.stack([before[:-1], correct, wrong], axis=1).ravel(), before[-1])


def _coverage(counts: NDArray[np.int64], target_risk: float) -> int:
    """The most samples that can be accepted: the risk is lowest just before a block, or after the last sample."""
    accepted = np.cumsum(counts)[::3]
    wrong = np.concatenate(([0], np.cumsum(counts[2::3])))
    qualifying = np.flatnonzero((accepted > 0) & (wrong / np.maximum(accepted, 1) <= target_risk))
    return int(accepted[qualifying[-1]]) if len(qualifying) else 0
