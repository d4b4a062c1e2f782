"""Add a diagnosis to the kept runs of grids, from the folders of the same runs that still hold their logits.

    python docs/kept_diagnoses.py runs/*

A run is kept under the name of its folder; `recipes.py` then shows what its diagnosis says. Runs of two classes, of
which nothing can be told, and runs that are not kept are passed over.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pages import ROOT

import abstain
from abstain._files import RESULTS_FILE, write_json
from abstain.logits.dataset import sample_of_each_row

KEPT = ROOT / "model_cards" / "recipes"


def main() -> None:
    """Diagnose the runs whose folders are given."""
    for folder in map(Path, sys.argv[1:]):
        kept = KEPT / folder.name / RESULTS_FILE
        if not kept.is_file() or not (folder / RESULTS_FILE).is_file():
            continue
        results, of_run = (json.loads(path.read_text(encoding="utf-8")) for path in (kept, folder / RESULTS_FILE))
        check_same_run(folder, results, of_run)
        if of_run["evaluation"]["n_logits"] > 2:
            diagnosis = diagnosis_of(folder)
            write_json(kept, {**results, "diagnosis": diagnosis.to_dict()})
            print(f"{folder.name}: {diagnosis.verdict}")


def check_same_run(folder: Path, kept: dict[str, Any], of_run: dict[str, Any]) -> None:
    """End with a sentence where the folder holds another run than was kept under its name."""
    if any(kept[part] != of_run[part] for part in ("settings", "data", "evaluation")):
        sys.exit(f"{folder} holds another run than the one kept as {folder.name}: keep it first, or rename it")


def diagnosis_of(folder: Path) -> abstain.Diagnosis:
    """Of the test logits of a run; pixels of an image are a cluster."""
    logits, labels = abstain.read_logits(folder / "logits", "test")
    clusters = sample_of_each_row(folder / "logits", "test")
    return abstain.diagnose(logits, labels, input="logits", clusters=clusters)


if __name__ == "__main__":
    main()
