"""Write `diagnosis.md` and its figure from `diagnosis.json`: how often the verdict of `abstain.diagnose` is right.

    python docs/diagnosis.py measure RUNS...

measures runs anew, each a folder with `results.json` and `logits/test.parquet`, in some seconds each; those of other
names stay as they are. Without arguments only the page is written; with `--check` nothing is, and the exit status says
whether it is out of date.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from diagnosed_runs import SEEDS_SEEN, Entry, diagnosed, median, unlike
from diagnosis_figure import diagnosis_figure
from pages import ROOT, write_or_check
from which_runs import called

from abstain._files import RESULTS_FILE, whole_file, write_json
from abstain.audit.smoothing_verdict import FEWEST_CLASSES, MANY_CLASSES, QUANTILE, SMALLEST
from abstain.report import markdown_table
from abstain.report.pictures import figure_bytes

PAGE = ROOT / "docs" / "diagnosis.md"
RAW, FIGURE = PAGE.with_suffix(".json"), PAGE.with_suffix(".png")
LEVEL = 0.95
SHORT = {"looks smoothed": "smoothed", "does not look smoothed": "not", "too few errors to say": "too few"}
SHORT |= {"cannot be told with many classes": "cannot be told"}
WRONG = {"plain": "looks smoothed", "smoothed": "does not look smoothed"}
"""Truth -> the verdict that is wrong then."""


def main() -> None:
    """Measure where that is asked for; render, and write or check the page; draw the figure."""
    if sys.argv[1:2] == ["measure"]:
        measure([Path(name) for name in sys.argv[2:]])
        sys.argv[1:] = []
    entries = read_entries()
    write_or_check({PAGE: render(entries)})
    with whole_file(FIGURE) as partial:
        figure = diagnosis_figure([one for one in entries if one["classes"] >= FEWEST_CLASSES])
        partial.write_bytes(figure_bytes(figure))


def measure(folders: list[Path]) -> None:
    """Diagnose the runs, and keep the numbers beside those of others."""
    kept = {one["name"]: one for one in read_entries()}
    for folder in folders:
        if (folder / RESULTS_FILE).is_file() and (folder / "logits" / "test.parquet").is_file():
            kept[folder.name] = diagnosed(folder)
            print(f"{folder.name}: {kept[folder.name]['verdict']}")
    write_json(RAW, {"runs": unlike(list(kept.values()))})


def read_entries() -> list[Entry]:
    """What was measured."""
    return json.loads(RAW.read_text(encoding="utf-8"))["runs"] if RAW.exists() else []


def render(entries: list[Entry]) -> str:
    """diagnosis.md."""
    return "\n\n".join([HEADER, *_sections(entries)]) + "\n"


def _sections(entries: list[Entry]) -> Iterator[str]:
    enough = [one for one in entries if one["classes"] >= FEWEST_CLASSES]
    usual, many = ([one for one in enough if (one["classes"] >= MANY_CLASSES) == is_many] for is_many in (False, True))
    yield f"## How often the verdict is wrong\n\n{OF_RATES}\n\n{rates(usual, many)}"
    yield first_mark_alone([one for one in usual if one["truth"] == "plain"])
    yield OF_MIXED
    yield f"## By what the models were trained with\n\n![the two marks of every run]({FIGURE.name})\n\n{OF_TABLE}"
    yield by_training(enough)
    few = [one for one in entries if 2 < one["classes"] < FEWEST_CLASSES]
    if few:
        yield f"## Fewer than {FEWEST_CLASSES} classes\n\n{of_few(few)}\n\n{by_training(few, verdict='by the rule')}"
    two = [one for one in entries if one["classes"] == 2]
    if two:
        yield f"## Two classes\n\n{OF_TWO}\n\n{of_two(two)}"
    yield OF_ALPHA


def rates(usual: list[Entry], many: list[Entry]) -> str:
    """One row a set of runs and truth: how many got which verdict, and the share that is wrong."""
    judged = [one for one in usual if not one["seen"]]
    table = [["runs", "trained", "verdicts", *SHORT.values(), "wrong %"]]
    for title, entries, counted in (
        ("not used to choose the rule", judged, _whole),
        ("the same, a quarter of the samples", judged, _quarters),
        ("used to choose the rule", [one for one in usual if one["seen"]], _whole),
        (f"{MANY_CLASSES} classes or more", many, _whole),
    ):
        for truth in ("plain", "smoothed"):
            counts = counted([one for one in entries if one["truth"] == truth])
            if total := sum(counts.values()):
                told = [str(counts[verdict]) for verdict in SHORT]
                table.append([title, truth, str(total), *told, _share(counts[WRONG[truth]], total)])
    return markdown_table(table, "ll" + "r" * (len(table[0]) - 2))


def first_mark_alone(plain: list[Entry]) -> str:
    """What would be said without the second mark."""
    if not plain:
        return ""
    wrong = sum(one["low"] is not None and one["low"] > 0 for one in plain)
    return (
        f"By the first mark alone {wrong} of the {len(plain)} plain models of less than {MANY_CLASSES} classes would\n"
        f"look smoothed, {_share(wrong, len(plain))} %."
    )


def _whole(entries: list[Entry]) -> Counter[str]:
    return Counter(one["verdict"] for one in entries)


def _quarters(entries: list[Entry]) -> Counter[str]:
    return sum((Counter(one.get("of quarters", {})) for one in entries), Counter())


def _share(wrong: int, total: int) -> str:
    from scipy.stats import binomtest

    ends = binomtest(wrong, total).proportion_ci(LEVEL, method="exact")
    return f"{100 * wrong / total:.1f} [{100 * ends.low:.1f}, {100 * ends.high:.1f}]"


def by_training(entries: list[Entry], verdict: str = "verdict") -> str:
    """One row a data set, a recipe and a weight decay: verdicts, and medians of what they rest on."""
    table = [["data", "classes", "trained with", "weight decay", *SHORT.values(), *MEDIANS]]
    for key, runs in _grouped(entries, lambda one: (one["data_set"], one["trained"], one["weight_decay"])):
        counts = Counter(one[verdict] for one in runs)
        numbers = [_number(median(runs, name), form) for name, form in MEDIANS.values()]
        told = [str(counts[name]) for name in SHORT]
        table.append([called(key[0]), str(runs[0]["classes"]), key[1], f"{key[2]:g}", *told, *numbers])
    return markdown_table(table, "lrlr" + "r" * (len(table[0]) - 4))


MEDIANS = {
    "effect, in std": ("standardized_effect", "+.2f"),
    "correlation": ("spread_correlation", "+.2f"),
    "α that fits": ("alpha", ".2f"),
    "T that fits": ("temperature", ".2f"),
    "α fitted with T": ("alpha with temperature", ".2f"),
    "share above ceiling": ("share_above_ceiling", ".2f"),
}


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _grouped(entries: list[Entry], key: Callable[[Entry], tuple]) -> Iterator[tuple[tuple, list[Entry]]]:
    for found in sorted({key(one) for one in entries}):
        yield found, [one for one in entries if key(one) == found]


def of_few(few: list[Entry]) -> str:
    """Why there is no verdict."""
    plain = [one for one in few if one["truth"] == "plain"]
    wrong = sum(one["by the rule"] == WRONG["plain"] for one in plain)
    return (
        f"Here `diagnose` gives no verdict: by the same rule {wrong} of {len(plain)} models that were not smoothed\n"
        f"would look it, {_share(wrong, len(plain))} %. The other logits are few, and the runner-up among them draws\n"
        "away as the largest grows. The table says what the rule would have said."
    )


def of_two(two: list[Entry]) -> str:
    """One row a data set and a recipe: means over its runs."""
    table = [["data", "trained with", "runs", "α that fits", "T that fits", *(f"risk@{x} %" for x in (1, 20))]]
    for key, runs in _grouped(two, lambda one: (one["data_set"], one["trained"])):
        risks = [f"{100 * median(runs, f'risk@{x}'):.2f}" for x in (1, 20)]
        fits = [_number(median(runs, name), ".2f") for name in ("alpha", "temperature")]
        table.append([called(key[0]), key[1], str(len(runs)), *fits, *risks])
    return markdown_table(table, "llrrrrr")


def _seen() -> str:
    """Which runs of the data that has many."""
    return " and ".join(f"the seeds below {seeds} of {called(name)}" for name, seeds in SEEDS_SEEN.items())


HEADER = f"""# How often a diagnosis is right

`abstain.diagnose(logits, labels)` says whether a classifier looks smoothed, by two marks: at equal MSP its largest
logit is higher on errors, and the larger that logit, the more alike the others are. It *looks smoothed* where both
are surely there ({QUANTILE:g} standard errors), and *does not* where the others surely draw apart instead, or the
effect on errors is surely below {SMALLEST:g} standard deviations; else there are *too few* errors to say. The first
mark alone would not do: where some inputs are sharp and others noisy, models without any smoothing show it.

Written by `make docs` from `diagnosis.json`, which holds every run that was diagnosed (`diagnosis.py measure`): the
released models, the runs of the grids in [`training_scripts/grids`](../training_scripts/grids) whose logits were at
hand, the same network with other weight decay, and digits with other numbers of classes (`other_classes.py`)."""

OF_RATES = f"""*Plain* models were trained on hard labels, whatever else was done to them (weight decay, SAM, averaged
weights, focal loss, normalised logits); *smoothed* ones with label smoothing or MaxSup, alone or with more. Wrong is a
plain model that looks smoothed, or a smoothed one that does not; intervals are exact (Clopper and Pearson) at
{100 * LEVEL:g} %, as if runs were independent, which those of one seed and one data set are not quite. The rule was
chosen on {_seen()} and on all runs of
other data, and is judged by the rest; on some of the rest, another form of the second mark had been tried and given up
before. A quarter of the samples is every fourth of them."""

OF_MIXED = """Models trained on mixed targets (mixup, CutMix) stand in the next table only: their targets are soft, but
not as smoothing makes them, and neither verdict is right or wrong. With many classes the second mark can be missing
though a model was smoothed, since the other logits follow the likeness of the classes: where only the first is there,
`diagnose` says that it cannot be told. How it does on images of a hundred or a thousand classes was not measured."""

OF_TABLE = """Columns after the verdicts are medians over runs: the effect in standard deviations of z_max at equal MSP,
the rank correlation of z_max with the standard deviation of the other logits among right answers, what `alpha`,
`temperature` and `share_above_ceiling` hold, and the α that is fitted together with a temperature."""

OF_TWO = """With two classes z_max is a function of MSP, and no verdict is given. What is left is shown here: the α that
fits, and the error rate among the surest 1 and 20 %. A smoothed model errs more at its very top than below it; but a
plain one with few samples there may too, and any underconfidence gives an α, as weight decay does above."""

OF_ALPHA = """## Which smoothing fits

`alpha` is the one with which the softmax, its smoothing taken out, has the least Brier score; `temperature` is that of
temperature scaling. They are two explanations of one thing, how sure a model is, and logits do not tell which is true:
weight decay and focal loss give an α without smoothing. The pair of α and temperature with the least Brier score is
no better an estimate, as the last but one column of the tables above says: the temperature takes most of it."""


if __name__ == "__main__":
    main()
