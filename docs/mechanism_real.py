"""Measure what the max logit says of errors at equal MSP, and what the repair makes of it, on runs with logits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pages import ROOT
from recipe_runs import Run
from scipy.special import stdtrit

from abstain import LogitNorm, read_logits, risk_coverage_curve, scores
from abstain._files import RESULTS_FILE
from abstain.audit import normalization_at_equal_msp, partial_correlation
from abstain.scores import centered_max_logit

RELEASED = ROOT / "src" / "abstain" / "released_checkpoints"
CONCLUSIONS = ("max logit of errors", "normalised", "normalised, uncentred")
Row = dict[str, Any]


def measured_runs(folders: list[Path]) -> list[Row]:
    """One row a run with more than two classes: of the released checkpoints, then of what each folder holds."""
    return [row for folder in (RELEASED, *folders) for row in rows_of(folder)]


def rows_of(folder: Path) -> Iterator[Row]:
    """One row a run in a folder that holds its logits, of more than two classes."""
    for results in sorted(folder.glob(f"*/{RESULTS_FILE}")):
        run = Run(json.loads(results.read_text(encoding="utf-8")), None)
        if run.results["evaluation"]["n_logits"] > 2 and (results.parent / "logits").is_dir():
            kind = "released" if folder == RELEASED else "grid"
            told = {"runs": f"{run.data_set}, {kind}", "recipe": run.recipe, "seed": run.seed}
            yield told | at_equal_msp(results.parent / "logits")


def at_equal_msp(logits_folder: Path) -> Row:
    """Each conclusion's correlation with its interval, by the best p of the validation data, and the failure AUROC."""
    logits, labels = read_logits(logits_folder, "test")
    fits = [
        LogitNorm.fit(*read_logits(logits_folder, "validation"), center=center, fallback="never")
        for center in (True, False)
    ]
    error = scores.classification_error(logits, labels)
    found = [
        partial_correlation(centered_max_logit(logits), error, scores.msp(logits)),
        *(normalization_at_equal_msp(logits, p=fit.p, center=fit.center) for fit in fits),
    ]
    area = risk_coverage_curve(scores.msp(logits), error).failure_auroc()
    return {**dict(zip(CONCLUSIONS, map(asdict, found), strict=True)), "failure AUROC": area}


def over_runs(rows: list[Row], conclusion: str, level: float = 0.95) -> Row:
    """The mean of a correlation over seeds, with an interval in [-1, 1] over samples and, of several runs, over seeds.

    The variance of the mean is that over seeds, divided by their number, and the mean one over samples, as if these did
    the same in every run, which is the most they can do; degrees of freedom are Satterthwaite's, as in
    `abstain.curve.difference_over_seeds`.
    """
    if len(rows) == 1:
        return dict(rows[0][conclusion])
    estimates, errors = (np.array([row[conclusion][key] for row in rows]) for key in ("estimate", "standard_error"))
    seeds, samples = float(estimates.var(ddof=1)) / len(rows), float(np.mean(errors**2))
    freedom = (len(rows) - 1) * ((seeds + samples) / seeds) ** 2
    mean, half = float(estimates.mean()), float(stdtrit(freedom, (1 + level) / 2)) * float(np.sqrt(seeds + samples))
    return {"estimate": mean, "low": max(mean - half, -1.0), "high": min(mean + half, 1.0)}
