"""Measure the core against a peer or a floor in the same run: `make bench`, or `run.py PART…` for some of it.

Writes `results.json` and renders `README.md` beside this file, where rows of other kinds of processor are kept. Only
ratios mean anything: times differ from machine to machine, and a busy one slows both sides. A peer is the plain way to
compute the same in torch, as libraries do it.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import answering
import auditing
import curves
import data
import datasets
import evaluate
import figures
import fits
import numpy as np
import torch
import training
from curves import peer_aurc
from timing import best, row

import abstain
from abstain import scores
from abstain._files import write_json, write_text
from abstain.report import markdown_table

FOLDER = Path(__file__).parent
N_ROWS, N_CLASSES = 50_000, 1000


def main() -> None:
    """Run every benchmark and write what it gave."""
    if sys.argv[1:2] == ["--extra-memory"]:
        print(extra_memory(WORKS[sys.argv[2]]))
        return
    extra = {name: extra_memory_in_a_process(name) for name in WORKS}  # while this one is small: peaks are inherited
    parts: dict[str, Callable[[], Iterable[dict[str, Any]]]] = {
        "metric": lambda: of_metric(extra),
        "logits": lambda: of_logits(extra),
        "fits": fits.measure,
        "curves": curves.measure,
        "figures": figures.measure,
        "auditing": auditing.measure,
        "sketch": lambda: [curves.of_sketch()],
        "import": of_import,
        "data": data.measure,
        "answering": answering.measure,
        "training": training.measure,
    }
    if unknown := [name for name in sys.argv[1:] if name not in parts]:
        sys.exit(f"error: {unknown[0]!r} is no part of the benchmark: give some of {', '.join(parts)}, or none for all")
    rows = [row for name in sys.argv[1:] or parts for row in parts[name]()]
    store(rows, whole=not sys.argv[1:])


def store(rows: list[dict[str, Any]], *, whole: bool) -> None:
    """Write the rows, beside those of other kinds of processor and, if this is not the whole, of other work."""
    here = curves.processor()
    rows = [{"processor": here, **row} for row in rows]
    before = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
    kinds, works = {row["processor"] for row in rows}, {row["work"] for row in rows}
    kept = [row for row in before["rows"] if row["processor"] not in kinds or not (whole or row["work"] in works)]
    machine = {
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "torch threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
    write_json(FOLDER / "results.json", {"machine": machine, "rows": [*kept, *rows]})
    write_text(FOLDER / "README.md", render(machine, [*kept, *rows]))


def make_logits() -> tuple[torch.Tensor, torch.Tensor]:
    """50,000 × 1000 float32 with about a quarter of the labels missed."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(N_ROWS, N_CLASSES, generator=generator)
    labels = torch.randint(0, N_CLASSES, (N_ROWS,), generator=generator)
    logits[torch.arange(N_ROWS), labels] += 4.0
    return logits, labels


def peer_fit(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """The search as it is published: for every p a centred and a normalised copy of the logits, and a sorted AURC."""
    error = (logits.argmax(dim=1) != labels).double()
    candidates = [logits.softmax(dim=1).amax(dim=1)]
    for p in range(1, 11):
        centred = logits - logits.mean(dim=1, keepdim=True)
        candidates.append(torch.nn.functional.normalize(centred, p=p, dim=1).amax(dim=1))
    return min(peer_aurc(confidence, error) for confidence in candidates)


def lean_peer_fit(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """The same with one centred copy and a norm for every p."""
    error = (logits.argmax(dim=1) != labels).double()
    centred = logits - logits.mean(dim=1, keepdim=True)
    candidates = [centred.amax(dim=1) / centred.norm(p=p, dim=1) for p in range(1, 11)]
    candidates.append(logits.softmax(dim=1).amax(dim=1))
    return min(peer_aurc(confidence, error) for confidence in candidates)


def of_logits(extra: dict[str, float]) -> list[dict[str, Any]]:
    """The search for p, and all scores."""
    logits, labels = make_logits()
    fit = best(lambda: abstain.LogitNorm.fit(logits, labels))
    plain = best(lambda: peer_fit(logits, labels), repeats=2)
    lean = best(lambda: lean_peer_fit(logits, labels), repeats=2)
    every = best(lambda: every_score(logits))
    softmax = best(lambda: logits.double().softmax(dim=1))
    search = "LogitNorm.fit, 50,000 × 1000, 10 p"
    return [
        row(search, fit, "the search as published", plain, "≥ 10× faster", extra_mb=extra["fit"], wanted_mb=64),
        row(search, fit, "the same without copies", lean, "–"),
        row(
            f"all {len(scores.SCORES) + 1} scores, 50,000 × 1000",
            every,
            "a float64 softmax",
            softmax,
            "≤ 4×",
            extra_mb=extra["scores"],
            wanted_mb=64,
        ),
    ]


def every_score(logits: torch.Tensor) -> None:
    """The scores of the table, and the one with a parameter."""
    scores.score_all(logits)
    abstain.LogitNorm(p=3).score(logits)


class StockMetric(evaluate.Metric):
    """What a metric of logits stores if it leaves that to `evaluate`: all of them, value by value."""

    def _info(self) -> evaluate.MetricInfo:
        sequence = datasets.Sequence(datasets.Value("float32"))
        features = datasets.Features({"predictions": sequence, "references": datasets.Value("int64")})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=features)

    def compute(self, **kwargs: Any) -> Any:
        """As it stands."""
        return super().compute(**kwargs)

    def _compute(self, predictions: list[list[float]], references: list[int]) -> dict[str, float]:
        logits, labels = torch.tensor(predictions), torch.tensor(references)
        return {"aurc": peer_aurc(logits.softmax(dim=1).amax(dim=1), (logits.argmax(dim=1) != labels).double())}


def by_metric(logits: torch.Tensor, labels: torch.Tensor) -> None:
    """The metric on all logits at once."""
    abstain.load_metric().compute(predictions=logits, references=labels)


def by_batches(logits: torch.Tensor, labels: torch.Tensor) -> None:
    """The metric in batches of 500."""
    metric = abstain.load_metric()
    for of_batch, of_labels in zip(logits.split(500), labels.split(500), strict=True):
        metric.add_batch(predictions=of_batch, references=of_labels)
    metric.compute()


def by_stock_metric(logits: torch.Tensor, labels: torch.Tensor) -> None:
    """A metric that stores its logits."""
    StockMetric().compute(predictions=logits.numpy(), references=labels.numpy())


WORKS: dict[str, Callable[[torch.Tensor, torch.Tensor], Any]] = {
    "fit": abstain.LogitNorm.fit,
    "scores": lambda logits, labels: every_score(logits),
    "metric": by_metric,
    "batches": by_batches,
    "stock": by_stock_metric,
}


def of_metric(extra: dict[str, float]) -> list[dict[str, Any]]:
    """`compute` and `add_batch` of the metric, beside a metric that stores its logits."""
    logits, labels = make_logits()
    start = time.perf_counter()
    by_stock_metric(logits, labels)
    stock = time.perf_counter() - start  # once: it takes long
    other = f"a stock metric ({extra['stock']:.0f} MB)"
    return [
        row(
            f"selective_risk, {how}, 50,000 × 1000",
            best(lambda work=work: work(logits, labels)),
            other,
            stock,
            wanted,
            extra_mb=extra[name],
            wanted_mb=300,
        )
        for how, name, work, wanted in (
            ("compute", "metric", by_metric, "≤ 1 s"),
            ("add_batch of 500", "batches", by_batches, "≤ 1 s"),
        )
    ]


def extra_memory_in_a_process(name: str) -> float:
    """`extra_memory` of one of the works, measured in a new process."""
    command = [sys.executable, __file__, "--extra-memory", name]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def extra_memory(work: Callable[[torch.Tensor, torch.Tensor], Any]) -> float:
    """Peak memory in MB that the work adds to logits, libraries and a first small run of it, in this process.

    Its own process must be made by a small one: the peak of a parent is inherited.
    """
    logits, labels = make_logits()
    work(logits[:500], labels[:500])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work(logits, labels)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def of_import() -> list[dict[str, Any]]:
    """New processes: the package beside one that imports nothing, and the report beside torch, which it needs."""
    codes = ("import abstain", "pass", "import abstain.report", "import torch")
    spent = [best(lambda code=code: subprocess.run([sys.executable, "-c", code], check=True)) for code in codes]
    return [
        row("import abstain", spent[0] - spent[1], "an empty process", spent[1], "≤ 0.01 s"),
        row("import abstain.report", spent[2], "import torch", spent[3], "≤ 1.2×"),
    ]


def render(machine: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """The table, in Markdown."""
    where = ", ".join(f"{key} {value}" for key, value in machine.items())
    table = [["work", "seconds", "compared with", "its seconds", "ratio", "wanted", "processor"]]
    for r in rows:
        ratio = r["other_seconds"] / r["seconds"]
        shown = f"{ratio:.1f}× faster" if ratio >= 1.05 else f"{1 / ratio:.2f}× its cost"
        if "images_per_second" in r:
            shown += f" ({r['images_per_second']:.0f} images/s)"
        if "pairs_per_second" in r:
            shown = f"{r['pairs_per_second'] / 1e6:.0f} million/s"
        wanted = r["wanted"] + (f"; ≤ {r['wanted_mb']} MB, found {r['extra_mb']:.0f} MB" if "extra_mb" in r else "")
        table.append(
            [r["work"], f"{r['seconds']:.4f}", r["other"], f"{r['other_seconds']:.4f}", shown, wanted, r["processor"]]
        )
    heading = (
        "# Benchmarks\n\nWritten by `make bench`; the two sides of a row were measured in one run. A processor is named"
        " with the widest instructions that NumPy was started with: where these are slow, it sorts far faster "
        "without them (`NPY_DISABLE_CPU_FEATURES`), and rows with and without them stand beside each other."
    )
    return f"{heading}\n\n{where}\n\n{markdown_table(table, 'lrlrrll')}\n"


if __name__ == "__main__":
    main()
