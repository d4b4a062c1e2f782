"""Which p the validation samples of every kept run of more than two classes put first, by what it was trained with.

Runs of pixels are left out: the standard errors of their search take the pixels of an image for independent.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from pages import ROOT
from recipe_runs import PLAIN, Run
from released_sets import data_name
from which_runs import called

from abstain._files import RESULTS_FILE
from abstain.report import markdown_table

CARDS = ROOT / "model_cards"
Search = Sequence[dict[str, float]]
"""Of one run, MSP first, as `LogitNorm.fit` keeps it."""


def read_searches(cards: Path = CARDS) -> dict[tuple[str, str], list[Search]]:
    """(data, what it was trained with) -> the searches of its runs; a run that is kept twice counts once."""
    found = defaultdict(list)
    for run in _runs(cards):
        evaluation = run.results["evaluation"]
        of_pixels = evaluation.get("n_clusters") is not None
        search = None if of_pixels else evaluation["fits"].get("max_logit_pnorm", {}).get("search")
        key = data_name(run.results["settings"]), run.recipe
        if search and _areas(search) not in map(_areas, found[key]):
            found[key].append(search)
    kept = {key: searches for key, searches in found.items() if searches}
    return {key: kept[key] for key in sorted(kept, key=lambda key: (key[0], key[1] != PLAIN, key))}


def _areas(search: Search) -> list[float]:
    """What tells runs apart, whichever version of the package measured them: not the last digit of a standard error."""
    return [round(candidate["aurc"], 12) for candidate in search]


def _runs(cards: Path) -> Iterator[Run]:
    for pattern in (f"*/{RESULTS_FILE}", f"*/*/{RESULTS_FILE}"):
        for path in sorted(cards.glob(pattern)):
            yield Run(json.loads(path.read_text(encoding="utf-8")), None)


def ladder_table(searches: dict[tuple[str, str], list[Search]]) -> str:
    """One row a way of training; gains in AURC on the validation samples, in percentage points."""
    titles = ["data", "trained with", "runs", "p (runs)", "gain of it, mean", "of its standard errors, mean"]
    table = [[*titles, "stays with MSP"]]
    for (data, recipe), of_runs in searches.items():
        best = [min(search[1:], key=lambda candidate: candidate["aurc"]) for search in of_runs]
        counts = Counter(f"{one['p']:g}" for one in best)
        taken = ", ".join(f"{p} ({count})" for p, count in counts.most_common())
        gains, errors = (np.array([one[key] for one in best]) for key in ("gain", "gain_standard_error"))
        numbers = [f"{100 * gains.mean():+.3f}", f"{(gains / errors).mean():+.1f}", str((gains <= errors).sum())]
        table.append([called(data), recipe, str(len(best)), taken, *numbers])
    return markdown_table(table, "llrlrrr")
