"""How long some work takes, and one line of the table."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPEATS = 5


def best(work: Callable[[], Any], repeats: int = REPEATS) -> float:
    """The shortest of some runs, in seconds, after one that does not count."""
    work()
    return min(seconds(work) for _ in range(repeats))


def row(work: str, ours: float, other: str, theirs: float, wanted: str, **more: Any) -> dict[str, Any]:
    """One line of the table."""
    print(f"{work}: {ours:.4g} s against {theirs:.4g} s of {other}", file=sys.stderr)
    return {"work": work, "seconds": ours, "other": other, "other_seconds": theirs, "wanted": wanted, **more}


def seconds(work: Callable[[], Any]) -> float:
    """Of one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(works: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The shortest of some runs of each, in seconds, after one that does not count; a busy machine slows all."""
    times = [{name: seconds(work) for name, work in works.items()} for _ in range(1 + rounds)]
    return {name: min(spent[name] for spent in times[1:]) for name in works}


def peak_mb(work: Callable[[], Any]) -> float | None:
    """Peak memory in MB that some work adds to what this process holds; None where the system does not tell."""
    forget, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")
    if not forget.exists():
        return None
    forget.write_text("5", encoding="ascii")  # the peak begins anew
    before = _kilobytes(status, "VmRSS")
    work()
    return (_kilobytes(status, "VmHWM") - before) * 1024 / 1e6


def _kilobytes(status: Path, name: str) -> int:
    (line,) = (line for line in status.read_text(encoding="ascii").splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])
