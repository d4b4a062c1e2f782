"""Whether each finding of the paper is seen in the runs that are kept: from their result files, to their words.

A finding counts as seen in some data where the interval of 95 % excludes that it is not there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from findings import MARGIN, Finding, Seen
from mechanism_real import CONCLUSIONS, over_runs
from pages import ROOT
from recipe_runs import PLAIN, Recipe, Run, read_recipes
from repair_gain import ALONE, gain_of_repair
from which_runs import GRIDS, data_sets_with_runs, in_words

from abstain._files import RESULTS_FILE

DOCS = ROOT / "docs"
SMOOTHED = {"bank_marketing": "LS 0.4", "online_shoppers": "LS 0.6", "imdb": "LS 0.6"}
"""Where the paper has the data, its factor."""
ELSEWHERE = "LS 0.2"
OF_THE_PAPER = ("imagenet", "cifar10", "cifar100", "cityscapes", *SMOOTHED)
NO_RUNS = "no runs"
REASONS = {
    "d": {name: "two classes, of which the largest logit follows from MSP" for name in SMOOTHED}
    | {"camvid": "no logits of its pixels are kept"},
    "e": {"imagenet": "no runs, nor with ImageNet-Sketch, the paper's shift"},
}
"""Why a finding cannot be tested of data of which there are runs; (f) as (d)."""
REASONS |= {"f": REASONS["d"]}
BROKEN = ("recipes.md", "segmentation.md")
OF_HARM = "AURC with smoothing minus without, in points"
OF_REPAIR = "AURC repaired minus MSP, in points"
OF_LOGITS = "partial correlation after label smoothing"
AT_TEN_PERCENT = {"CE": 93 + 80, "LS": 297 + 541, "accepted": 8994 + 1094}
"""Errors among the accepted at 10 % coverage of ImageNet and ImageNet-Sketch, as the paper prints them: without and
with the most smoothing."""
Row = dict[str, Any]


def findings() -> list[Finding]:
    """All, in their order."""
    recipes = read_recipes(ROOT / "model_cards" / GRIDS)
    pairs = {name: pair for name, of in recipes.items() if (pair := _pair(name, of)) is not None}
    mechanism, shift = _read("mechanism.json")["runs"], _read("shift.json")["differences"]
    seen = {
        "a": [*_harm(pairs), _harm_of_pixels()],
        "b": [*_repair(pairs, 1), _repair_of_pixels("LS")],
        "c": [*_repair(pairs, 0), _repair_of_pixels("CE")],
        "d": list(_largest_logit(mechanism)),
        "e": list(_shift(shift)),
        "f": list(_normalised(mechanism)),
    }
    claims = {
        "a": ("label smoothing raises the AURC of MSP", BROKEN, OF_HARM),
        "b": ("the repair lowers it again", BROKEN, OF_REPAIR),
        "c": ("which does little for cross-entropy", BROKEN, OF_REPAIR),
        "d": (
            "at equal MSP the largest logit is higher on errors after label smoothing, not after cross-entropy",
            ("mechanism.md",),
            OF_LOGITS,
        ),
        "e": (
            "under shift the damage grows at low coverage",
            ("shift.md",),
            "errors accepted at 10 %, growth in points",
        ),
        "f": (
            "at equal MSP the normalised largest logit falls as the largest logit rises",
            ("mechanism.md",),
            OF_LOGITS,
        ),
    }
    known = data_sets_with_runs()
    return [
        Finding(
            letter, claim, seen[letter], pages, _printed(letter), unit, _untested(seen[letter], REASONS, letter, known)
        )
        for letter, (claim, pages, unit) in claims.items()
    ]


def _printed(letter: str) -> str:
    if letter != "e":
        return "a figure"
    without, with_it = (100 * AT_TEN_PERCENT[name] / AT_TEN_PERCENT["accepted"] for name in ("CE", "LS"))
    return f"at 10 % coverage {without:.1f} % errors without and {with_it:.1f} % with the most smoothing"


def _untested(
    seen: Sequence[Seen], reasons: Mapping[str, Mapping[str, str]], letter: str, known: set[str]
) -> dict[str, str]:
    """Data of the paper without any runs, and those of which the runs do not tell: name -> why."""
    told = reasons.get(letter, {})
    found = {one.data.partition(",")[0] for one in seen}
    without = {name: NO_RUNS for name in OF_THE_PAPER if name not in known and (letter != "e" or name in told)}
    return {name: why for name, why in (without | told).items() if name not in found}


def _read(name: str) -> Any:
    return json.loads((DOCS / name).read_text(encoding="utf-8"))


def _pair(data_set: str, recipes: Sequence[Recipe]) -> tuple[Recipe, Recipe] | None:
    """Cross-entropy and label smoothing with two seeds or more; None where there are not both."""
    found = {one.name: one for one in recipes if len(one.runs) > 1}
    wanted = (PLAIN, SMOOTHED.get(data_set, ELSEWHERE))
    return (found[wanted[0]], found[wanted[1]]) if all(name in found for name in wanted) else None


def _harm(pairs: dict[str, tuple[Recipe, Recipe]]) -> Iterator[Seen]:
    for name, (plain, smoothed) in pairs.items():
        of_aurc, of_error = (smoothed.minus(plain, lambda ranks: ranks.msp, area) for area in ("aurc", "risk"))
        if of_aurc is None or of_aurc.low is None or of_error is None:
            continue
        coverages = [100 * one.values("cov@1").mean() for one in (plain, smoothed)]
        told = (
            f"{smoothed.name}: AURC {_points(of_aurc)}, error {_points(of_error)} points; Cov@1 {coverages[0]:.1f} → "
            f"{coverages[1]:.1f} %; {len(of_aurc.of_seeds)} seeds"
        )
        effect, n_seeds = _points(of_aurc), len(of_aurc.of_seeds)
        yield Seen(name, told, of_aurc.low > 0, effect, _clearness(vars(of_aurc)), n_seeds, _of_grid(smoothed))


def _harm_of_pixels() -> Seen:
    """Of CamVid, by its images."""
    pixels = _read("segmentation.json")["differences"]["pixels"]
    told = f"{ELSEWHERE}: AURC {_points_of(pixels)} points, by images; one seed"
    return Seen("camvid", told, pixels["low"] > 0, _points_of(pixels), _clearness(pixels), runs=_of_pixels("LS"))


def _kept(name: str) -> list[Run]:
    folders = sorted((ROOT / "model_cards").glob(f"{name}_s*"))
    return [Run(json.loads((folder / RESULTS_FILE).read_text(encoding="utf-8")), None) for folder in folders]


def _repair(pairs: dict[str, tuple[Recipe, Recipe]], which: int) -> Iterator[Seen]:
    """Repaired minus MSP: of label smoothing it is to lie below 0, of cross-entropy to be little."""
    for name, pair in pairs.items():
        recipe = pair[which]
        gain = gain_of_repair(recipe)
        if gain.low is None or gain.high is None:  # too few errors to tell
            continue
        ends = {"estimate": gain.estimate, "low": gain.low, "high": gain.high}
        little = MARGIN * float(recipe.values("aurc").mean())
        is_there = gain.is_beyond_chance if which else -little < gain.low and gain.high < little
        alone = f", over {gain.over}" if gain.over == ALONE else ""
        unchanged = "does not change, since the fit falls back to MSP"
        told = f"{_points_of(ends)} points{alone}" if gain.n_changed else unchanged
        if not which and ends["low"] > 0:
            told += ", worse beyond chance"
        words = f"{recipe.name}: AURC {told}; {len(recipe.runs)} seeds"
        effect = told.replace(" points", "").replace(", over", " over")
        clearness = _clearness(ends) if which else _littleness(ends, little)
        yield Seen(name, words, is_there, effect, clearness, len(recipe.runs), _of_grid(recipe))


def _repair_of_pixels(model: str) -> Seen:
    """Of CamVid: its file has by how much the repair lowers the AURC."""
    gain = _read("segmentation.json")["models"][model]["gain"]
    change = {"estimate": -gain["estimate"], "low": -gain["high"], "high": -gain["low"]}
    smoothed = model == "LS"
    told = f"{ELSEWHERE if smoothed else PLAIN}: AURC {_points_of(change)} points, by images"
    if change["low"] > 0:
        told += ", worse beyond chance"
    little = MARGIN * _read("segmentation.json")["models"][model]["scores"]["MSP"]["aurc"]
    is_there = change["high"] < 0 if smoothed else -little < change["low"] and change["high"] < little
    clearness = _clearness(change) if smoothed else _littleness(change, little)
    return Seen("camvid", f"{told}; one seed", is_there, _points_of(change), clearness, runs=_of_pixels(model))


def _of_pixels(model: str) -> str:
    return in_words(_kept(f"deeplabv3plus_camvid_small_a{0.2 if model == 'LS' else 0:g}"), "deeplabv3plus_camvid_small")


def _of_grid(recipe: Recipe) -> str:
    return in_words(list(recipe.runs.values()), GRIDS)


def _littleness(difference: Mapping[str, float], little: float) -> float:
    """How many times the farther end of an interval fits into what is called little."""
    farther = max(abs(difference["low"]), abs(difference["high"]))
    return little / farther if farther else float("inf")


def _clearness(difference: Mapping[str, float]) -> float:
    """How many half widths of its interval a number is away from 0."""
    half = (difference["high"] - difference["low"]) / 2
    return abs(difference["estimate"]) / half if half else 0.0


def _by_runs(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row], list[Row]]]:
    """Of each set of runs in a grid those of cross-entropy and of label smoothing."""
    for name in sorted({row["runs"] for row in rows if row["runs"].endswith("grid")}):
        of_set = [row for row in rows if row["runs"] == name]
        of_both = [[row for row in of_set if row["recipe"] == recipe] for recipe in (PLAIN, ELSEWHERE)]
        if all(of_both):
            yield name.removesuffix(", grid"), of_both[0], of_both[1]


def _largest_logit(rows: Sequence[Row]) -> Iterator[Seen]:
    for name, plain, smoothed in _by_runs(rows):
        without, with_it = (over_runs(of, CONCLUSIONS[0]) for of in (plain, smoothed))
        told = f"partial correlation with the error: CE {_plain(without)}, {ELSEWHERE} {_plain(with_it)}"
        is_there = with_it["low"] > 0 and not without["low"] > 0
        effect = f"{_plain(with_it)} (after cross-entropy {_plain(without)})"
        yield Seen(name, told, is_there, effect, _clearness(with_it), len(smoothed), f"`{GRIDS}`")


def _normalised(rows: Sequence[Row]) -> Iterator[Seen]:
    for name, plain, smoothed in _by_runs(rows):
        without, with_it = (over_runs(of, CONCLUSIONS[1]) for of in (plain, smoothed))
        told = f"partial correlation of the two: {ELSEWHERE} {_plain(with_it)}, CE {_plain(without)}"
        effect = _plain(with_it)
        yield Seen(name, told, with_it["high"] < 0, effect, _clearness(with_it), len(smoothed), f"`{GRIDS}`")


def _shift(differences: Sequence[Row]) -> Iterator[Seen]:
    """The most severe corruption, at 10 % coverage by MSP."""
    least = min(row["coverage"] for row in differences)
    of_msp = [row for row in differences if row["score"] == "MSP" and row["coverage"] == least]
    clean, worst = of_msp[0], max(of_msp, key=lambda row: row["severity"])
    low, high = worst["growth interval"]
    told = (
        f"LS minus CE at {100 * least:g} % coverage, errors accepted: {100 * clean['difference']:+.1f} points "
        f"clean, {100 * worst['difference']:+.1f} under the most severe corruption; growth "
        f"{100 * worst['growth']:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]; one seed"
    )
    growth = f"{100 * worst['growth']:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
    yield Seen("cifar10, corrupted", told, low > 0, growth, runs="`resnet20_cifar10_ce`, `resnet20_cifar10_ls`")


def _points(difference: Any) -> str:
    return _points_of(vars(difference))


def _points_of(difference: dict[str, Any]) -> str:
    return "{:+.2f} [{:+.2f}, {:+.2f}]".format(*(100 * difference[key] for key in ("estimate", "low", "high")))


def _plain(estimate: Row) -> str:
    return f"{estimate['estimate']:+.2f} [{estimate['low']:+.2f}, {estimate['high']:+.2f}]"
