"""Write `shift.md`, what corrupted images do to the repair, the threshold and the damage of label smoothing.

`python docs/shift.py` renders the page from `shift.json`. With `--measure DATA KEPT` it is measured first: DATA holds
`test.parquet` of CIFAR-10, and KEPT the logits, which are made if they are not there, on one processor in about a
quarter of an hour. With `--check` nothing is written, and the exit status says whether the page is stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pages import ROOT, write_or_check
from risk_differences import DRAWS, Ranked, in_draws, interval
from scipy.stats import binomtest

from abstain import aurc_difference, scores
from abstain._files import write_text
from abstain.audit.score_gains import holm
from abstain.curve import risk_coverage_curve
from abstain.report import markdown_table

PAGE = ROOT / "docs" / "shift.md"
RAW = PAGE.with_suffix(".json")
MONITORED = ROOT / "docs" / "monitoring.json"
CE, LS = "resnet20_cifar10_ce", "resnet20_cifar10_ls"
IMAGES = 4000
TARGET, LEVEL = 0.05, 0.95
COVERAGES = (0.1, 0.2, 1.0)
SCORES = ("MSP", "repaired")
Row = dict[str, Any]
Cells = list[Row]


def main() -> None:
    """Measure if asked to, render the page, and write or check it."""
    if "--measure" in sys.argv:
        data, kept = map(Path, sys.argv[sys.argv.index("--measure") + 1 :][:2])
        write_text(RAW, json.dumps(measured(data, kept), indent=1) + "\n")
    monitored = json.loads(MONITORED.read_text(encoding="utf-8")) if MONITORED.exists() else {}
    write_or_check({PAGE: render(json.loads(RAW.read_text(encoding="utf-8")), monitored)})


def measured(data: Path, kept: Path) -> Row:
    """All numbers of the page."""
    import corrupted_logits as corrupted  # which waits for torch and datasets, and only measuring needs them

    labels = corrupted.make_logits((CE, LS), data, kept, IMAGES)
    found: Row = {CE: [], LS: []}
    ranked: dict[tuple[str, str], dict[int, list[Ranked]]] = {}
    for name in (CE, LS):
        rule = corrupted.rule_of(name)
        for cell in corrupted.cells():
            logits = np.load(corrupted.file_of(kept, name, cell))
            error = (logits.argmax(axis=1) != labels).astype(float)
            scored = {"MSP": scores.msp(logits), "repaired": rule.confidence.score(logits)}
            told = dict(zip(("transform", "value", "severity"), cell, strict=True))
            found[name].append({**told, **of_cell(scored, error, rule.operating_point.threshold)})
            for score, confidence in scored.items():
                one = Ranked.of(confidence, error)
                ranked.setdefault((name, score), {}).setdefault(cell[2], []).append(one)
    return {**found, "differences": list(differences(ranked))}


def of_cell(scored: dict[str, Any], error: Any, threshold: float) -> Row:
    """Areas, what the repair gains, and what the threshold does."""
    accepted = scored["repaired"] >= threshold
    gain = aurc_difference(scored["MSP"], error, scored["repaired"], error, level=LEVEL)
    wrong, n_accepted = int(error[accepted].sum()), int(accepted.sum())
    return {
        "error": float(error.mean()),
        **{f"aurc {score}": float(risk_coverage_curve(one, error).aurc()) for score, one in scored.items()},
        "gain": gain.estimate,
        "gain interval": gain.interval,
        "accepted": n_accepted,
        "wrong": wrong,
        "p": float(binomtest(wrong, n_accepted, TARGET, alternative="greater").pvalue) if n_accepted else None,
    }


def differences(ranked: dict[tuple[str, str], dict[int, list[Ranked]]]) -> Iterator[Row]:
    """Risk of LS minus that of CE at each severity, the mean over its transforms; and minus that of clean images."""
    for score in SCORES:
        for coverage in COVERAGES:
            clean = None
            for severity in ranked[CE, score]:
                ce, ls = (mean_risks(ranked[name, score][severity], coverage) for name in (CE, LS))
                clean = ls - ce if clean is None else clean
                growth = ls - ce - clean
                yield {
                    **{"score": score, "coverage": coverage, "severity": severity},
                    **{"CE": float(ce[0]), "LS": float(ls[0]), "difference": float((ls - ce)[0])},
                    **{"interval": interval(ls - ce), "growth": float(growth[0]), "growth interval": interval(growth)},
                }


def mean_risks(cells: list[Ranked], coverage: float) -> Any:
    """(1 + B,) of the images as they are and of bootstrap samples of them, the same ones for all cells."""
    draws = in_draws(len(cells[0].error))
    return np.concatenate([np.mean([cell.risks(counts, coverage) for cell in cells], axis=0) for counts in draws])


def render(found: Row, monitored: Row) -> str:
    """shift.md."""
    return f"""# What shift does to the repair, to the threshold, and to what label smoothing damages

Made by `python docs/shift.py` from `shift.json`; `--measure` makes it anew. The released ResNet-20 of CIFAR-10, trained
with cross-entropy (`{CE}`) and with label smoothing (`{LS}`), on {IMAGES:,} test images, drawn
with a seed, under five transforms at five severities (their parameters are in `corrupted_images.py`). Repair and
threshold are those of the checkpoints' own rules, fitted and chosen on clean validation images: the repair on one half,
the threshold for a risk of {TARGET:.0%} with its guarantee on the other. The guarantee is void under shift; here is
what that means. There is one model of each kind: intervals, at {LEVEL:.0%}, are over the draw of the images alone.

## In short

{chr(10).join(f"- {line}" for line in in_short(found, monitored))}

## The damage at low coverage

Risk among the {COVERAGES[0]:.0%} and {COVERAGES[1]:.0%} of the images that each model is most confident of, and among
all (the error), as the mean over the transforms of a severity; severity 0 are the clean images. The intervals of the
differences are percentiles of {DRAWS:,} bootstrap samples of images, the same for both models and all transforms;
where only a handful of accepted images is wrong they are too narrow, and – stands where none is. `growth` is the
difference minus that of the clean images. After the repair the model of cross-entropy is as before.

{table_of_differences(found["differences"])}

{section(LS, found[LS])}

{section(CE, found[CE])}"""


def in_short(found: Row, monitored: Row) -> Iterator[str]:
    """What the tables say, counted."""
    yield repair_in_words(found[LS])
    for name, title in ((LS, "label smoothing"), (CE, "cross-entropy")):
        yield threshold_in_words(found[name], title, monitored.get(f"images: {name}", []))
    for score in SCORES:
        yield from damage_in_words(found["differences"], score)


def repair_in_words(cells: Cells) -> str:
    """In how many cells the repair helps."""
    clean, shifted = cells[0], cells[1:]
    helps = sum(cell["gain interval"] is not None and cell["gain interval"][0] > 0 for cell in shifted)
    hurts = sum(cell["gain interval"] is not None and cell["gain interval"][1] < 0 for cell in shifted)
    means = [points(np.mean([cell["gain"] for cell in shifted if cell["severity"] == s])) for s in range(1, 6)]
    return (
        f"Does the repair still help? It lowers the AURC of the smoothed model by {100 * clean['gain']:.2f} points on "
        f"the clean images; under shift its gain is above zero in {helps} of {len(shifted)} cells, by the interval of "
        f"each alone, and below in {hurts}. The mean gain from severity 1 to 5 is {', '.join(means)} points."
    )


def threshold_in_words(cells: Cells, title: str, monitored: Cells) -> str:
    """In how many cells the threshold fails, and whether the monitor would say so."""
    fails = {key(cell) for cell in failing(cells)}
    shifted = [cell for cell in cells if cell["severity"]]
    found = (
        f"Does the threshold hold ({title})? The risk is above {TARGET:.0%} beyond chance (exact binomial tails, after "
        f"Holm's correction) in {len(fails)} of {len(shifted)} shifted cells, and reaches "
        f"{percent(max(cell['wrong'] / cell['accepted'] for cell in shifted))} %."
    )
    noticed = {key(cell) for cell in monitored if cell["ranks"]["median"] is not None}
    if not monitored:
        return found
    return (
        f"{found} Does the monitor notice? By ranks, without a label and without knowing the threshold, in the median "
        f"stream {len(fails & noticed)} of these {len(fails)}, and {len(noticed - fails)} of the others, which are "
        "shifted too: how soon, and in streams of how many images, stands in [monitoring](monitoring.md)."
    )


def damage_in_words(rows: Cells, score: str) -> Iterator[str]:
    """Where the difference, and its growth, are above or below zero."""
    title = "by MSP" if score == "MSP" else "after the repair"
    for coverage in COVERAGES[:2]:
        chosen = [row for row in rows if row["score"] == score and row["coverage"] == coverage]
        yield (
            f"Does the damage grow at {coverage:.0%} coverage, {title}? The smoothed model's risk minus that of "
            f"cross-entropy, from clean images to severity 5: {', '.join(points(row['difference']) for row in chosen)} "
            f"points. {signs(chosen, 'interval', 'It is')}; {signs(chosen[1:], 'growth interval', 'its growth is')}."
        )


def signs(rows: Cells, name: str, subject: str) -> str:
    """At which severities an interval lies above zero, and at which below."""
    told = [row for row in rows if row[name] is not None]
    above = [str(row["severity"]) for row in told if row[name][0] > 0]
    below = [str(row["severity"]) for row in told if row[name][1] < 0]
    words = [f"{where} zero at severity {', '.join(at)}" for where, at in (("above", above), ("below", below)) if at]
    return f"{subject} {' and '.join(words) or 'not told from zero at any severity'}"


def failing(cells: Cells) -> Iterable[Row]:
    """Shifted cells in which the risk is above the target beyond chance."""
    shifted = [cell for cell in cells if cell["severity"]]
    adjusted = holm([cell["p"] for cell in shifted])
    return [cell for cell, p in zip(shifted, adjusted, strict=True) if p is not None and p <= 1 - LEVEL]


def key(cell: Row) -> tuple[str, float]:
    """By which a cell is found in the other file."""
    return cell["transform"], float(cell["value"])


def table_of_differences(rows: Cells) -> str:
    """A row a score, coverage and severity."""
    lines = [
        ["confidence", "coverage", "severity", "CE %", "LS %", "LS - CE, points", "interval", "growth", "interval"]
    ]
    for row in rows:
        if row["score"] == "repaired" and row["coverage"] == 1:
            continue  # of all images the order says nothing
        ends = [between(row[name]) for name in ("interval", "growth interval")]
        numbers = [percent(row["CE"]), percent(row["LS"]), points(row["difference"]), ends[0]]
        growth = [points(row["growth"]), ends[1]] if row["severity"] else ["", ""]
        lines.append([row["score"], f"{row['coverage']:.0%}", str(row["severity"]), *numbers, *growth])
    return markdown_table(lines, "lrrrrrrrr")


def section(name: str, cells: Cells) -> str:
    """The table of one checkpoint."""
    repaired = any(cell["gain"] != 0 for cell in cells)
    fails = [key(cell) for cell in failing(cells)]
    heads = ["transform", "", "error %", "AURC % of MSP", "repaired", "gain, points", "interval"]
    rows = [[*heads, "answered %", "risk %"], *(row_of(cell, failed=key(cell) in fails) for cell in cells)]
    rows = rows if repaired else [[*row[:4], *row[7:]] for row in rows]
    stays = "" if repaired else " Its repair stayed with MSP on the validation images, so there is nothing to gain."
    return f"""## {name}

`answered` and `risk` are those at the threshold; ✗ where the risk is above {TARGET:.0%} beyond chance.{stays}

{markdown_table(rows, "l" + "r" * (len(rows[0]) - 1))}
"""


def row_of(cell: Row, *, failed: bool) -> list[str]:
    """One cell in percent."""
    risk = f"{percent(cell['wrong'] / cell['accepted'])}{' ✗' if failed else ''}" if cell["accepted"] else "–"
    return [
        cell["transform"],
        f"{cell['value']:g}" if cell["severity"] else "",
        percent(cell["error"]),
        percent(cell["aurc MSP"]),
        percent(cell["aurc repaired"]),
        points(cell["gain"]),
        between(cell["gain interval"]),
        percent(cell["accepted"] / IMAGES),
        risk,
    ]


def percent(fraction: float) -> str:
    """Without the sign."""
    return f"{100 * fraction:.2f}"


def points(fraction: float) -> str:
    """A difference, with its sign."""
    return f"{100 * fraction:+.2f}"


def between(ends: Iterable[float] | None) -> str:
    """An interval of a difference."""
    return "–" if ends is None else f"[{', '.join(points(end) for end in ends)}]"


if __name__ == "__main__":
    main()
