"""Write `recipes.md`, `recipes.json` and the figure from the kept runs of grids, `model_cards/recipes`: `make docs`.

With `--check` nothing is written, and the exit status says whether the page or the numbers are out of date.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

import other_models
import over_seeds
from pages import ROOT, write_or_check
from recipe_figure import recipe_figure
from recipe_runs import PLAIN, Recipe, read_recipes
from recipe_verdicts import MARGIN, ORDER_MARGIN, YES, not_learned, orders_worse, verdict
from repair_gain import REPAIR, gain_of_repair
from which_runs import called

from abstain._files import json_text, whole_file
from abstain.curve import DifferenceOverSeeds
from abstain.report import markdown_table
from abstain.report.phrases import counted
from abstain.report.pictures import figure_bytes

RUNS = ROOT / "model_cards" / "recipes"
PAGE = ROOT / "docs" / "recipes.md"
FIGURE = PAGE.with_suffix(".png")
MEASURED = {
    "error %": ("risk", False),
    "AURC %": ("aurc", False),
    "AURC % repaired": ("aurc", True),
    "Cov@5 %": ("cov@5", False),
    "Cov@1 %": ("cov@1", False),
    "ECE %": ("ece", False),
}
"""Column -> the measurement, and whether it is that of the repair."""
SPREAD = ("AURC", "Cov@")
"""How the columns begin whose standard deviation over seeds is told."""
DIFFERENCES = {
    "error": (lambda ranks: ranks.msp, "risk"),
    "AURC": (lambda ranks: ranks.msp, "aurc"),
    "AURC repaired": (lambda ranks: ranks.max_logit_pnorm, "aurc"),
    "failure AUROC": (lambda ranks: ranks.msp, "failure_auroc"),
}
"""Column -> the ranks that it is read from, and the area."""
LOOKS_SMOOTHED = "looks smoothed"
Row = dict[str, Any]


def main() -> None:
    """Measure, render, and write or check page and numbers; draw the figure."""
    recipes = read_recipes(RUNS)
    numbers = {name: [row_of(recipe, of_data_set) for recipe in of_data_set] for name, of_data_set in recipes.items()}
    write_or_check({PAGE: render(numbers, other_models.kept()), PAGE.with_suffix(".json"): json_text(numbers)})
    if recipes:
        with whole_file(FIGURE) as partial:
            partial.write_bytes(figure_bytes(recipe_figure(recipes)))


def row_of(recipe: Recipe, of_data_set: Sequence[Recipe]) -> Row:
    """What is told of a recipe: means and standard deviations over seeds, differences to cross-entropy, a verdict."""
    values = {column: recipe.values(key, repaired=repaired) for column, (key, repaired) in MEASURED.items()}
    row: Row = {"recipe": recipe.name, "seeds": len(recipe.runs)}
    two_classes = any(run.has_two_classes for run in recipe.runs.values())
    told = Counter(run.diagnosis for run in recipe.runs.values() if run.diagnosis)
    row["diagnoses"] = None if two_classes else dict(sorted(told.items()))
    row |= {column.removesuffix(" %").replace(" % ", " "): _spread(of_seeds) for column, of_seeds in values.items()}
    row[REPAIR] = {key: _kept(value) for key, value in asdict(gain_of_repair(recipe)).items()}
    row["trained on"] = machines_of(recipe)
    plain = next((one for one in of_data_set if one.name == PLAIN), None)
    if plain is None or plain is recipe:
        return row
    found = {name: recipe.minus(plain, score, area) for name, (score, area) in DIFFERENCES.items()}
    if two_classes:
        del found["AURC repaired"]  # the ranks of the calibration per class are not kept
    row["minus CE"] = {name: difference and _told(difference) for name, difference in found.items()}
    if stuck := not_learned(recipe, plain):
        return row | {"verdict": stuck, "orders worse": "–"}
    n_seeds, aurc_of_plain = len(recipe.runs.keys() & plain.runs.keys()), float(plain.values("aurc").mean())
    row["verdict"] = verdict(found["AURC"], aurc_of_plain, n_seeds=n_seeds)
    return row | {"orders worse": orders_worse(found["failure AUROC"], n_seeds=n_seeds)}


def machines_of(recipe: Recipe) -> dict[str, Row]:
    """What its runs were trained on -> their seeds, and how many minutes each took, as `Run.minutes`."""
    machines: dict[str, Row] = {}
    for seed, run in recipe.runs.items():
        one = machines.setdefault(run.machine, {"seeds": [], "minutes": []})
        one["seeds"].append(seed)
        one["minutes"].append(run.minutes)
    return machines


def _spread(of_seeds: Any) -> dict[str, float | None]:
    return {"mean": _kept(of_seeds.mean()), "std": _kept(of_seeds.std(ddof=1)) if len(of_seeds) > 1 else None}


def _told(difference: DifferenceOverSeeds) -> dict[str, float | None]:
    names = ["estimate", "low", "high", "seeds_standard_error", "samples_standard_error"]
    return {name: _kept(getattr(difference, name)) for name in names} | {"seeds": len(difference.of_seeds)}


def _kept(number: Any) -> Any:
    """With as many digits as every processor gives: the last ones depend on the order in which it adds up."""
    return float(f"{number:.12g}") if isinstance(number, float) else number


def render(numbers: dict[str, list[Row]], others: Sequence[Row]) -> str:
    """recipes.md; tables without a row are left out."""
    return "\n\n".join([HEADER, *_sections(numbers, others)]) + "\n"


def _sections(numbers: dict[str, list[Row]], others: Sequence[Row]) -> Iterator[str]:
    if not numbers:
        yield "No run is kept yet."
    else:
        yield f"![error against AURC, before and after the repair]({FIGURE.name})"
        yield f"## Verdicts\n\n{verdicts(numbers)}"
    for name, rows in numbers.items():
        yield f"## {called(name)}\n\n{machines(rows)}\n\n{measurements(rows)}"
        if compared := differences(rows):
            yield compared
    if others:
        yield f"## Models of others\n\n{other_models.TOLD}\n\n{other_models.table(others)}"
    yield f"## How often the interval holds the true difference\n\n{over_seeds.section(over_seeds.read_kept())}"


def verdicts(numbers: dict[str, list[Row]]) -> str:
    """One row a recipe, one column a data set."""
    recipes = dict.fromkeys(row["recipe"] for rows in numbers.values() for row in rows if "verdict" in row)
    told = {(name, row["recipe"]): _in_words(row) for name, rows in numbers.items() for row in rows}
    rows = [[recipe, *(told.get((name, recipe)) or "–" for name in numbers)] for recipe in recipes]
    return markdown_table([["trained with", *map(called, numbers)], *rows], "l" * (1 + len(numbers)))


def _in_words(row: Row) -> str:
    return row.get("verdict", "") + ("; orders worse" if row.get("orders worse") == YES else "")


def machines(rows: Sequence[Row]) -> str:
    """A sentence: on what the runs were trained, the most of them first, and how long each took there."""
    runs: dict[str, list[tuple[str, float | None]]] = defaultdict(list)
    for row in rows:
        for machine, of in row["trained on"].items():
            seeds = zip(of["seeds"], of["minutes"], strict=True)
            runs[machine] += [(f"{row['recipe']} seed {seed}", minutes) for seed, minutes in seeds]
    told = []
    for number, (machine, of) in enumerate(sorted(runs.items(), key=lambda one: -len(one[1]))):
        which = f": {', '.join(name for name, _ in of)}" if number else ""
        known = [minutes for _, minutes in of if minutes is not None]
        took = f", {_minutes(median(known))} minutes in the median" if known else ""
        told.append(f"{machine} ({counted(len(of), 'run')}{took}{which})")
    return f"Trained on {'; '.join(told)}."


def _minutes(minutes: float) -> str:
    return f"{minutes:.0f}" if minutes >= 10 else f"{minutes:.2g}"


def measurements(rows: Sequence[Row]) -> str:
    """One row a recipe: means over seeds, the standard deviation of some over them, and what the repair does."""
    table = [["trained with", "seeds", *MEASURED, f"{REPAIR}, points", "looks smoothed"]]
    for row in rows:
        measured = [*(_cell(row, column) for column in MEASURED), _repair(row[REPAIR], row["seeds"])]
        table.append([row["recipe"], str(row["seeds"]), *measured, _looks_smoothed(row)])
    return markdown_table(table, "l" + "r" * (3 + len(MEASURED)))


def _repair(gain: Row, n_seeds: int) -> str:
    if not gain["n_changed"]:
        return "falls back"
    some = f" in {gain['n_changed']} of {n_seeds}" if gain["n_changed"] < n_seeds else ""
    return _interval(gain, missing=f"{100 * gain['estimate']:+.3f}") + some


def _looks_smoothed(row: Row) -> str:
    diagnoses = row["diagnoses"]
    if diagnoses is None:
        return "–"
    return f"{diagnoses.get(LOOKS_SMOOTHED, 0)} of {sum(diagnoses.values())}" if diagnoses else "?"


def _cell(row: Row, column: str) -> str:
    found, digits = row[column.removesuffix(" %").replace(" % ", " ")], 3 if column.startswith("AURC") else 2
    spread = f" ± {100 * found['std']:.{digits}f}" if row["seeds"] > 1 and column.startswith(SPREAD) else ""
    return f"{100 * found['mean']:.{digits}f}{spread}"


def differences(rows: Sequence[Row]) -> str:
    """One row a recipe: its differences to cross-entropy in percentage points, with intervals, and the verdict."""
    compared = [row for row in rows if "minus CE" in row]
    if not compared:
        return ""
    columns = list(compared[0]["minus CE"])
    table = [["minus CE, in points", *columns, "breaks abstention?", "orders worse?"]]
    for row in compared:
        told = [_interval(row["minus CE"][name]) for name in columns]
        table.append([row["recipe"], *told, row["verdict"], row["orders worse"]])
    return markdown_table(table, "l" + "r" * len(columns) + "ll")


def _interval(difference: Row | None, missing: str = "–") -> str:
    if difference is None or difference["low"] is None:
        return missing
    estimate, low, high = (100 * difference[name] for name in ("estimate", "low", "high"))
    return f"{estimate:+.3f} [{low:+.3f}, {high:+.3f}]"


HEADER = f"""# Which ways of training break abstention

Every run of the grids in [`training_scripts/grids`](../training_scripts/grids) that is kept in
[`model_cards/recipes`](../model_cards/recipes), written by `make docs` from its result file and the ranks of its test
samples. Means are over seeds, and ± is the standard deviation over them; the split, the model and its schedule are the
same in all lines of a table, machines stand above it. LS is label smoothing, MaxSup maximum suppression, SAM
sharpness-aware minimisation, EMA the average of weights, LogitNorm training on normalised logits, each with its factor;
a model trained with LogitNorm is measured by its own logits, as its authors use it. *Repaired* is after the logit
normalisation that is fitted to a trained model on validation data (another thing than LogitNorm), with two classes
after calibration per predicted class; it falls back to MSP where what it gains there is less than a standard error.
*{REPAIR[0].upper() + REPAIR[1:]}* is what it changes, and in how many runs if not in all; with two classes, of which
the ranks of the calibration are not kept, its interval is over seeds alone, and the repaired AURC is not set beside
that of CE.

Differences to cross-entropy (CE) are paired by seed and by test sample, and their interval of
{100 * over_seeds.LEVEL:g} % is over both: another seed and other samples would give another number. Its variance is
that of the difference over seeds, divided by their number, and that of the mean influence of a sample, divided by
theirs; how it comes about stands at `abstain.curve.difference_over_seeds`. With two or three seeds it may hold the true
difference less often than it says: the last table tells how often. Two runs of a pair that were trained on different
machines differ in rounding too, which then counts as what a seed does.

A recipe *does not* break abstention where the interval of its AURC minus that of CE, both of MSP, lies below
{100 * MARGIN:g} % of the AURC of CE, which we call no damage; it *breaks* it where the interval lies above that, and
*harms* where it lies above 0 but not above that: the AURC rises, whether by so much these runs cannot tell. Otherwise
they *cannot tell*, and *one seed* has no interval. AURC grows with the error too, so such a recipe may only make more
errors. Whether it also *orders worse* is said by the failure AUROC of MSP, the share of pairs of an error and a correct
answer in which the error is the less confident one: *no* where the interval of its difference to CE lies above
{-100 * ORDER_MARGIN:g} point (*by < 1 point* if below 0 too), *yes* where it lies below 0 and reaches further. The two
need not agree: AURC weighs the errors among the surest answers most, failure AUROC all pairs alike. Intervals are one
by one; none is widened for their number. All this is of models as they are trained: what the repair makes of the
comparison stands in the column *AURC repaired*.

Of runs that *did not learn*, all test samples have the same confidence: they never left chance, so that there is no
order to judge. MaxSup can come to that with two classes, in one logit or two: with d the one minus the other, its term
is α·|d|/2 and pulls d back to 0 by α/2 whatever the label is, cross-entropy away from 0 by no more, on average, than
|P(y|x) - 1/2|; where classes are as frequent as each other, that is little before anything is learnt. *Looks
smoothed* counts the runs of which [`abstain.diagnose`](diagnosis.md) says so; ? where none was diagnosed, – of two
classes, of which it cannot be told."""


if __name__ == "__main__":
    main()
