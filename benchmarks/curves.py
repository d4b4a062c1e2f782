"""The curve of ten million samples, beside plain AURC and beside the fastest sort at hand, on this kind of processor.

Where NumPy has faster and slower instructions to sort with, it is measured with both: `python benchmarks/curves.py`
says it of one kind, as NumPy was started.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timing import best, in_turns, peak_mb, row

import abstain

N_LONG, N_SHORT = 10_000_000, 50_000
ROUNDS = 4
WIDEST = ("X86_V4", "AVX512")
"""What the names of the widest instructions begin with, of which some processors have a slow one."""
PEER, SIZE = "plain AURC alone", "curve and every summary, N = 10⁷"


def make_confidence(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct confidences, and errors that become rarer as they rise; about a quarter are wrong."""
    generator = np.random.default_rng(0)
    confidence = generator.random(n)
    return confidence, (generator.random(n) < 0.5 * (1 - confidence)).astype(np.float64)


def every_summary(confidence: np.ndarray, error: np.ndarray) -> None:
    """The curve, and each number that it gives."""
    curve = abstain.risk_coverage_curve(confidence, error)
    curve.summary()
    curve.aurc("trapezoid"), curve.excess_aurc(), curve.normalized_aurc(), curve.augrc(), curve.failure_auroc()
    curve.risk_at_coverage(0.8)


def peer_aurc(confidence: torch.Tensor, error: torch.Tensor) -> float:
    """AURC by sorting indices, ties in the order of the rows."""
    order = confidence.argsort(descending=True)
    return float((error[order].cumsum(0) / torch.arange(1, len(error) + 1)).mean())


def processor() -> str:
    """Which processor this is, and the widest instructions of it that NumPy was started with."""
    names = [line for line in _cpuinfo() if line.startswith("model name")]
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    name = names[0].split(":")[1].strip() if names else platform.machine()
    return ", ".join([name, *found[-1:]])


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def measure() -> list[dict[str, Any]]:
    """The curve on every kind that this processor can be, and what takes more than the curve."""
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    widest = [name for name in found if name.startswith(WIDEST)]
    without = [{"NPY_DISABLE_CPU_FEATURES": " ".join(widest)}] if len(widest) < len(found) and widest else []
    of_kinds = [row for settings in [{}, *without] for row in _in_a_process(settings)]
    return [*of_kinds, of_interval(), *of_long()]


def _in_a_process(settings: dict[str, str]) -> list[dict[str, Any]]:
    """The rows that a new process gives with these settings of the environment."""
    command = [sys.executable, __file__]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **settings})
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def of_kind() -> list[dict[str, Any]]:
    """The curve and every summary, in both widths, of confidences that tie, and of both signs."""
    confidence, error = make_confidence(N_LONG)
    cases = [
        ("float64", confidence, "≥ 5× faster"),
        ("float32", confidence.astype(np.float32), "≥ 8× faster"),
        ("float32, 70 % at 1.0", np.where(confidence > 0.3, 1.0, confidence).astype(np.float32), "–"),
        ("float64, log-odds", np.log(confidence / (1 - confidence)), "–"),
    ]
    return [row for name, values, wanted in cases for row in _beside_peer_and_floor(name, values, error, wanted)]


def _beside_peer_and_floor(name: str, values: np.ndarray, error: np.ndarray, wanted: str) -> list[dict[str, Any]]:
    tensors = torch.from_numpy(values), torch.from_numpy(error)
    integers = torch.from_numpy(values.view(np.int32 if values.itemsize == 4 else np.int64))
    sorts: dict[str, Callable[[], Any]] = {"np.sort": lambda: np.sort(values), "torch.sort of integers": integers.sort}
    works = {"ours": lambda: every_summary(values, error), PEER: lambda: peer_aurc(*tensors), **sorts}
    spent = in_turns(works, ROUNDS)
    fastest = min(sorts, key=lambda sort: spent[sort])
    shared = {"work": f"{SIZE}, {name}", "seconds": spent["ours"], "processor": processor()}
    return [
        {**shared, "other": PEER, "other_seconds": spent[PEER], "wanted": wanted},
        {**shared, "other": f"the fastest sort, {fastest}", "other_seconds": spent[fastest], "wanted": "–"},
    ]


def of_interval() -> dict[str, Any]:
    """The closed-form interval, beside AURC itself."""
    confidence, error = make_confidence(N_SHORT)
    area = best(lambda: abstain.aurc(confidence, error), repeats=20)
    interval = best(lambda: abstain.risk_coverage_curve(confidence, error).aurc_interval(), repeats=20)
    return row("95 % interval of AURC, N = 50,000", interval, "AURC itself", area, "≤ 3× its cost")


def of_long() -> list[dict[str, Any]]:
    """What takes more than the curve of 0/1 errors, beside it: real losses, an interval, a paired difference."""
    confidence, error = make_confidence(N_LONG)
    other, losses = confidence + 0.1 * np.random.default_rng(1).random(N_LONG), (1 - confidence) * confidence
    works: dict[str, tuple[Callable[[], Any], str, int | None]] = {
        "AURC of real losses": (lambda: abstain.aurc(confidence, losses), "≤ 3× its cost", None),
        "curve and interval of AURC": (
            lambda: abstain.risk_coverage_curve(confidence, error).aurc_interval(),
            "≤ 2× its cost",
            200,
        ),
        "interval of the coverage at a risk": (
            lambda: abstain.risk_coverage_curve(confidence, error).coverage_at_risk_interval(0.05),
            "≤ 5 s",
            None,
        ),
        "paired difference of AURC": (
            lambda: abstain.aurc_difference(confidence, error, other, error),
            "≤ 4× its cost",
            400,
        ),
    }
    curve = "the curve of 0/1 errors, every summary"
    spent = in_turns({curve: lambda: every_summary(confidence, error)} | {name: of[0] for name, of in works.items()}, 6)
    return [
        row(f"{name}, N = 10⁷", spent[name], curve, spent[curve], wanted, **(_memory(work, at_most) if at_most else {}))
        for name, (work, wanted, at_most) in works.items()
    ]


def _memory(work: Callable[[], Any], at_most: int) -> dict[str, Any]:
    """What some work takes beyond its input, and what was wanted."""
    found = peak_mb(work)
    return {} if found is None else {"extra_mb": found, "wanted_mb": at_most}


def of_sketch() -> dict[str, Any]:
    """Pairs a second on one core (NumPy counts on one), beside one copy of them."""
    confidence, error = make_confidence(N_LONG)
    confidence, error = np.log(confidence / (1 - confidence)).astype(np.float32), error.astype(np.int8)
    sketch = abstain.RiskCoverageSketch()
    ours = best(lambda: sketch.update(confidence, error), repeats=3)
    copy = best(lambda: (confidence.copy(), error.copy()), repeats=3)
    return row(
        "sketch update, 10⁷ pairs", ours, "one copy of them", copy, "≥ 30 million/s", pairs_per_second=N_LONG / ours
    )


if __name__ == "__main__":
    print(json.dumps(of_kind()))
