"""Write `intervals.md`: how often each interval covers the truth. `python docs/intervals.py --measure` simulates first.

The simulation takes some ten minutes of one core, and writes `intervals.json`; without it the page is rendered from
that file. With `--check` nothing is written, and the exit status says whether the page is out of date.
"""

from __future__ import annotations

import json
import math
import sys
from itertools import product

import image_bootstrap
import numpy as np
from interval_simulation import DRAWS, MEASURES, RANKINGS, RISKS, SIZES, Cell
from pages import ROOT, write_or_check

from abstain._files import write_text
from abstain.curve.intervals import FEWEST, FEWEST_CLUSTERS, FEWEST_FOR_AUGRC
from abstain.report import markdown_table

PAGE, RESULTS = ROOT / "docs" / "intervals.md", ROOT / "docs" / "intervals.json"
FEWEST_OF = {"risk": 1, "aurc": FEWEST, "augrc": FEWEST_FOR_AUGRC, "failure_auroc": FEWEST, "difference": FEWEST}
CHOSEN = {"risk": "z", "aurc": "t", "augrc": "t", "failure_auroc": "t", "difference": "Hall, t"}
NAMES = {
    "risk": "Risk",
    "aurc": "AURC",
    "augrc": "AUGRC",
    "failure_auroc": "Failure AUROC",
    "difference": "Difference of two AURC",
}


def main() -> None:
    """Simulate where that is asked for, then render the page."""
    cells = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    if "--measure" in sys.argv:
        for name in sys.argv[sys.argv.index("--measure") + 1 :] or MEASURES:
            cells[name] = list(MEASURES[name](np.random.default_rng(0)))
            write_text(RESULTS, json.dumps(cells).replace('}, {"of"', '},\n{"of"') + "\n")
    write_or_check({PAGE: render(cells)})


def render(cells: dict[str, list[Cell]]) -> str:
    """The page."""
    return "\n".join(
        [
            HEADER.format(
                draws=DRAWS,
                rankings=", ".join(map(_ranking, RANKINGS)),
                few=FEWEST,
                few_of_risk=FEWEST_OF["risk"],
                few_of_augrc=FEWEST_FOR_AUGRC,
                few_clusters=FEWEST_CLUSTERS,
            ),
            "## Which interval\n",
            choices([*cells["areas"], *cells["differences"]]),
            *(_area(area, cells["differences" if area == "difference" else "areas"]) for area in CHOSEN),
            _coverages(cells["coverages"]),
            _clusters(cells["clusters"]),
            *([image_bootstrap.section(on_images, NAMES)] if (on_images := image_bootstrap.kept()) else []),
        ]
    )


HEADER = """# How often the intervals cover the truth

Written by `python docs/intervals.py` from `intervals.json`, which `--measure` simulates: {draws:,} draws a cell from
populations whose areas are known, nominal coverage 95 %. Confidences are normal, those of errors and of correct samples
apart by what gives this failure AUROC: {rankings}.
Levels are those of confidences that tie, and errors at the top have the highest confidences of all, as label smoothing
leaves them.

What is given: **risk** on the log scale with the normal quantile, from {few_of_risk} error on; **AURC** on the log
scale and **failure AUROC** on that of log-odds, with Student's quantile of (Σ IF²)² / Σ IF⁴ degrees of freedom, from
{few} errors and {few} correct samples on; **AUGRC** likewise from {few_of_augrc} on; a **difference** of two AURC by
Hall's transformation with the same quantile, from {few} on. With fewer there is none (None): a wrong one would be
worse. Of samples in clusters sums over clusters take the place of samples, and {few_clusters} of them must hold errors.
"""


def _ranking(name: str) -> str:
    """A ranking of the simulation, with its failure AUROC and how many errors are at the top."""
    ranking = RANKINGS[name]
    at_top = f", and {100 * ranking['top']:g} % of the errors there" if "top" in ranking else ""
    return f"{ranking['auroc']:g} ({name}{at_top})"


def _share(counts: list[int]) -> tuple[float, float, float]:
    """Given in what share of draws, and of those covering and too low."""
    given, covered, low = counts
    return given / DRAWS, covered / max(given, 1), low / max(given, 1)


def _is_outside(counts: list[int]) -> bool:
    """Whether coverage is not within 93 to 97 %, three standard errors allowed."""
    given, covered, _ = counts
    error = 3 * math.sqrt(0.95 * 0.05 / max(given, 1))
    return given > 0 and not 0.93 - error <= covered / given <= 0.97 + error


def choices(cells: list[Cell]) -> str:
    """For each area, interval and number of errors: the cells outside 93 to 97 %, and the extremes of the others."""
    rows = [["", "interval", "errors, from", "cells", "outside 93–97 %", "lowest coverage %", "highest %"]]
    for area in CHOSEN:
        own = [cell["counts"] for cell in cells if cell["of"] == area]
        for name in own[0]:
            some = [counts[name] for counts in own if counts[name][0]]
            often = [_share(counts)[1] for counts in some if counts[0] >= DRAWS / 10]
            interval, fewest = name.rsplit(", ", 1)
            chosen = interval == CHOSEN[area] and int(fewest) == FEWEST_OF[area]
            row = [NAMES[area], interval, fewest, str(len(some)), str(sum(map(_is_outside, some)))]
            row += [f"{100 * min(often):.1f}", f"{100 * max(often):.1f}"]
            rows.append([f"**{value}**" if chosen else value for value in row])
    return (
        "Cells with any interval; those outside 93 to 97 % by more than three standard errors; the extremes of those "
        "in which a tenth of the draws or more have one. In bold what is given.\n\n"
        f"{markdown_table(rows, 'lllrrrr')}\n"
    )


def _area(area: str, cells: list[Cell]) -> str:
    own = [cell for cell in cells if cell["of"] == area]
    worlds = list(dict.fromkeys(cell["world"] for cell in own))
    chosen = f"{CHOSEN[area]}, {FEWEST_OF[area]}"
    found = {(cell["n"], cell["risk"], cell["world"]): cell["counts"][chosen] for cell in own}
    rows = [["N", "errors %", *worlds]]
    for n_samples, risk in product(SIZES, RISKS):
        rows.append([f"{n_samples:,}", f"{100 * risk:g}", *(_shown(found[n_samples, risk, world]) for world in worlds)])
    outside = sum(_is_outside(counts) for counts in found.values())
    given = sum(counts[0] > 0 for counts in found.values())
    return (
        f"## {NAMES[area]}\n\nCoverage in percent of the draws that have an interval, and in brackets how many percent "
        f"have. {outside} of {given} cells are outside 93 to 97 % by more than three standard errors.\n\n"
        f"{markdown_table(rows, 'r' * len(rows[0]))}\n"
    )


def _shown(counts: list[int]) -> str:
    given, covered, _ = _share(counts)
    return f"{100 * covered:.1f} ({100 * given:.3g})" if counts[0] else "–"


def _coverages(cells: list[Cell]) -> str:
    rows = [["N", "errors %", "ranking", "at risk %", "truth %", "covered %", "by a bootstrap %"]]
    for cell in cells:
        by_bootstrap = cell["n"] == 200 and "levels" not in cell["world"]
        row = [f"{cell['n']:,}", f"{100 * cell['risk']:g}", cell["world"], f"{100 * cell['target']:g}"]
        row += [f"{100 * cell['truth']:.1f}", f"{100 * cell['closed form'] / cell['draws']:.1f}"]
        rows.append([*row, f"{100 * cell['bootstrap'] / cell['draws']:.1f}" if by_bootstrap else "–"])
    lowest = min(cell["closed form"] / cell["draws"] for cell in cells)
    return (
        f"## Coverage at a risk\n\n{_draws(cells)} Always given. It is wide where few errors tell little, and then "
        f"covers more often than 95 %; the lowest coverage is {100 * lowest:.1f} %. Percentiles of a bootstrap, for "
        f"comparison, at N = 200.\n\n{markdown_table(rows, 'rrlrrrr')}\n"
    )


def _clusters(cells: list[Cell]) -> str:
    areas = [*[*FEWEST_OF][:4], "coverage"]
    rows = [["clusters", "samples each", "correlation", "errors %", *(NAMES.get(area, "Cov@5") for area in areas)]]
    for cell in cells:
        row = [str(cell["groups"]), str(cell["size"]), f"{cell['correlation']:g}", f"{100 * cell['risk']:g}"]
        rows.append([*row, *(_of_clusters(cell, area) for area in areas)])
    return (
        f"## Clusters\n\n{_draws(cells)} Confidence and errors each have a normal part that the samples of a cluster "
        "share, with this correlation. Coverage in percent with `clusters=`, how many percent of the draws have an "
        "interval, and the coverage if the samples are taken for independent.\n\n"
        f"{markdown_table(rows, 'r' * len(rows[0]))}\n"
    )


def _draws(cells: list[Cell]) -> str:
    numbers = sorted({f"{cell['draws']:,}" for cell in cells})
    return f"{' or '.join(numbers)} draws a cell."


def _of_clusters(cell: Cell, area: str) -> str:
    (given, covered), (others, by_others) = cell["clusters"][area], cell["independent"][area]
    alone = f"{100 * by_others / others:.1f}" if others else "–"
    return f"{100 * covered / given:.1f} ({100 * given / cell['draws']:.3g}); {alone}" if given else f"–; {alone}"


if __name__ == "__main__":
    main()
