"""Write `mechanism.md`: does the gradient on the max logit say what training does to it, and to abstention?

`python docs/mechanism.py` renders page and figures from `mechanism.json`. With `--measure FOLDER RUNS...` it measures
first: FOLDER holds what `mechanism_runs.py` trained, each RUNS the kept folders of runs with logits, as a grid leaves
them. With `--add RUNS...` it measures only these runs, and keeps what is known of others. With `--check` nothing is
written, and the exit status says whether the page is out of date.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from mechanism_figure import ranks_figure, suppression_figure
from mechanism_measure import EVENNESS, measured, rank_correlation, ranks
from mechanism_real import CONCLUSIONS, measured_runs, over_runs, rows_of
from mechanism_runs import EPOCHS, OFTEN, ONCE, PLAIN, RECIPES_OF, TRAIN_SIZE, read_runs, test_points
from pages import ROOT, write_or_check
from which_runs import called

from abstain._files import json_text, whole_file, write_text
from abstain.audit import Estimate
from abstain.report import markdown_table
from abstain.report.pictures import figure_bytes

PAGE = ROOT / "docs" / "mechanism.md"
RAW, FIGURE = PAGE.with_suffix(".json"), PAGE.with_suffix(".png")
RANKS_FIGURE = PAGE.with_name("mechanism_ranks.png")
ORDER = {"LS": 0, "MaxSup": 1}
DIGITS = 6
FEWEST_RECIPES = 4
"""Without cross-entropy, from which on ranks are compared."""
Numbers = dict[str, Any]


def main() -> None:
    """Measure if asked to, render, and write or check the page; draw the figures."""
    if "--measure" in sys.argv:
        write_text(RAW, json_text(measure(*map(Path, sys.argv[sys.argv.index("--measure") + 1 :]))))
    kept = json.loads(RAW.read_text(encoding="utf-8"))
    if "--add" in sys.argv:
        kept = with_runs(kept, *map(Path, sys.argv[sys.argv.index("--add") + 1 :]))
        write_text(RAW, json_text(kept))
    write_or_check({PAGE: render(kept)})
    for path, draw in ((FIGURE, suppression_figure), (RANKS_FIGURE, ranks_figure)):
        with whole_file(path) as partial:
            partial.write_bytes(figure_bytes(draw(others(kept[OFTEN]["recipes"]))))


def measure(trained: Path, *folders: Path) -> Numbers:
    """All numbers of the page."""
    points = test_points()
    kept: Numbers = {seen: measured(points, read_runs(trained, seen)) for seen in RECIPES_OF}
    kept[OFTEN]["ranks"] = ranks(kept[OFTEN]["recipes"])
    return rounded({**kept, "runs": measured_runs(list(folders))})


def with_runs(kept: Numbers, *folders: Path) -> Numbers:
    """The numbers of the page with runs of folders, each in the place of one of the same data, recipe and seed."""
    told = [*kept["runs"], *(rounded(row) for folder in folders for row in rows_of(folder))]
    return {**kept, "runs": list({(row["runs"], row["recipe"], row["seed"]): row for row in told}.values())}


def rounded(values: Any) -> Any:
    """With so many digits after the point as tell; what is smaller keeps as many of its own."""
    if isinstance(values, Mapping):
        return {key: rounded(value) for key, value in values.items()}
    if isinstance(values, list):
        return [rounded(value) for value in values]
    if not isinstance(values, float):
        return values
    return round(values, DIGITS) if abs(values) > 10.0**-DIGITS else float(f"{values:.2g}")


def others(recipes: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Without cross-entropy, to which they are compared."""
    return {name: numbers for name, numbers in recipes.items() if name != PLAIN}


def render(kept: Numbers) -> str:
    """mechanism.md."""
    often, once = kept[OFTEN], kept[ONCE]
    alike = min(numbers["alike"] for numbers in others(often["recipes"]).values())
    largest = max(often["largest differences"].values())
    blocks = [
        header(often),
        f"## The gradient\n\n{GRADIENT.format(largest=largest)}",
        f"## What trained networks do\n\n![suppression against the probability of an error]({FIGURE.name})",
        TRAINED.format(alike=100 * alike),
        recipe_table(often["recipes"]),
        pairs(often["recipes"]),
        f"## Does the prediction rank the damage?\n\n![what ranks the damage]({RANKS_FIGURE.name})",
        RANKED,
        rank_table(often["ranks"]),
        verdict(often["ranks"]["failure AUROC"]),
        f"## Samples that are new each time\n\n{NEW.format(train=TRAIN_SIZE[ONCE])}",
        recipe_table(once["recipes"]),
        f"{pairs(once['recipes'])} {by_heart(once['recipes'])}",
        f"## Conclusions (d) and (f) of the paper on real runs\n\n{REAL}",
        real_table(kept["runs"]),
        plain_too(kept["runs"]),
        real_ranks(kept["runs"]),
    ]
    return "\n\n".join(blocks) + "\n"


def header(often: Numbers) -> str:
    """What was trained on what."""
    return HEADER.format(
        points=often["points"],
        seeds=often["seeds"],
        train=TRAIN_SIZE[OFTEN],
        epochs=EPOCHS[OFTEN],
        least=100 * often["least error"],
        plain=100 * often["recipes"][PLAIN]["error"],
    )


def recipe_table(recipes: Mapping[str, Numbers]) -> str:
    """One row a recipe: slopes in the probability of an error, measured and predicted, and the damage."""
    head = ["trained with", "error %", "slope of the gradient", "slope", "relative slope", "at equal MSP, minus CE"]
    rows = [[*head, "AURC minus CE, points", "failure AUROC minus CE, points"]]
    for name, numbers in recipes.items():
        told = ["–"] * 6
        if name != PLAIN:
            minus = numbers["minus CE"]
            told = [f"{numbers['predicted slope']:+.2f}", *(_interval(numbers[key]) for key in head[3:5])]
            told += [_interval(minus["at equal MSP"], 3)]
            told += [_interval(minus[key], 2, scale=100) for key in ("AURC", "failure AUROC")]
        rows.append([name, f"{100 * numbers['error']:.2f}", *told])
    return markdown_table(rows, "l" + "r" * 7)


def pairs(recipes: Mapping[str, Numbers]) -> str:
    """How much of the damage of label smoothing MaxSup does with the same factor."""
    told = []
    for name in recipes:
        if name.startswith("MaxSup") and (other := name.replace("MaxSup", "LS")) in recipes:
            damage = [np.array(recipes[one]["by seed"]["failure AUROC"]) for one in (name, other)]
            less = asdict(Estimate.over_seeds(damage[1] - damage[0]))
            share = 100 * damage[0].mean() / damage[1].mean()
            told.append(
                f"{name} costs {share:.0f} % of what {other} costs, {_interval(less, 2, scale=100)} points less"
            )
    return f"Of the failure AUROC, {'; '.join(told)}."


def by_heart(recipes: Mapping[str, Numbers]) -> str:
    """Whether MaxSup does damage on samples that are new each time."""
    damage = {name: of["minus CE"]["failure AUROC"] for name, of in recipes.items() if name.startswith("MaxSup")}
    done = [name for name, of in damage.items() if of["high"] < 0]
    if not done:
        return "None of the damage of MaxSup is beyond chance here."
    names = " and of ".join(done)
    return f"The damage of {names} is beyond chance here too, of which labels learnt by heart cannot be the reason."


def rank_table(found: Mapping[str, Numbers]) -> str:
    """What might rank the damage, against both kinds of it."""
    rows = [["ranks of recipes by", *(f"damage to {area}" for area in found), "over seeds alone, failure AUROC"]]
    for what in EVENNESS:
        told = [_ranked(of[what], "recipes and seeds") for of in found.values()]
        rows.append([WHAT[what], *told, _ranked(found["failure AUROC"][what], "seeds")])
    return markdown_table(rows, "lrrr")


def verdict(found: Mapping[str, Numbers]) -> str:
    """In words, of the damage to the failure AUROC."""
    words = [f"{WHAT[what]} {_in_words(of)} (ρ = {of['estimate']:+.2f})" for what, of in found.items()]
    return f"For the failure AUROC: {'; '.join(words)}."


def _in_words(found: Numbers) -> str:
    if found["low over recipes and seeds"] > 0:
        return "ranks the damage"
    return "ranks it the wrong way round" if found["high over recipes and seeds"] < 0 else "is not seen to rank it"


def real_table(rows: Sequence[Numbers]) -> str:
    """One row a data set and recipe."""
    table = [["runs", "trained with", "seeds", "(d) max logit and error", *(f"(f) {one}" for one in CONCLUSIONS[1:])]]
    for (runs, recipe), of_recipe in by_recipe(rows).items():
        told = [_interval(over_runs(of_recipe, conclusion)) for conclusion in CONCLUSIONS]
        table.append([called(runs), recipe, str(len(of_recipe)), *told])
    return markdown_table(table, "llrrrr")


def plain_too(rows: Sequence[Numbers]) -> str:
    """Where (d) holds of cross-entropy too, of which the paper says that it does not."""
    found = {runs: over_runs(of, CONCLUSIONS[0]) for (runs, recipe), of in by_recipe(rows).items() if recipe == PLAIN}
    above = [called(runs) for runs, of in found.items() if of["low"] > 0]
    where = f"does in {len(above)} of {len(found)} sets of runs: {'; '.join(above)}" if above else "nowhere does"
    return f"The interval of (d) should not lie above 0 for CE; it {where}."


def by_recipe(rows: Sequence[Numbers]) -> dict[tuple[str, str], list[Numbers]]:
    """(which runs, recipe) -> a row a seed; cross-entropy and label smoothing come first."""
    found: dict[tuple[str, str], list[Numbers]] = defaultdict(list)
    for row in rows:
        found[row["runs"], row["recipe"]].append(row)
    return dict(sorted(found.items(), key=lambda one: (one[0][0], _place(one[0][1]))))


def _place(recipe: str) -> tuple[int, str]:
    return (-1 if recipe == PLAIN else ORDER.get(recipe.split(" ")[0], 2) + 3 * recipe.count("+"), recipe)


def real_ranks(rows: Sequence[Numbers]) -> str:
    """How (d) ranks the damage to the failure AUROC, of each set of runs with enough recipes; both minus CE's means."""
    told = []
    for runs in sorted({row["runs"] for row in rows}):
        means = {recipe: _means(of) for (of_runs, recipe), of in by_recipe(rows).items() if of_runs == runs}
        plain = means.pop(PLAIN, None)
        if plain is not None and len(means) >= FEWEST_RECIPES:
            apart = np.array(list(means.values())) - plain
            found = rank_correlation(apart[:, :1], -apart[:, 1:])
            told.append(f"{called(runs)}, {len(means)} recipes: ρ = {_ranked(found, 'recipes and seeds')}")
    return f"How (d) ranks the damage to the failure AUROC there, with intervals over recipes: {'; '.join(told)}."


def _means(rows: Sequence[Numbers]) -> list[float]:
    return [
        float(np.mean([row[CONCLUSIONS[0]]["estimate"] for row in rows])),
        float(np.mean([row["failure AUROC"] for row in rows])),
    ]


def _interval(found: Numbers, digits: int = 2, scale: float = 1) -> str:
    estimate, low, high = (scale * found[key] for key in ("estimate", "low", "high"))
    return f"{estimate:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"


def _ranked(found: Numbers, over: str) -> str:
    return f"{found['estimate']:+.2f} [{found[f'low over {over}']:+.2f}, {found[f'high over {over}']:+.2f}]"


WHAT = {
    "gradient": "minus the slope of the gradient",
    "slope": "minus the slope",
    "relative slope": "minus the relative slope",
    "at equal MSP": "max logit and P_error at equal MSP",
}
HEADER = """# What the loss does to the max logit, and what becomes of it

The paper explains the damage of label smoothing by a gradient: beyond cross-entropy (CE) it pushes the max logit down
by α(1 - P_error - 1/K), less where the prediction is likely wrong, so that errors keep their confidence. MaxSup pushes
it down by α(1 - 1/K) everywhere, and by that argument should do no damage. Here the true distribution of the label is
known at every point (`known_conditional.py`: {points:,} test points of ten overlapping classes, some with rare
regions), and so is P_error of every prediction. A small network is trained with each recipe and {seeds} seeds on
{train:,} samples, {epochs} times each; no classifier makes less than {least:.1f} % errors, that of CE makes
{plain:.1f} %. Written by `docs/mechanism.py`; intervals are of 95 %, Student's over seeds."""
GRADIENT = """By autograd through the package's own losses, at the logits of the network trained with CE and in
expectation over the true labels, the gradient on the max logit minus that of CE differs from those two formulas by at
most {largest:.0e}. For other losses its slope in P_error is measured; mixup is taken for a mixture of targets at the
input of the larger share, and EMA and SAM have the loss of CE. CutMix, which cuts out of images, has no place here."""
TRAINED = """Suppression is the centred max logit of the network trained with CE minus that of the recipe with the same
seed, on the test points whose class both predict alike ({alike:.0f} % at least). The dashed line is the mean gradient
of the loss, which is in another unit: it is drawn times the factor that brings it nearest to the marks, so that the
shapes can be compared. In the table:

- *slope of the gradient*: in P_error; below 0, errors are spared, and the paper predicts damage.
- *slope*: that of suppression, in logits. *Relative slope*: the same after the max logits of each run are divided by
  their mean, so that logits which are merely shorter are no suppression.
- *At equal MSP*: the partial correlation of the centred max logit with P_error among test points of equal MSP, minus
  that of CE: conclusion (d), with P_error in place of errors.
- AURC is in expectation over labels; failure AUROC is of labels that were drawn."""
RANKED = """Spearman's correlation, over recipes, of what might rank the damage with the damage; both are means over
seeds, and a larger number stands for errors that are spared more. Intervals are of a bootstrap that draws recipes and
seeds anew, in the last column seeds alone. Only the slope of the gradient is known before training; the others are
read from the trained networks, and say where the damage lies rather than foretell it."""
NEW = """Where a network gives every training sample its label, the largest logit is that of the label, and MaxSup and
label smoothing have the same gradient. If MaxSup did its damage for that reason alone, it should do none where labels
cannot be learnt by heart. So here, in as many updates, each of {train:,} samples is seen once."""
REAL = """(d): at equal MSP the max logit is higher on errors, for label smoothing and not for CE: the partial
correlation of the centred max logit with the error. (f): at equal MSP the normalised max logit falls as the max logit
rises: their partial correlation, with p as validation data choose it, for centred logits and for logits as they are.
Where both hold, normalisation reads as doubt what training left on errors. Of one run the interval is over samples, of
several over seeds and samples. Runs with two classes are left out: there both follow from MSP."""


if __name__ == "__main__":
    main()
