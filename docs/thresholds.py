"""Write `thresholds.md`, how often guaranteed thresholds break their promise and what they accept, from draws.

`python docs/thresholds.py` renders the page from `thresholds.json`. With `--measure` the draws that the file lacks are
made first, on one processor in about ten minutes for all. With `--check` nothing is written, and
the exit status says whether the page is stale.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import fast_thresholds as fast
import mapie_thresholds as mapie
import numpy as np
from fast_thresholds import Counted
from pages import ROOT, write_or_check
from worlds import World, worlds

from abstain import NoThresholdError, select_threshold
from abstain._files import write_text
from abstain.report import markdown_table
from abstain.threshold.parts import TUNING_SHARE, tuning_and_certifying

PAGE = ROOT / "docs" / "thresholds.md"
RAW = PAGE.with_suffix(".json")
MAPIE = "1.6"
"""What `mapie_thresholds.py` restates, and the extra `docs` installs at least."""
DRAWS = 5000
CHECKED = 20
"""Draws of each row on which the tables are held against `select_threshold`."""
SIZES = (200, 1000, 4000)
DELTAS = (0.05, 0.2)
METHODS = ("split_fixed_sequence", "union", "sgr", "MAPIE, Holm", "MAPIE, split")
Thresholds = dict[str, Callable[[float], float | None]]
Cell = dict[str, Any]


def main() -> None:
    """Measure what is missing if asked to, render the page, and write or check it."""
    kept = json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {"cells": []}
    if "--measure" in sys.argv:
        for cells in missing_cells(kept["cells"]):
            kept = {"draws": DRAWS, "cells": [*kept["cells"], *cells]}
            write_text(RAW, json.dumps(kept, indent=1) + "\n")
    write_or_check({PAGE: render(kept)})


def missing_cells(known: list[Cell]) -> Iterator[list[Cell]]:
    """The cells of each world and size that is not known yet, one for each δ."""
    done = {(cell["world"], cell["n_samples"]) for cell in known}
    for name, world in worlds().items():
        for n in SIZES:
            if (name, n) not in done:
                yield measured(name, world, n)


def measured(name: str, world: World, n: int) -> list[Cell]:
    """All draws of a size, on which all methods and each δ are tried."""
    random = np.random.default_rng([n, *name.encode()])
    coverage, risk = (np.zeros((DRAWS, len(DELTAS), len(METHODS))) for _ in range(2))
    for draw in range(DRAWS):
        samples = world.draw(random, n)
        found = thresholds_of(world, *samples, seed=draw)
        if draw < CHECKED:
            check_draw(world, *samples, found, seed=draw)
        for i, delta in enumerate(DELTAS):
            for j, method in enumerate(METHODS):
                threshold = found[method](delta)
                if threshold is not None:
                    coverage[draw, i, j], risk[draw, i, j] = world.coverage_and_risk(threshold)
    told = {"world": name, "n_samples": n, "target_risk": world.target_risk, "best": world.best_coverage}
    return [
        {**told, "delta": delta, "methods": summaries(coverage[:, i], risk[:, i] > world.target_risk)}
        for i, delta in enumerate(DELTAS)
    ]


def summaries(coverage: np.ndarray, violated: np.ndarray) -> dict[str, dict[str, float]]:
    """Method -> mean coverage, 0 where no threshold is found, and the share of draws that break the promise."""
    both = zip(METHODS, coverage.mean(axis=0), violated.mean(axis=0), strict=True)
    return {name: {"coverage": round(float(mean), 6), "violations": float(share)} for name, mean, share in both}


def thresholds_of(world: World, confidence: np.ndarray, error: np.ndarray, seed: int) -> Thresholds:
    """Method -> the threshold that it finds on a draw for a δ; what does not depend on δ is done once."""
    target = world.target_risk
    tuning, certifying = ((confidence[rows], error[rows]) for rows in tuning_and_certifying(len(error), seed))
    whole, first, second = (Counted.of(*samples) for samples in ((confidence, error), tuning, certifying))
    p_whole, p_second = (mapie.p_values(*samples, target) for samples in ((confidence, error), certifying))
    order = mapie.learned_order(*tuning, target)
    return {
        "split_fixed_sequence": lambda delta: fast.split_fixed_sequence(first, second, target, delta),
        "union": lambda delta: fast.union(whole, target, delta),
        "sgr": lambda delta: fast.sgr(whole, target, delta),
        "MAPIE, Holm": lambda delta: mapie.best_threshold(p_whole, None, delta),
        "MAPIE, split": lambda delta: mapie.best_threshold(p_second, order, delta),
    }


def check_draw(world: World, confidence: np.ndarray, error: np.ndarray, found: Thresholds, seed: int) -> None:
    """End where the tables say another thing than the function that is offered."""
    for delta in DELTAS:
        for method in METHODS[:3]:
            try:
                point = select_threshold(confidence, error, world.target_risk, delta, method=method, seed=seed)
                expected: float | None = point.threshold
            except NoThresholdError:
                expected = None
            if found[method](delta) != expected:
                sys.exit(f"{method} finds {expected} on a draw, but the tables say {found[method](delta)}")


def render(kept: dict[str, Any]) -> str:
    """thresholds.md."""
    cells = kept["cells"]
    tables = "\n\n".join(f"## δ = {delta:g}\n\n{table(of_delta(cells, delta))}" for delta in DELTAS)
    return f"""# What a guaranteed threshold accepts, and how often its promise is broken

Made by `python docs/thresholds.py` from `thresholds.json`; `--measure` draws anew what the file lacks. Each row is
{kept["draws"]:,} draws of N validation samples from a population whose risks are known (`worlds.py`); `best` is the
largest coverage that meets the target. A cell is the mean coverage, 0 where no threshold was found, and in brackets the
share of the draws in which the true selective risk was above the target: at most δ is promised. The methods are told
in `abstain.select_threshold`; `split_fixed_sequence` tunes on {100 * TUNING_SHARE:g} % of the N samples, all others
use all N. MAPIE is version {MAPIE}, `BinaryClassificationController` with precision of `y = correct`,
restated and held against itself in the tests:
`bonferroni_holm`, its default, on all N, and `split_fixed_sequence` with its learned order on the same parts as ours;
its 100 thresholds are even steps of the population's coverage, which it could not know, and where one accepts nothing
its p-value is taken as 1 in place of NaN, at which it stops.

{verdict(cells)}

{tables}
"""


def of_delta(cells: list[Cell], delta: float) -> list[Cell]:
    """The rows of one table."""
    return [cell for cell in cells if cell["delta"] == delta]


def table(cells: list[Cell]) -> str:
    """Coverage and violations of all methods in percent."""
    rows = [["world", "target", "N", "best", *METHODS]]
    for cell in cells:
        told = [cell["world"].rpartition(", ")[0] or cell["world"], f"{100 * cell['target_risk']:g} %"]
        numbers = (
            f"{100 * cell['methods'][name]['coverage']:.1f} ({100 * cell['methods'][name]['violations']:.1f})"
            for name in METHODS
        )
        rows.append([*told, f"{cell['n_samples']:,}", f"{100 * cell['best']:.1f}", *numbers])
    means = (100 * np.mean([cell["methods"][name]["coverage"] for cell in cells]) for name in METHODS)
    rows.append(
        ["mean", "", "", f"{100 * np.mean([cell['best'] for cell in cells]):.1f}", *(f"{m:.1f}" for m in means)]
    )
    return markdown_table(rows, "lrrr" + "r" * len(METHODS))


def verdict(cells: list[Cell]) -> str:
    """For each method, in how many cells the promise is broken too often, and where it is broken most."""
    lines = []
    for name in METHODS:
        worst = max(cells, key=lambda cell: cell["methods"][name]["violations"] / cell["delta"])
        n_broken = sum(cell["methods"][name]["violations"] > most_violations(cell["delta"]) for cell in cells)
        most = f"{100 * worst['methods'][name]['violations']:.1f} % for δ = {100 * worst['delta']:g} %"
        lines.append(
            f"- `{name}`: violations above δ + 3 standard errors in {n_broken} of {len(cells)} cells; most for its δ, "
            f"{most}, in {worst['world']} with N = {worst['n_samples']:,}."
        )
    return "\n".join([*lines, "", losses(cells)])


def losses(cells: list[Cell]) -> str:
    """Where the default accepts clearly less than another method."""
    behind = {}
    for cell in cells:
        coverage = {name: cell["methods"][name]["coverage"] for name in METHODS}
        ahead = max(METHODS, key=lambda name, coverage=coverage: coverage[name])
        if coverage[ahead] - coverage[METHODS[0]] > 0.01:
            behind[f"{cell['world']} with N = {cell['n_samples']:,}, δ = {cell['delta']:g}"] = ahead
    named = "; ".join(f"{where} (`{ahead}`)" for where, ahead in behind.items()) or "none"
    n_behind = f"{len(behind)} of {len(cells)} cells"
    return f"Another method accepts at least a point more than `{METHODS[0]}` in {n_behind}: {named}."


def most_violations(delta: float) -> float:
    """δ and three standard errors of a share of all draws."""
    return delta + 3 * math.sqrt(delta * (1 - delta) / DRAWS)


if __name__ == "__main__":
    main()
