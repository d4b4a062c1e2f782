"""Fits and scores of logits in unusual shapes: very many classes, two, and on as many threads as there are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

import abstain
from abstain import scores

ROUNDS = 3
WIDE = ((10_000, 21_000), (5_000, 128_000))
"""The classes of ImageNet-21k, and the words of a language model."""
LONG = 1_000_000

Work = Callable[[], Any]


def measure() -> list[dict[str, Any]]:
    """The rows of the table."""
    return [*of_wide_logits(), of_two_classes(), of_threads()]


def make_logits(n_rows: int, n_classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Float32, of which some labels are missed."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(n_rows, n_classes, generator=generator)
    labels = torch.randint(0, n_classes, (n_rows,), generator=generator)
    logits[torch.arange(n_rows), labels] += 2.0 if n_classes == 2 else 5.0
    return logits, labels


def in_turns(ours: Work, theirs: Work) -> tuple[float, float]:
    """The shortest of some runs of each, in seconds; both take turns, so that a busy machine slows both."""
    seconds: tuple[list[float], list[float]] = [], []
    for _ in range(ROUNDS):
        for work, of_work in zip((ours, theirs), seconds, strict=True):
            start = time.perf_counter()
            work()
            of_work.append(time.perf_counter() - start)
    return min(seconds[0]), min(seconds[1])


def row(work: str, other: str, seconds: tuple[float, float], wanted: str) -> dict[str, Any]:
    """One line of the table."""
    return {"work": work, "seconds": seconds[0], "other": other, "other_seconds": seconds[1], "wanted": wanted}


def of_wide_logits() -> Iterator[dict[str, Any]]:
    """The search for p beside a single softmax."""
    for n_rows, n_classes in WIDE:
        logits, labels = make_logits(n_rows, n_classes)
        fit = in_turns(lambda z=logits, y=labels: abstain.LogitNorm.fit(z, y), lambda z=logits: z.softmax(dim=1))
        yield row(f"LogitNorm.fit, {n_rows:,} × {n_classes:,}, 10 p", "a softmax", fit, "≤ 4×")
        del logits


def of_two_classes() -> dict[str, Any]:
    """The temperature beside logit normalisation, which of two classes only looks at the labels."""
    logits, labels = make_logits(LONG, 2)
    fits = in_turns(
        lambda: scores.TemperatureScaling.fit(logits, labels), lambda: abstain.LogitNorm.fit(logits, labels)
    )
    return row(f"TemperatureScaling.fit, {LONG:,} × 2", "LogitNorm.fit", fits, "≤ 2×")


def of_threads() -> dict[str, Any]:
    """All scores on as many threads as torch has, and on one."""
    logits, _ = make_logits(50_000, 1000)
    n_threads = torch.get_num_threads()

    def on_one() -> None:
        torch.set_num_threads(1)
        scores.score_all(logits)
        torch.set_num_threads(n_threads)

    seconds = in_turns(lambda: scores.score_all(logits), on_one)
    return row(f"all scores on {n_threads} threads, 50,000 × 1000", "the same on one", seconds, "never slower")


if __name__ == "__main__":
    for found in measure():
        print(found)
