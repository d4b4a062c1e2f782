"""How long some work takes, and one line of the table."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
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
