"""Write `monitoring.md`, how often the alarms of `RiskMonitor` are false and how soon they are true, from simulation.

`python docs/monitoring.py` renders the page from `monitoring.json`. With `--measure FOLDER`, what the file lacks is
measured first, on one processor in about 20 minutes for all; FOLDER holds `test.parquet` of CIFAR-10. With `--check`
nothing is written, and the exit status says whether the page is stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import monitored_streams as streams
import numpy as np
from pages import ROOT, write_or_check

from abstain import select_threshold
from abstain._files import write_text
from abstain.report import markdown_table
from abstain.threshold.accepted_share import AcceptedShare
from abstain.threshold.rank_test import N_BINS, RankTest

PAGE = ROOT / "docs" / "monitoring.md"
RAW = PAGE.with_suffix(".json")
DELTA = 0.05
"""Of the monitor: half of it is each test's."""
RUNS, STEPS, HORIZONS = 1000, 100_000, (1000, 10_000, 100_000)
"""Streams in which nothing changes, their length, and when alarms are counted."""
SIZES = (200, 2500)
"""Validation samples."""
TARGET, BEFORE, AFTER = 0.05, 0.02, (0.08, 0.1, 0.15, 0.2, 0.3)
"""The target risk, and what the risk of the accepted is before and after it changes."""
CHANGES = (0, 1000, 20_000)
"""Labels before the risk changes."""
DELAY_RUNS, DELAY_STEPS = 300, 5000
CHECKPOINTS = ("resnet20_cifar10_ls", "resnet20_cifar10_ce")
IMAGES, ORDERS = 2000, 100
"""Images of each cell, and seeded orders in which they come."""
Row = dict[str, Any]


def main() -> None:
    """Measure what is missing if asked to, render the page, and write or check it."""
    kept = json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {}
    if "--measure" in sys.argv:
        for name, measure in parts(Path(sys.argv[sys.argv.index("--measure") + 1])).items():
            if name not in kept:
                kept[name] = measure()
                write_text(RAW, json.dumps(kept, indent=1) + "\n")
    write_or_check({PAGE: render(kept)})


def parts(folder: Path) -> dict[str, Callable[[], Any]]:
    """What is measured, each of its own."""
    false: dict[str, Callable[[], Any]] = {
        f"no change: {name}": lambda name=name, measure=measure: alarms_in_all(name, measure)
        for name, measure in unchanged().items()
    }
    corrupted: dict[str, Callable[[], Any]] = {
        f"images: {name}": lambda name=name: corrupted_cells(name, folder) for name in CHECKPOINTS
    }
    return {**false, "risk": delays_of_risk, **corrupted}


def unchanged() -> dict[str, Callable[[np.random.Generator], np.ndarray]]:
    """Case -> the alarms of all streams of it."""
    cases: dict[str, Callable[[np.random.Generator], np.ndarray]] = {}
    for n in SIZES:
        cases[f"ranks among {n:,} validation confidences"] = lambda random, n=n: ranks_unchanged(random, n, 0)
    cases[f"the same, {SIZES[0]}, of 3 levels"] = lambda random: ranks_unchanged(random, SIZES[0], 3)
    for n in SIZES:
        cases[f"accepted share, threshold chosen on {n:,}"] = lambda random, n=n: share_unchanged(random, n)
    for risk in (TARGET, 0.01):
        cases[f"risk of just the target, {risk:.0%}"] = lambda random, risk=risk: risk_unchanged(random, risk)
    return cases


def alarms_in_all(name: str, measure: Callable[[np.random.Generator], np.ndarray]) -> Row:
    """The share of the streams whose alarm rises within each horizon."""
    alarms = measure(np.random.default_rng([*name.encode()]))
    return {str(horizon): float(np.mean((alarms > 0) & (alarms <= horizon))) for horizon in HORIZONS}


def in_blocks(draw: Callable[[int], np.ndarray], steps: int = STEPS) -> Iterator[np.ndarray]:
    """The categories of all streams, a block at a time."""
    return (draw(streams.BLOCK) for _ in range(steps // streams.BLOCK))


def ranks_unchanged(random: np.random.Generator, n: int, levels: int) -> np.ndarray:
    """Validation and deployment from one distribution: continuous, or of a few levels."""

    def confidence(*shape: int) -> np.ndarray:
        return random.integers(0, levels, shape).astype(float) if levels else random.random(shape)

    many = streams.ManyRanks([RankTest.of(confidence(n)) for _ in range(RUNS)])
    blocks = in_blocks(lambda more: many.bins(confidence(RUNS, more), random))
    return streams.first_alarms(many.log_evidence, blocks, N_BINS, DELTA / 2)


def share_unchanged(random: np.random.Generator, n: int) -> np.ndarray:
    """A threshold chosen on validation samples whose risk falls from 30 % to 0, and the share that it accepts."""
    accepted, bands = np.empty(RUNS), []
    for run in range(RUNS):
        confidence = random.random(n)
        point = select_threshold(confidence, random.random(n) < 0.3 * (1 - confidence), 0.1)
        accepted[run] = min(1 - point.threshold, 1)
        bands.append(AcceptedShare.of(point.coverage, n, DELTA / 4))
    evidence = streams.share_evidence(np.array([b.low for b in bands]), np.array([b.high for b in bands]))
    blocks = in_blocks(lambda more: (random.random((RUNS, more)) < accepted[:, None]).astype(int))
    return streams.first_alarms(evidence, blocks, 2, DELTA / 4)


def risk_unchanged(random: np.random.Generator, risk: float) -> np.ndarray:
    """Labels of accepted samples whose risk is just what was promised."""
    blocks = in_blocks(lambda more: (random.random((RUNS, more)) < risk).astype(int))
    return streams.first_alarms(streams.risk_evidence(risk), blocks, 2, DELTA / 2)


def delays_of_risk() -> list[Row]:
    """Labels from the change of the risk to the alarm."""
    rows, random = [], np.random.default_rng(1)
    for change in CHANGES:
        for after in AFTER:
            until = change + DELAY_STEPS
            risk = np.where(np.arange(until) < change, BEFORE, after)
            errors = (random.random((DELAY_RUNS, until)) < risk).astype(int)
            evidence, blocks = streams.risk_evidence(TARGET), streams.blocks_of(errors)
            alarms = streams.first_alarms(evidence, blocks, 2, DELTA / 2, change)
            rows.append({"change": change, "after": after, **summary(np.where(alarms > change, alarms - change, 0))})
    return rows


def summary(delays: np.ndarray) -> Row:
    """Median and nine tenths of the delays, None where no alarm rises in so many; and how many it rises in."""
    endless = np.where(delays > 0, delays, np.inf)
    quantiles = {"median": 0.5, "nine tenths": 0.9}
    found = {name: float(np.quantile(endless, share, method="higher")) for name, share in quantiles.items()}
    return {
        **{name: value if np.isfinite(value) else None for name, value in found.items()},
        "noticed": float(np.mean(delays > 0)),
    }


def corrupted_cells(name: str, folder: Path) -> list[Row]:
    """Delays of all tests on the images as they are, and under each transform and severity."""
    import corrupted_images as corrupted  # which waits for torch and datasets, and only measuring needs them

    images, labels = corrupted.images_and_labels(folder, IMAGES, seed=0)
    classifier, validation = corrupted.classifier_and_validation(name)
    cells = [("none", 0.0), *((of, value) for of, (_, values) in corrupted.SEVERITIES.items() for value in values)]
    rows = []
    for of, value in cells:
        pictures = [corrupted.to.to_pil_image(image) for image in images]
        logits = classifier.logits(pictures if of == "none" else corrupted.transformed(images, of, value))
        confidence, error = classifier.rule.confidence.score(logits), logits.argmax(axis=1) != labels
        found = delays_of_images(classifier.rule.operating_point, validation, confidence, error)
        rows.append({"transform": of, "value": value, **found})
        print(name, rows[-1], flush=True)
    return rows


def delays_of_images(point: Any, validation: np.ndarray, confidence: np.ndarray, error: np.ndarray) -> Row:
    """Images until the alarm of each test, over seeded orders of them."""
    random = np.random.default_rng(2)
    orders = np.array([random.permutation(len(error)) for _ in range(ORDERS)])
    accepted = confidence >= point.threshold
    many = streams.ManyRanks([RankTest.of(validation)])
    share = AcceptedShare.of(point.coverage, point.n_samples, DELTA / 4)
    seen = np.array([np.flatnonzero(accepted[order]) + 1 for order in orders])
    wrong = np.array([error[order][accepted[order]] for order in orders]).astype(int)
    tests = {
        "ranks": (many.log_evidence, many.bins(confidence[orders], random), N_BINS, DELTA / 2),
        "share": (share.log_evidence, accepted[orders].astype(int), 2, DELTA / 4),
        "labels": (streams.risk_evidence(point.target_risk), wrong, 2, DELTA / 2),
    }
    alarms = {
        name: streams.first_alarms(evidence, streams.blocks_of(kinds), n_kinds, delta)
        for name, (evidence, kinds, n_kinds, delta) in tests.items()
    }
    at = np.maximum(alarms["labels"] - 1, 0)
    alarms["labels"] = np.where(alarms["labels"] > 0, np.take_along_axis(seen, at[:, None], axis=1)[:, 0], 0)
    told = {"error": error.mean(), "coverage": accepted.mean(), "risk": error[accepted].mean() if accepted.any() else 0}
    return {
        **{key: round(float(value), 6) for key, value in told.items()},
        **{k: summary(v) for k, v in alarms.items()},
    }


def render(kept: dict[str, Any]) -> str:
    """monitoring.md."""
    false = {name.removeprefix("no change: "): row for name, row in kept.items() if name.startswith("no change: ")}
    return f"""# How often a monitor's alarm is false, and how soon it is true

Made by `python docs/monitoring.py` from `monitoring.json`; `--measure` makes anew what the file lacks. The monitor is
`abstain.RiskMonitor` with δ = {DELTA:g}, of which each of its two tests has a half, `shift` (by ranks, or by the
accepted share where it is not given the validation confidences) and `risk`. It was looked at
{how_often()}.

## Where nothing changes

{RUNS:,} streams of {STEPS:,} samples each, with validation data of their own: the share of streams in which the alarm
rises within so many samples. At most {100 * DELTA / 2:g} % is promised of any number of them; three standard errors
more are {100 * most_false():.2f} %. {verdict(false)}

{table_of_false(false)}

## Where the risk of the accepted changes

Labels from the change to the alarm, for a target risk of {TARGET:.0%}; the risk was {BEFORE:.0%} before. Of
{DELAY_RUNS} streams, the median and in brackets what nine in ten do not exceed; – is more than {DELAY_STEPS:,}.

{table_of_risk(kept.get("risk", []))}

{"".join(section_of_images(name, kept[f"images: {name}"]) for name in CHECKPOINTS if f"images: {name}" in kept)}"""


def how_often() -> str:
    """How often the evidence was looked at."""
    return (
        f"every {streams.OFTEN} samples in the first {streams.SO_LONG:,} after the beginning, or after the change, and "
        f"every {streams.BLOCK} else"
    )


def most_false() -> float:
    """What is promised of one test, and three standard errors of a share of all streams."""
    return DELTA / 2 + 3 * (DELTA / 2 * (1 - DELTA / 2) / RUNS) ** 0.5


def verdict(false: dict[str, Row]) -> str:
    """How many rows are above it."""
    n_above = sum(row[str(STEPS)] > most_false() for row in false.values())
    return f"Above that are {n_above} of {len(false)} rows."


def table_of_false(false: dict[str, Row]) -> str:
    """Alarms in percent."""
    rows = [["test", *(f"{horizon:,}" for horizon in HORIZONS)]]
    rows += [[name, *(f"{100 * row[str(horizon)]:.1f} %" for horizon in HORIZONS)] for name, row in false.items()]
    return markdown_table(rows, "lrrr")


def table_of_risk(found: list[Row]) -> str:
    """Delays by when the change comes, and what the risk is then."""
    rows = [["labels before the change", *(f"to {after:.0%}" for after in AFTER)]]
    for change in CHANGES:
        rows.append([f"{change:,}", *(delay(row) for row in found if row["change"] == change)])
    return markdown_table(rows, "l" + "r" * len(AFTER))


def delay(row: Row) -> str:
    """Median and nine tenths."""
    median, most = ("–" if row[name] is None else f"{row[name]:,.0f}" for name in ("median", "nine tenths"))
    return "–" if median == "–" else f"{median} ({most})"


def section_of_images(name: str, cells: list[Row]) -> str:
    """The table of one checkpoint."""
    rows = [["transform", "", "error", "coverage", "risk", "ranks", "share", "labels"]]
    for cell in cells:
        numbers = (f"{100 * cell[key]:.1f} %" for key in ("error", "coverage", "risk"))
        value = "" if cell["transform"] == "none" else f"{cell['value']:g}"
        rows.append([cell["transform"], value, *numbers, *(delay(cell[test]) for test in ("ranks", "share", "labels"))])
    return f"""## {name}, under transforms of its images

The first {IMAGES:,} of the shuffled test images of CIFAR-10 in {ORDERS} orders, under transforms of torchvision whose
parameters are in `corrupted_images.py`: images from the beginning to the alarm, median and nine tenths; – is more than
{IMAGES:,}. `ranks` and `share` see no label, `labels` sees those of all accepted images.

{markdown_table(rows, "lrrrrrrr")}

"""


if __name__ == "__main__":
    main()
