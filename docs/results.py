"""Write `docs/results.md` from the result files of all runs, `model_cards/*/results.json`: part of `make docs`.

With `--check` nothing is written, and the exit status says whether the page is out of date.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from statistics import mean
from typing import Any

from findings import section
from pages import ROOT, write_or_check
from recipe_runs import Recipe, Run, read_recipes
from seen_findings import findings
from which_runs import GRIDS, beside_the_grid

from abstain.figures.recipes import Recipe as TrainedWith
from abstain.report import markdown_table

PAGE = ROOT / "docs" / "results.md"
HEADER = """# Results

Every run whose result file is in [`model_cards`](../model_cards), written by `make docs` from those files: error, AURC
of MSP with its 95 % interval, coverage at 5 % and 1 % risk, calibration, and AURC after logit normalisation fitted on
validation data (p in brackets; MSP where the fit falls back to it). Everything but the minutes is of the test data.
Lines of one table differ in the seed and in what is done to the targets alone: nothing, label smoothing (LS) or maximum
suppression (MaxSup), with its factor α.
"""
COLUMNS = [
    "trained with",
    "seed",
    "error %",
    "AURC %",
    "interval",
    "Cov@5 %",
    "Cov@1 %",
    "NLL",
    "ECE %",
    "AURC % normalised",
    "minutes",
]


def main() -> None:
    """Render the page, and write or check it."""
    write_or_check({PAGE: render(read_runs(), section(findings()))})


def read_runs() -> dict[str, list[dict[str, Any]]]:
    """The result files of each recipe, by what it is trained with and seed. A folder is called `recipe_a0.2_s1`."""
    runs = defaultdict(list)
    for path in sorted(ROOT.glob("model_cards/*/results.json")):
        recipe = re.sub(r"_((a|maxsup|focal|logitnorm|mixup|cutmix|sam|ema)[\d.]+_s\d+|ce|ls)$", "", path.parent.name)
        runs[recipe].append(json.loads(path.read_text(encoding="utf-8")))
    return {recipe: sorted(of_recipe, key=_trained_and_seed) for recipe, of_recipe in sorted(runs.items())}


def _trained_and_seed(run: dict[str, Any]) -> tuple[str, int]:
    return TrainedWith.of_settings(run["settings"]).name, run["settings"]["training"]["seed"]


def render(runs: dict[str, list[dict[str, Any]]], of_the_paper: str) -> str:
    """The page: what the paper found first, then a table a recipe."""
    return "\n".join(
        [HEADER, of_the_paper + "\n", *(_section(recipe, of_recipe) for recipe, of_recipe in runs.items())]
    )


def _section(recipe: str, runs: list[dict[str, Any]]) -> str:
    table = markdown_table([COLUMNS, *map(_row, runs)], "l" + "r" * (len(COLUMNS) - 1))
    sizes = ", ".join(f"{split['samples']:,} {name}" for name, split in runs[0]["data"].items())
    places = sorted({f"{run['environment']['device']}, {run['environment']['threads']} threads" for run in runs})
    told = f"{sizes} samples; {'; '.join(places)}.{_note(runs[0])}"
    return "\n\n".join([f"## {recipe}", told, table, _compare(runs), *_beside(runs)]) + "\n"


def _beside(runs: list[dict[str, Any]]) -> Iterator[str]:
    """Why these numbers are not those of the findings, where the grids have the same data."""
    of_table = [Run(run, None) for run in runs]
    if told := beside_the_grid(of_table, _grids().get(of_table[0].data_set, [])):
        yield told


@cache
def _grids() -> dict[str, list[Recipe]]:
    return read_recipes(ROOT / "model_cards" / GRIDS)


def _note(run: dict[str, Any]) -> str:
    """What must be known of the intervals of pixels."""
    evaluation = run["evaluation"]
    if "n_images" not in evaluation:
        return ""
    return f" Measured on {evaluation['n_samples']:,} pixels of {evaluation['n_images']:,} test images" + (
        ", whose pixels depend on each other: the intervals are those of whole images."
        if evaluation.get("n_clusters")
        else "; pixels of one image depend on each other, so the intervals are too narrow."
    )


def _row(run: dict[str, Any]) -> list[str]:
    trained, seed = _trained_and_seed(run)
    scores, fits = run["evaluation"]["scores"], run["evaluation"]["fits"]
    msp, normalised, p = scores["msp"], scores["max_logit_pnorm"], fits["max_logit_pnorm"]["p"]
    return [
        trained,
        str(seed),
        f"{100 * msp['risk']:.2f}",
        f"{100 * msp['aurc']:.3f}",
        f"[{100 * msp['aurc_low']:.3f}, {100 * msp['aurc_high']:.3f}]",
        f"{100 * msp['cov@5']:.1f}",
        f"{100 * msp['cov@1']:.1f}",
        f"{msp['nll']:.4f}",
        f"{100 * msp['ece']:.2f}",
        f"{100 * normalised['aurc']:.3f} ({'MSP' if p is None else f'p = {p:g}'})",
        f"{run['training']['train_runtime'] / 60:.1f}" + ("+" if run["training"].get("resumed_from") else ""),
    ]


def _compare(runs: list[dict[str, Any]]) -> str:
    """Means over seeds, for each way of training."""
    groups = defaultdict(list)
    for run in runs:
        groups[_trained_and_seed(run)[0]].append(run["evaluation"]["scores"])
    sentences = []
    for trained, scores in groups.items():
        values = {key: mean(score["msp"][key] for score in scores) for key in ("risk", "aurc", "cov@1")}
        repaired = mean(score["max_logit_pnorm"]["aurc"] for score in scores)
        seeds = "one seed" if len(scores) == 1 else f"the mean of {len(scores)} seeds"
        sentences.append(
            f"- {trained}, {seeds}: error {100 * values['risk']:.2f} %, AURC {100 * values['aurc']:.3f} %, Cov@1 "
            f"{100 * values['cov@1']:.1f} %; after logit normalisation AURC {100 * repaired:.3f} %"
        )
    return "\n".join(sentences)


if __name__ == "__main__":
    main()
