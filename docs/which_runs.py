"""Of which kept runs a number is, and why two numbers of one name may differ: the grids have runs of their own."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pages import ROOT
from recipe_runs import PLAIN, Recipe, Run

from abstain._files import RESULTS_FILE

GRIDS = "recipes"
"""The folder of `model_cards` with the runs of the grids."""
KEYS = ("aurc", "cov@1")
DATA_SETS = {
    "bank_marketing": "Bank Marketing",
    "camvid": "CamVid",
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "cityscapes": "Cityscapes",
    "imagenet": "ImageNet",
    "imdb": "IMDB",
    "noisy_digits_rows": "noisy digits",
    "online_shoppers": "Online Shoppers",
}
"""The name of a data set in a run -> what its authors call it."""


def called(data_set: str) -> str:
    """What readers know a data set as; what follows its name after a comma stays."""
    name, comma, more = data_set.partition(",")
    return DATA_SETS.get(name, name) + comma + more


def data_sets_with_runs() -> set[str]:
    """The names of all data of which a run is kept."""
    paths = (ROOT / "model_cards").rglob(RESULTS_FILE)
    return {Run(json.loads(path.read_text(encoding="utf-8")), None).data_set for path in paths}


def counted_seeds(n: int) -> str:
    """One seed, or so many."""
    return "one seed" if n == 1 else f"{n} seeds"


def in_words(runs: Sequence[Run], folder: str) -> str:
    """Where the runs of a number lie, of how many training samples and logits they are, and where they ran."""
    return f"`{folder}`: {counted_seeds(len(runs))}, {', '.join(_of(runs).values())}"


def _of(runs: Sequence[Run]) -> dict[str, str]:
    """What tells sets of runs apart, in words."""
    results = [run.results for run in runs]
    n_logits = sorted({one["evaluation"]["n_logits"] for one in results})
    return {
        "samples": f"{results[0]['data']['train']['samples']:,} training samples",
        "logits": f"{' or '.join(map(str, n_logits))} logit{'' if n_logits == [1] else 's'}",
        "device": " and ".join(sorted({one["environment"]["device"] for one in results})),
    }


def beside_the_grid(runs: Sequence[Run], recipes: Sequence[Recipe]) -> str:
    """How far runs of a table and those of the grid of the same data differ, in what they are and what they give.

    Args:
        runs: of one table.
        recipes: of the grid, of the same data; none: there is no grid of them.

    Returns:
        Sentences; "" where there is nothing to set side by side.
    """
    grid = {one.name: one for one in recipes}
    own = {name: Recipe(name, {run.seed: run for run in runs if run.recipe == name}) for name in _names(runs)}
    pairs = [(own[PLAIN], own[name]) for name in own if name != PLAIN and name in grid and PLAIN in grid]
    if not pairs:
        return ""
    plain, smoothed = max(pairs, key=lambda pair: len(pair[1].runs))
    shared = [seed for seed in smoothed.runs if seed in plain.runs and seed in grid[smoothed.name].runs]
    others = [grid[PLAIN].runs[seed] for seed in shared], [grid[smoothed.name].runs[seed] for seed in shared]
    mine = [plain.runs[seed] for seed in shared], [smoothed.runs[seed] for seed in shared]
    if not shared:
        return ""
    all_seeds = list(grid[PLAIN].runs.values()), list(grid[smoothed.name].runs.values())
    seeds = f"seed{'' if len(shared) == 1 else 's'} {', '.join(map(str, shared))}"
    n_all = len(all_seeds[1])
    of_all = f", and of all {n_all} seeds there {_effect(*all_seeds)}" if n_all > len(shared) else ""
    return (
        f"These are not the runs of the findings above, which are those of the grid in "
        f"[`model_cards/{GRIDS}`](../model_cards/{GRIDS}): {_difference(mine[1], others[1])}. {smoothed.name} minus "
        f"{PLAIN} is of {seeds} here {_effect(*mine)}; of the same in the grid {_effect(*others)}{of_all}."
    )


def _names(runs: Sequence[Run]) -> list[str]:
    return list(dict.fromkeys(run.recipe for run in runs))


def _difference(mine: Sequence[Run], others: Sequence[Run]) -> str:
    here, there = _of(mine), _of(others)
    apart = [f"{here[key]} here and {there[key]} there" for key in here if here[key] != there[key]]
    if not apart:
        return "the samples, logits and processor are alike"
    alike = [here[key] for key in here if here[key] == there[key]]
    return "; ".join(apart) + (f" (alike: {', '.join(alike)})" if alike else "")


def _effect(plain: Sequence[Run], other: Sequence[Run]) -> str:
    (aurc, coverage), (its_aurc, its_coverage) = ([_mean(runs, key) for key in KEYS] for runs in (plain, other))
    return f"{its_aurc - aurc:+.2f} points of AURC, Cov@1 {coverage:.1f} → {its_coverage:.1f} %"


def _mean(runs: Sequence[Run], key: str) -> float:
    return 100 * sum(run.value(key) for run in runs) / len(runs)
