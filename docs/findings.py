"""The findings of the paper, each beside what the kept runs show: the table that results.md and the README have.

A finding counts as seen in some data where the interval of 95 % excludes that it is not there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mechanism_real import CONCLUSIONS, over_runs
from pages import ROOT
from recipe_runs import PLAIN, Recipe, Run, read_recipes
from scipy.stats import t as student

from abstain._files import RESULTS_FILE
from abstain.curve import difference_over_seeds
from abstain.report import markdown_table

DOCS = ROOT / "docs"
SMOOTHED = {"bank_marketing": "LS 0.4", "online_shoppers": "LS 0.6", "imdb": "LS 0.6"}
"""Where the paper has the data, its factor."""
ELSEWHERE = "LS 0.2"
MARGIN = 0.05
"""The share of the AURC up to which a repair is called little."""
AT_TEN_PERCENT = {"CE": 93 + 80, "LS": 297 + 541, "accepted": 8994 + 1094}
"""Errors among the accepted at 10 % coverage of ImageNet and ImageNet-Sketch, as the paper prints them: without and
with the most smoothing."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """What one set of runs shows.

    Attributes:
        data: their name.
        evidence: in numbers.
        is_there: whether the finding is seen.
    """

    data: str
    evidence: str
    is_there: bool


@dataclass(frozen=True)
class Finding:
    """One finding of the paper.

    Attributes:
        letter: by which it is called.
        claim: what it says.
        seen: where it was looked for.
        page: that tells more.
        printed: the number that the paper prints; most are figures.
    """

    letter: str
    claim: str
    seen: Sequence[Seen]
    page: str
    printed: str = "a figure"

    @property
    def verdict(self) -> str:
        """In words, counted over the data."""
        there, n = sum(one.is_there for one in self.seen), len(self.seen)
        if not n:
            return "cannot be tested here"
        if not there:
            return "not seen here"
        return "reproduced" if there == n > 1 else f"reproduced in {there} of {n}"


def findings() -> list[Finding]:
    """All, in their order."""
    recipes = read_recipes(ROOT / "model_cards" / "recipes")
    pairs = {name: pair for name, of in recipes.items() if (pair := _pair(name, of)) is not None}
    mechanism, shift = _read("mechanism.json"), _read("shift.json")
    return [
        Finding(
            "a", "label smoothing raises the AURC of MSP", [*_harm(pairs), *_harm_elsewhere(recipes)], "recipes.md"
        ),
        Finding("b", "the repair lowers it again", list(_repair(pairs, 1)), "recipes.md"),
        Finding("c", "which does little for cross-entropy", list(_repair(pairs, 0)), "recipes.md"),
        Finding(
            "d",
            "at equal MSP the largest logit is higher on errors after label smoothing, not after cross-entropy",
            list(_largest_logit(mechanism["runs"])),
            "mechanism.md",
        ),
        Finding(
            "e",
            "under shift the damage grows at low coverage",
            list(_shift(shift["differences"])),
            "shift.md",
            f"at 10 % coverage {100 * AT_TEN_PERCENT['CE'] / AT_TEN_PERCENT['accepted']:.1f} % errors without and "
            f"{100 * AT_TEN_PERCENT['LS'] / AT_TEN_PERCENT['accepted']:.1f} % with the most smoothing",
        ),
        Finding(
            "f",
            "at equal MSP the normalised largest logit falls as the largest logit rises",
            list(_normalised(mechanism["runs"])),
            "mechanism.md",
        ),
    ]


def table(found: Sequence[Finding], *, folder: str = "") -> str:
    """One row a finding: claim, verdict, and where it was and was not seen; pages lie in `folder`."""
    rows = [["", "finding of the paper", "here", "seen in", "not seen in", "more"]]
    for one in found:
        there, not_there = (_names(one, is_there=is_there) for is_there in (True, False))
        rows.append([one.letter, one.claim, one.verdict, there, not_there, f"[{one.page}]({folder}{one.page})"])
    return markdown_table(rows, "llllll")


def _names(finding: Finding, *, is_there: bool) -> str:
    return ", ".join(seen.data for seen in finding.seen if seen.is_there is is_there) or "–"


def section(found: Sequence[Finding]) -> str:
    """All findings in one table, and one a finding with the numbers."""
    return "\n\n".join([INTRODUCTION, table(found), *map(_evidence, found)])


INTRODUCTION = f"""## Findings of the paper

What the paper found, and whether it is seen in the runs that are kept here. *Seen* means that the interval of
95 % excludes that it is not so; intervals are over seeds and test samples, where it says so over seeds alone. Of (c)
the whole interval is within {100 * MARGIN:g} % of the AURC, and of (d) that of cross-entropy does not lie above 0,
which is not to say that there is nothing. Each interval stands for itself, and with one seed or two much may be chance.
The repair is logit normalisation, of two classes a calibration of each. Most of what the paper shows are figures,
without a number to stand beside."""


def _evidence(finding: Finding) -> str:
    rows = [[one.data, one.evidence, "yes" if one.is_there else "no"] for one in finding.seen]
    head, rows = f"### ({finding.letter}) {finding.claim}: {finding.verdict}", [["data", "measured", "seen"], *rows]
    return f"{head}\n\nThe paper: {finding.printed}.\n\n{markdown_table(rows, 'lll')}"


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
        yield Seen(name, told, of_aurc.low > 0)


def _harm_elsewhere(recipes: dict[str, list[Recipe]]) -> Iterator[Seen]:
    """IMDB by its results alone, where no ranks were kept; pixels by their images."""
    if "imdb" not in recipes:
        plain, smoothed = (_kept(f"lstm_imdb_{alpha}") for alpha in ("a0", "a0.6"))
        told, low = _over_seeds([a.value("aurc") - b.value("aurc") for a, b in zip(smoothed, plain, strict=True)])
        coverages = [100 * np.mean([run.value("cov@1") for run in runs]) for runs in (plain, smoothed)]
        words = f"LS 0.6: AURC {told} points; Cov@1 {coverages[0]:.1f} → {coverages[1]:.1f} %; {len(plain)} seeds"
        yield Seen("imdb", words, low > 0)
    pixels = _read("segmentation.json")["differences"]["pixels"]
    told = f"{ELSEWHERE}: AURC {_points_of(pixels)} points, by images; one seed"
    yield Seen("camvid", told, pixels["low"] > 0)


def _kept(name: str) -> list[Run]:
    folders = sorted((ROOT / "model_cards").glob(f"{name}_s*"))
    return [Run(json.loads((folder / RESULTS_FILE).read_text(encoding="utf-8")), None) for folder in folders]


def _repair(pairs: dict[str, tuple[Recipe, Recipe]], which: int) -> Iterator[Seen]:
    """Repaired minus MSP: of label smoothing it is to lie below 0, of cross-entropy to be little."""
    for name, pair in pairs.items():
        recipe = pair[which]
        told, low, high = _gain(recipe)
        little = MARGIN * float(recipe.values("aurc").mean())
        is_there = high < 0 if which else -little < low and high < little
        yield Seen(name, f"{recipe.name}: AURC {told}; {len(recipe.runs)} seeds", is_there)


def _gain(recipe: Recipe) -> tuple[str, float, float]:
    """AURC repaired minus that of MSP, in words and as the ends of its interval."""
    runs = list(recipe.runs.values())
    two_classes = runs[0].results["evaluation"]["n_logits"] <= 2
    if two_classes or any(run.ranks is None for run in runs):
        by_seed = [run.value("aurc", repaired=True) - run.value("aurc") for run in runs]
        told, low = _over_seeds(by_seed)
        return f"{told} points, over seeds alone", low, 2 * float(np.mean(by_seed)) - low
    ranks = [run.ranks for run in runs if run.ranks is not None]
    errors = [one.error.astype(float) for one in ranks]
    found = difference_over_seeds([one.max_logit_pnorm for one in ranks], errors, [one.msp for one in ranks], errors)
    if found.low is None or found.high is None:
        return "does not change, since the fit falls back to MSP", 0.0, 0.0
    return f"{_points(found)} points", found.low, found.high


def _over_seeds(values: Sequence[float]) -> tuple[str, float]:
    """Mean with Student's interval, in points, and its lower end."""
    mean, half = float(np.mean(values)), 0.0
    if len(values) > 1:
        half = float(student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return f"{100 * mean:+.2f} [{100 * (mean - half):+.2f}, {100 * (mean + half):+.2f}]", mean - half


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
        yield Seen(name, told, with_it["low"] > 0 and not without["low"] > 0)


def _normalised(rows: Sequence[Row]) -> Iterator[Seen]:
    for name, plain, smoothed in _by_runs(rows):
        without, with_it = (over_runs(of, CONCLUSIONS[1]) for of in (plain, smoothed))
        told = f"partial correlation of the two: {ELSEWHERE} {_plain(with_it)}, CE {_plain(without)}"
        yield Seen(name, told, with_it["high"] < 0)


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
    yield Seen("cifar10, corrupted", told, low > 0)


def _points(difference: Any) -> str:
    return _points_of(vars(difference))


def _points_of(difference: dict[str, Any]) -> str:
    return "{:+.2f} [{:+.2f}, {:+.2f}]".format(*(100 * difference[key] for key in ("estimate", "low", "high")))


def _plain(estimate: Row) -> str:
    return f"{estimate['estimate']:+.2f} [{estimate['low']:+.2f}, {estimate['high']:+.2f}]"
