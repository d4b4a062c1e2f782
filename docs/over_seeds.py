"""Measure how often the interval of a difference over seeds holds the true one, where that is known.

`python docs/over_seeds.py` draws what `over_seeds.json` lacks, in some minutes on one processor; `recipes.py` renders
the table. A world draws, for each seed, two models that differ in what training does, and for each of the same samples
its errors and confidences.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from pages import ROOT
from scipy.special import ndtri, stdtrit

from abstain._files import write_text
from abstain.curve import difference_over_seeds, risk_coverage_curve
from abstain.report import markdown_table

RAW = ROOT / "docs" / "over_seeds.json"
DRAWS = 2000
LEVEL = 0.95
SEEDS, SIZES, LARGE = (2, 3, 5, 10), (800, 3000), (10000, 25000)
"""Of seeds and samples; two seeds, where samples count least beside them, are drawn with more of these too."""
CASES = [(n_seeds, size) for n_seeds in SEEDS for size in (*SIZES, *(LARGE if n_seeds == 2 else ()))]
TRUE_DRAWS, TRUE_SIZE = 4000, 4000
INTERVALS = ("seeds alone", "samples alone", "both")
Runs = tuple[Any, Any, Any, Any]
Cell = dict[str, Any]


@dataclass(frozen=True)
class World:
    """Two ways of training, b of which orders worse; a sample is wrong where its hardness and its noise are large.

    Attributes:
        taste: how much a way of training finds other samples hard than the other one, with every seed.
        noise: how much a run does, with its seed alone.
        luck: how much the seed moves the error and the order of a run as a whole.
    """

    taste: float
    noise: float
    luck: float

    def draw(self, random: np.random.Generator, n_seeds: int, n_samples: int) -> Runs:
        """Confidences (S, N) and errors (S, N) of a, and the same of b."""
        hardness = random.normal(size=n_samples)
        of_a, of_b = (hardness + self.taste * random.normal(size=n_samples) for _ in range(2))
        return *self._runs(random, of_a, n_seeds, 0.3), *self._runs(random, of_b, n_seeds, 0.5)

    def _runs(self, random: np.random.Generator, hardness: Any, n_seeds: int, blur: float) -> tuple[Any, Any]:
        luck_of_error, luck_of_order = self.luck * random.normal(size=(2, n_seeds, 1))
        hardness = hardness + self.noise * random.normal(size=(n_seeds, len(hardness)))
        error = hardness + 0.5 * random.normal(size=hardness.shape) > 1.5 + luck_of_error
        confidence = -hardness - blur * (1 + luck_of_order) * random.normal(size=hardness.shape)
        return confidence, error.astype(float)


WORLDS = {
    "runs alike": World(taste=0.5, noise=0.1, luck=0.0),
    "seeds matter as samples do": World(taste=0.5, noise=0.3, luck=0.05),
    "seeds matter more": World(taste=0.3, noise=0.3, luck=0.3),
    "runs have little in common": World(taste=0.1, noise=1.0, luck=0.05),
}


def main() -> None:
    """Draw the cells that the file lacks."""
    kept = read_kept()
    for cell in missing_cells(kept["cells"]):
        cells = sorted([*kept["cells"], cell], key=lambda one: (list(WORLDS).index(one["world"]), *_case(one)))
        kept = {"draws": DRAWS, "cells": cells}
        write_text(RAW, json.dumps(kept, indent=1) + "\n")


def read_kept() -> dict[str, Any]:
    """What was drawn before."""
    return json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {"draws": DRAWS, "cells": []}


def missing_cells(known: list[Cell]) -> Iterator[Cell]:
    """The cells that are not known yet."""
    done = {(cell["world"], *_case(cell)) for cell in known}
    for name, world in WORLDS.items():
        truth = None
        for n_seeds, n_samples in (case for case in CASES if (name, *case) not in done):
            truth = true_difference(world) if truth is None else truth
            told = {"world": name, "n_seeds": n_seeds, "n_samples": n_samples}
            yield told | measured(world, truth, n_seeds, n_samples)


def _case(cell: Cell) -> tuple[int, int]:
    return cell["n_seeds"], cell["n_samples"]


def true_difference(world: World) -> float:
    """AURC of a minus that of b, the mean over so many seeds and samples that its own error is small."""
    random = np.random.default_rng(0)
    areas = []
    for _ in range(TRUE_DRAWS):
        confidence_a, error_a, confidence_b, error_b = world.draw(random, 1, TRUE_SIZE)
        of_a, of_b = risk_coverage_curve(confidence_a[0], error_a[0]), risk_coverage_curve(confidence_b[0], error_b[0])
        areas.append(of_a.aurc() - of_b.aurc())
    return float(np.mean(areas))


def measured(world: World, truth: float, n_seeds: int, n_samples: int) -> dict[str, Any]:
    """Share of the draws whose interval holds the true difference, and its mean width, for each interval."""
    random = np.random.default_rng([n_seeds, n_samples, *(round(1000 * value) for value in astuple(world))])
    held, width = np.zeros((DRAWS, len(INTERVALS))), np.zeros((DRAWS, len(INTERVALS)))
    for draw in range(DRAWS):
        found = difference_over_seeds(*world.draw(random, n_seeds, n_samples), level=LEVEL)
        halves = [*halves_alone(found, n_seeds), (found.high - found.low) / 2]
        held[draw] = [abs(found.estimate - truth) <= half for half in halves]
        width[draw] = 2 * np.array(halves)
    return {
        "difference": round(truth, 7),
        "held": dict(zip(INTERVALS, held.mean(axis=0).tolist(), strict=True)),
        "width": dict(zip(INTERVALS, np.round(np.median(width, axis=0), 7).tolist(), strict=True)),
    }


def halves_alone(found: Any, n_seeds: int) -> list[float]:
    """Half the width of the intervals that see the seeds alone, and the samples alone."""
    quantile = (1 + LEVEL) / 2
    return [
        float(stdtrit(n_seeds - 1, quantile)) * found.seeds_standard_error,
        float(ndtri(quantile)) * found.samples_standard_error,
    ]


def section(kept: dict[str, Any]) -> str:
    """What was drawn, and a row a cell: how often each interval holds the true difference, in percent, and widths."""
    rows = [["world", "seeds", "samples", *INTERVALS, "width of both / of seeds alone"]]
    for cell in kept["cells"]:
        shares = [f"{100 * cell['held'][name]:.1f}" for name in INTERVALS]
        ratio = f"{cell['width']['both'] / cell['width']['seeds alone']:.2f}"
        rows.append([cell["world"], str(cell["n_seeds"]), f"{cell['n_samples']:,}", *shares, ratio])
    told = f"""Each row is {kept["draws"]:,} draws of two ways of training from a world whose true difference is
known (`over_seeds.py`): the share of the draws, in percent, whose interval holds it, by the spread over seeds alone
(Student's), by the spread over samples alone, and by both, which is used here; {100 * LEVEL:g} are promised. The last
column is a ratio of median widths."""
    return f"{told}\n\n{worst(kept['cells'])}\n\n{markdown_table(rows, 'lrrrrrr')}"


def worst(cells: list[Cell]) -> str:
    """How seldom the interval of both holds the true difference, by the number of seeds."""
    told = []
    for n in SEEDS:
        of_seeds = [cell for cell in cells if cell["n_seeds"] == n]
        least, most = min(cell["held"]["both"] for cell in of_seeds), max(cell["n_samples"] for cell in of_seeds)
        told.append(f"with {n} seeds {100 * least:.1f} % (up to {most:,} samples)")
    return f"The interval of both holds it, where it does worst of these rows, {', '.join(told)}."


if __name__ == "__main__":
    main()
