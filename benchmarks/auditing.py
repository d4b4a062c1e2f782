"""A whole audit of 50,000 × 1000 logits, from a Parquet file to the page with its figures, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from timing import best, peak_mb, row, seconds

import abstain
from abstain.audit import audit_predictions, parts_of, write_audit
from abstain.audit.figures import figures_of
from abstain.logits import read_or_open
from abstain.logits.held_out import hold_out
from abstain.report import Commands

N_ROWS, N_CLASSES = 50_000, 1000
MEGABYTES = N_ROWS * N_CLASSES * 4 / 1e6
"""Of the logits themselves, in float32."""
SMALL = 600


def make(n_rows: int, n_classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and labels of which about a quarter are missed, and errors have the lower confidence."""
    generator = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(n_rows, n_classes, generator=generator), torch.arange(n_rows) % n_classes
    logits[torch.arange(n_rows), labels] += 5 + 2.5 * torch.randn(n_rows, generator=generator)
    return logits, labels


def measure() -> list[dict[str, Any]]:
    """The row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        for name, size in (("small", (SMALL, 10)), ("large", (N_ROWS, N_CLASSES))):
            abstain.write_logits(folder, name, *make(*size))
        told = subprocess.run([sys.executable, __file__, folder], check=True, capture_output=True, text=True).stdout
    logits, _ = make(N_ROWS, N_CLASSES)
    softmax = best(lambda: logits.double().softmax(dim=1), 2)
    return [
        row(
            f"abstain audit, {N_ROWS:,} × {N_CLASSES}, half of them fitted on",
            json.loads(told)["seconds"],
            "a float64 softmax",
            softmax,
            "≤ 10 s",
            extra_mb=json.loads(told)["megabytes"],
            wanted_mb=2 * MEGABYTES,
        )
    ]


def audit(folder: Path, name: str) -> None:
    """What the command does, but for reading its options."""
    predictions = read_or_open(folder / f"{name}.parquet")
    validation, test = hold_out(predictions, 0.5, seed=0)
    del predictions
    found = audit_predictions(test, validation)
    parts = parts_of([(found, Commands())])
    write_audit(folder / f"{name}-out", title=name, parts=parts, figures=figures_of([found]), results=found.to_dict())


if __name__ == "__main__":
    data = Path(sys.argv[1])
    audit(data, "small")  # so that everything is imported
    print(
        json.dumps(
            {"megabytes": peak_mb(lambda: audit(data, "large")), "seconds": seconds(lambda: audit(data, "large"))}
        )
    )
