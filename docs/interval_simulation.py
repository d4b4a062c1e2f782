"""The simulation of `intervals.py`: how often each interval covers the truth, cell by cell."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
from interval_worlds import Array, World, blocks_of, influences, power_sums
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri, stdtrit

from abstain import risk_coverage_curve

DRAWS, CHUNK = 2000, 400_000
SIZES, RISKS = (200, 500, 2000, 5000, 10_000), (0.005, 0.01, 0.05, 0.1, 0.4)
RANKINGS: dict[str, dict[str, Any]] = {
    "weak": {"auroc": 0.7},
    "fair": {"auroc": 0.85},
    "good": {"auroc": 0.95},
    "errors at the top": {"auroc": 0.9, "top": 0.15},
    "3 levels": {"auroc": 0.85, "levels": 3},
    "20 levels": {"auroc": 0.85, "levels": 20},
}
PAIRS: dict[str, tuple[str | dict[str, Any], str | dict[str, Any], float, float]] = {
    "equally good": ("fair", "fair", 0.8, 1.0),
    "better and worse": ({"auroc": 0.9}, {"auroc": 0.8}, 0.7, 1.0),
    "errors at the top, and not": ("errors at the top", {"auroc": 0.9}, 0.9, 1.0),
    "3 and 20 levels": ("3 levels", "20 levels", 0.8, 1.0),
    "two models": ("fair", {"auroc": 0.9}, 0.6, 0.6),
}
"""Two rankings, the correlation of their confidences, and the share of the errors of one that the other makes too."""
Cell = dict[str, Any]


def candidates(area: str, value: Array, sums: Array, n_samples: int) -> dict[str, tuple[Array, Array]]:
    """Name -> both ends of 95 % intervals: on the area's own scale or by Hall, with a normal or Student's quantile."""
    second, third, fourth = sums
    error, skewness = np.sqrt(second) / n_samples, third / second**1.5
    quantiles = {"z": np.full_like(value, ndtri(0.975)), "t": stdtrit(np.maximum(second**2 / fourth, 0.5), 0.975)}
    scaled = {name: _scaled(area, value, error, quantile) for name, quantile in quantiles.items()}
    hall = {
        f"Hall, {name}": tuple(
            value - error * 3 / skewness * (np.cbrt(1 + skewness * (q - skewness / 6)) - 1)
            for q in (quantile, -quantile)
        )
        for name, quantile in quantiles.items()
    }
    return {**scaled, **hall}  # type: ignore[dict-item]


def _scaled(area: str, value: Array, error: Array, quantile: Array) -> tuple[Array, Array]:
    if area == "difference":
        return value - quantile * error, value + quantile * error
    if area == "failure_auroc":
        half = quantile * error / (value * (1 - value))
        return expit(logit(value) - half), expit(logit(value) + half)
    return value * np.exp(-quantile * error / value), value * np.exp(quantile * error / value)


def count(area: str, value: Array, sums: Array, fewer: Array, truth: float, n_samples: int) -> dict[str, Any]:
    """For each candidate and number of errors from which it is given: in how many draws it is, covers, is too low."""
    with np.errstate(all="ignore"):
        ends = candidates(area, value, sums, n_samples)
        there = (sums[0] > 0) & np.isfinite(value) & ((value > 0) & (value < 1) | (area == "difference"))
        return {
            f"{name}, {fewest}": [
                int(np.sum(given := there & (fewer >= fewest))),
                int(np.sum(given & (low <= truth) & (truth <= high))),
                int(np.sum(given & (high < truth))),
            ]
            for (name, (low, high)), fewest in product(ends.items(), (1, 5, 10, 20))
        }


def draws(n_samples: int) -> Iterator[int]:
    """How many draws are worked on together, until all are done."""
    each = max(1, CHUNK // n_samples)
    yield from (min(each, DRAWS - done) for done in range(0, DRAWS, each))


def measure_areas(generator: np.random.Generator) -> Iterator[Cell]:
    """Risk, AURC, AUGRC and failure AUROC in every cell."""
    for n_samples, risk, (ranking, options) in product(SIZES, RISKS, RANKINGS.items()):
        world = World(risk, **options)
        found: dict[str, list[Array]] = {}
        for some in draws(n_samples):
            wrong = generator.random((some, n_samples)) < risk
            noise = generator.standard_normal(wrong.shape)
            blocks = blocks_of(world.confidence(wrong, noise, generator), wrong, world.levels)
            n_wrong = wrong.sum(axis=1).astype(np.float64)
            for area, (value, slope, offset) in influences(blocks, n_samples).items():
                sums = power_sums(slope, offset, blocks)
                found.setdefault(area, []).append(np.vstack([value, sums, np.minimum(n_wrong, n_samples - n_wrong)]))
        for area, truth in world.areas().items():
            value, *sums, fewer = np.concatenate(found[area], axis=1)
            counts = count(area, value, np.array(sums), fewer, truth, n_samples)
            yield {"of": area, "n": n_samples, "risk": risk, "world": ranking, "counts": counts}


def measure_differences(generator: np.random.Generator) -> Iterator[Cell]:
    """Differences of two AURC on the same samples in every cell."""
    for n_samples, risk, (name, (one, other, correlation, shared)) in product(SIZES, RISKS, PAIRS.items()):
        worlds = [World(risk, **(RANKINGS[of] if isinstance(of, str) else of)) for of in (one, other)]
        found = []
        for some in draws(n_samples):
            u = generator.random((some, n_samples))
            wrong = [u < risk, (u < shared * risk) | ((u >= risk) & (u < (2 - shared) * risk))]
            noise = generator.standard_normal((2, some, n_samples))
            noise[1] = correlation * noise[0] + math.sqrt(1 - correlation**2) * noise[1]
            (a, of_a), (b, of_b) = (
                _aurc_of_samples(world.confidence(*both, generator), both[0], world.levels)
                for world, both in zip(worlds, zip(wrong, noise, strict=True), strict=True)
            )
            difference = of_a - of_b
            twice = wrong[0].astype(np.float64) + wrong[1]
            fewer = np.minimum(
                *(kind.sum(axis=1) ** 2 / np.maximum((kind**2).sum(axis=1), 1) for kind in (twice, 2 - twice))
            )
            found.append(np.vstack([a - b, *((difference**power).sum(axis=1) for power in (2, 3, 4)), fewer]))
        value, *sums, fewer = np.concatenate(found, axis=1)
        truth = worlds[0].areas()["aurc"] - worlds[1].areas()["aurc"]
        counts = count("difference", value, np.array(sums), fewer, truth, n_samples)
        yield {"of": "difference", "n": n_samples, "risk": risk, "world": name, "counts": counts}


def _aurc_of_samples(confidence: Array, wrong: NDArray[np.bool_], levels: int | None) -> tuple[Array, Array]:
    """(D,) AURC and (D, N) the influence of each sample on it."""
    aurc, slope, offset = influences(blocks_of(confidence, wrong, levels), confidence.shape[1])["aurc"]
    if levels is not None:
        place = (levels - 1 - confidence).astype(int)
        return aurc, np.take_along_axis(offset, place, 1) + np.take_along_axis(slope, place, 1) * wrong
    order = np.argsort(-confidence, axis=1)
    of_samples = np.empty_like(offset)
    np.put_along_axis(of_samples, order, offset + slope * np.take_along_axis(wrong, order, 1), 1)
    return aurc, of_samples


def measure_coverages(generator: np.random.Generator) -> Iterator[Cell]:
    """The interval of the coverage at a risk; for N = 200 also the percentiles of 200 bootstrap resamples."""
    for n_samples, risk, (ranking, options) in product((200, 500, 2000, 10_000), (0.05, 0.1, 0.4), RANKINGS.items()):
        world = World(risk, **options)
        truths = {target: world.coverage_at_risk(target) for target in (0.01, 0.05)}
        covered = {(target, how): 0 for target in truths for how in ("closed form", "bootstrap")}
        n_draws = DRAWS if n_samples <= 2000 else DRAWS // 2
        for _ in range(n_draws):
            wrong = generator.random((1, n_samples)) < risk
            confidence = world.confidence(wrong, generator.standard_normal(wrong.shape), generator)[0]
            curve = risk_coverage_curve(confidence, wrong[0])
            for target, truth in truths.items():
                low, high = curve.coverage_at_risk_interval(target)
                covered[target, "closed form"] += low - 1e-9 <= truth <= high + 1e-9
                if n_samples == 200 and world.levels is None:
                    low, high = _bootstrap(confidence, wrong[0], target, generator)
                    covered[target, "bootstrap"] += low <= truth <= high
        for target, truth in truths.items():
            cell = {"of": "coverage", "n": n_samples, "risk": risk, "world": ranking, "target": target, "truth": truth}
            yield {**cell, "draws": n_draws, **{how: covered[target, how] for how in ("closed form", "bootstrap")}}


def _bootstrap(
    confidence: Array, wrong: NDArray[np.bool_], target: float, generator: np.random.Generator
) -> tuple[float, float]:
    n_samples = len(wrong)
    times = generator.multinomial(n_samples, np.full(n_samples, 1 / n_samples), size=200)[:, np.argsort(-confidence)]
    accepted, errors = np.cumsum(times, axis=1), np.cumsum(times * wrong[np.argsort(-confidence)], axis=1)
    reached = np.where((accepted > 0) & (errors <= target * accepted), accepted, 0).max(axis=1)
    low, high = np.quantile(reached / n_samples, [0.025, 0.975]).tolist()
    return low, high


def measure_clusters(generator: np.random.Generator) -> Iterator[Cell]:
    """Confidence and errors share something within a cluster; what each is of a single sample stays the same."""
    for (groups, size), correlation, risk in product(
        ((30, 20), (30, 100), (100, 20), (300, 10)), (0.1, 0.4), (0.05, 0.2, 0.4)
    ):
        world, cluster = World(risk, 0.85), np.repeat(np.arange(groups), size)
        truth = {**world.areas(), "coverage": world.coverage_at_risk(0.05)}
        counts = {how: {area: [0, 0] for area in truth} for how in ("clusters", "independent")}
        for _ in range(DRAWS // 2):
            shared = generator.standard_normal((2, groups))[:, cluster]
            own = generator.standard_normal(shared.shape)
            for_error, noise = math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own
            wrong = for_error < ndtri(risk)
            confidence = world.confidence(wrong, noise, generator)
            for how, clusters in (("clusters", cluster), ("independent", None)):
                for area, ends in _intervals(risk_coverage_curve(confidence, wrong, clusters=clusters)).items():
                    if ends is not None:
                        counts[how][area][0] += 1
                        counts[how][area][1] += ends[0] - 1e-9 <= truth[area] <= ends[1] + 1e-9
        cell = {"of": "clusters", "groups": groups, "size": size, "correlation": correlation, "risk": risk}
        yield {**cell, "draws": DRAWS // 2, **counts}


def _intervals(curve: Any) -> dict[str, tuple[float, float] | None]:
    found = {area: getattr(curve, f"{area}_interval")() for area in ("risk", "aurc", "augrc", "failure_auroc")}
    return {**found, "coverage": curve.coverage_at_risk_interval(0.05)}


MEASURES: dict[str, Callable[[np.random.Generator], Iterator[Cell]]] = {
    "areas": measure_areas,
    "differences": measure_differences,
    "coverages": measure_coverages,
    "clusters": measure_clusters,
}
