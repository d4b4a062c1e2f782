"""The kept runs of grids, by data set and by what they were trained with, and how each recipe differs from none."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from abstain._files import RESULTS_FILE
from abstain.curve import DifferenceOverSeeds, difference_over_seeds
from abstain.experiments import RunRanks, read_ranks
from abstain.experiments.kept_runs import RANKS_FILE
from abstain.experiments.settings import first_difference
from abstain.figures.recipes import RECIPES
from abstain.figures.recipes import Recipe as TrainedWith
from abstain.report.style import PLAIN

Score = Callable[[RunRanks], Any]


@dataclass(frozen=True, eq=False)
class Run:
    """A run as it was kept.

    Attributes:
        results: its `results.json`.
        ranks: of its test samples; None of pixels.
    """

    results: Mapping[str, Any]
    ranks: RunRanks | None

    @property
    def seed(self) -> int:
        """Of training."""
        return int(self.results["settings"]["training"]["seed"])

    @property
    def data_set(self) -> str:
        """Its name."""
        return str(self.results["settings"]["data"]["dataset_name"]).rpartition("/")[2]

    @property
    def recipe(self) -> str:
        """What it was trained with, such as `LS 0.2 + SAM 0.1`."""
        return TrainedWith.of_settings(self.results["settings"]).name

    @property
    def others(self) -> dict[str, dict[str, Any]]:
        """The settings that all runs of a data set have in common, and which test samples it has."""
        apart = {*RECIPES, "seed"}
        settings = {
            group: {key: value for key, value in values.items() if key not in apart}
            for group, values in self.results["settings"].items()
        }
        return settings | {"test": {"sha256": self.results["data"]["test"]["sha256"]}}

    @property
    def diagnosis(self) -> str | None:
        """Whether it looks smoothed, as `abstain.diagnose` puts it; None of a run that was kept without."""
        return self.results.get("diagnosis", {}).get("verdict")

    @property
    def minutes(self) -> float | None:
        """How long training took; None of a run that was stopped in between, of which the last part alone is known."""
        training = self.results["training"]
        return None if training.get("resumed_from") else round(training["train_runtime"] / 60, 2)

    @property
    def machine(self) -> str:
        """On what it was trained, and by which torch."""
        environment = self.results["environment"]
        return f"{environment['device']}, torch {environment['torch']}"

    @property
    def has_two_classes(self) -> bool:
        """Whether it tells two classes, of which logit normalisation is no repair, in one logit or two."""
        return bool(self.results["evaluation"]["n_logits"] <= 2)

    @property
    def learned(self) -> bool:
        """Whether it tells its test samples apart: one that is as sure of all of them never left chance."""
        return self.ranks is None or int(self.ranks.msp.max()) > 0  # equal scores share a rank, the lowest is 0

    def value(self, key: str, *, repaired: bool = False) -> float:
        """A measurement of MSP, or of the repair: per class of two, else logit normalisation."""
        scores = self.results["evaluation"]["scores"]
        repair = "two_class_calibration" if "two_class_calibration" in scores else "max_logit_pnorm"
        return float(scores[repair if repaired else "msp"][key])


@dataclass(frozen=True, eq=False)
class Recipe:
    """The runs of one data set that differ in nothing but the seed.

    Attributes:
        name: as `Run.recipe`.
        runs: seed -> run, in their order.
    """

    name: str
    runs: Mapping[int, Run]

    def values(self, key: str, *, repaired: bool = False) -> np.ndarray:
        """(S,) a measurement of each run, as `Run.value`."""
        return np.array([run.value(key, repaired=repaired) for run in self.runs.values()])

    def minus(self, other: Recipe, score: Score, area: str) -> DifferenceOverSeeds | None:
        """The difference to another recipe over the seeds that both have, by ranks that `score` picks.

        Returns:
            None where they share less than two seeds whose ranks were kept.
        """
        pairs = [(self.runs[seed].ranks, other.runs[seed].ranks) for seed in self.runs if seed in other.runs]
        whole = [(mine, its) for mine, its in pairs if mine is not None and its is not None]
        if len(whole) < 2:
            return None
        mine, its = zip(*whole, strict=True)
        samples = ([pick(ranks) for ranks in runs] for runs in (mine, its) for pick in (score, _error))
        return difference_over_seeds(*samples, area=area)


def _error(ranks: RunRanks) -> Any:
    return ranks.error.astype(float)


def read_recipes(folder: Path) -> dict[str, list[Recipe]]:
    """Data set -> its recipes, cross-entropy first; ends with a sentence where its runs cannot be compared."""
    runs = [_read(path.parent) for path in sorted(folder.glob(f"*/{RESULTS_FILE}"))]
    by_data_set: dict[str, dict[str, dict[int, Run]]] = defaultdict(lambda: defaultdict(dict))
    for run in runs:
        if by_data_set[run.data_set][run.recipe].setdefault(run.seed, run) is not run:
            sys.exit(f"{run.data_set} has two runs of {run.recipe} with seed {run.seed}: remove one of their folders")
    for name, of_data_set in by_data_set.items():
        _check_alike(name, [run for of_recipe in of_data_set.values() for run in of_recipe.values()])
    return {
        name: [
            Recipe(recipe, dict(sorted(of_recipe.items()))) for recipe, of_recipe in sorted(found.items(), key=_place)
        ]
        for name, found in sorted(by_data_set.items())
    }


def _read(folder: Path) -> Run:
    results = json.loads((folder / RESULTS_FILE).read_text(encoding="utf-8"))
    return Run(results, read_ranks(folder) if (folder / RANKS_FILE).exists() else None)


def _place(named: tuple[str, Any]) -> tuple[int, list[int], str]:
    """Cross-entropy, then what changes one thing in the order of `RECIPES`, then what changes several."""
    words = [name.split(" ")[0] for name in RECIPES.values()]
    parts = [] if named[0] == PLAIN else [words.index(part.split(" ")[0]) for part in named[0].split(" + ")]
    return len(parts), parts, named[0]


def _check_alike(data_set: str, runs: Sequence[Run]) -> None:
    first = runs[0].others
    for run in runs[1:]:
        both = [_known_to(first, run.others), _known_to(run.others, first)]
        if difference := first_difference(*both):
            sys.exit(f"the runs of {data_set} cannot be compared: one has {difference} ({run.recipe}, seed {run.seed})")


def _known_to(settings: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Without what another version of the scripts did not have."""
    return {
        group: {key: value for key, value in values.items() if key in other.get(group, {})}
        for group, values in settings.items()
    }
