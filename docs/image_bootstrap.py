"""Intervals of pixels in clusters beside a bootstrap of whole images: `python docs/image_bootstrap.py RUN…`.

Each RUN is a folder that `train_semantic_segmentation.py` has written. What is found is kept in `image_bootstrap.json`,
under the name of the run, and shown in `intervals.md`. It takes a minute a run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pages import ROOT
from tqdm import tqdm

import abstain
from abstain._files import write_json
from abstain.curve.curve import RiskCoverageCurve
from abstain.logits.dataset import sample_of_each_row
from abstain.report import markdown_table
from abstain.scores import classification_error, msp

FOUND = ROOT / "docs" / "image_bootstrap.json"
DRAWS, LEVEL, RISK = 500, 0.95, 0.05

Measured = dict[str, Any]
READ: dict[str, tuple[Callable[[RiskCoverageCurve], Any], Callable[[RiskCoverageCurve], Any]]] = {
    "risk": (lambda curve: curve.risk_at_coverage(1.0), lambda curve: curve.risk_interval(LEVEL)),
    "aurc": (RiskCoverageCurve.aurc, lambda curve: curve.aurc_interval(LEVEL)),
    "augrc": (RiskCoverageCurve.augrc, lambda curve: curve.augrc_interval(LEVEL)),
    "failure_auroc": (RiskCoverageCurve.failure_auroc, lambda curve: curve.failure_auroc_interval(LEVEL)),
    "coverage": (
        lambda curve: curve.coverage_at_risk(RISK),
        lambda curve: curve.coverage_at_risk_interval(RISK, LEVEL),
    ),
}
"""Name of a number -> how it, and its interval, are read from a curve."""


def main() -> None:
    """Measure the runs that are named, beside those that were measured before."""
    found = kept()
    for folder in map(Path, sys.argv[1:]):
        found[folder.resolve().name] = measure(folder)
        write_json(FOUND, found)


def kept() -> dict[str, Measured]:
    """What was found of each run."""
    return json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.exists() else {}


def measure(folder: Path) -> Measured:
    """Each number of a run with the two closed-form intervals and that of the bootstrap."""
    logits, labels = abstain.read_logits(folder / "logits", "test")
    image = sample_of_each_row(folder / "logits", "test")
    assert image is not None, "rows of one image each are no pixels"
    confidence, error = msp(logits), classification_error(logits, labels)
    curves = [abstain.risk_coverage_curve(confidence, error, clusters=clusters) for clusters in (image, None)]
    resampled = bootstrap(confidence, error, image)
    tails = 50 * (1 - LEVEL)
    return {
        "n_samples": len(error),
        "n_images": len(np.unique(image)),
        "numbers": {
            name: {
                "value": value(curves[0]),
                "clusters": interval(curves[0]),
                "independent": interval(curves[1]),
                "bootstrap": np.percentile(resampled[name], [tails, 100 - tails]).tolist(),
            }
            for name, (value, interval) in READ.items()
        },
    }


def bootstrap(confidence: Any, error: Any, image: Any) -> dict[str, list[float]]:
    """Each number of as many whole images, drawn with replacement, `DRAWS` times."""
    order = np.argsort(image, kind="stable")
    rows_of = np.split(order, np.flatnonzero(np.diff(image[order])) + 1)
    generator = np.random.default_rng(0)
    found: dict[str, list[float]] = {name: [] for name in READ}
    for _ in tqdm(range(DRAWS), disable=None):
        rows = np.concatenate([rows_of[drawn] for drawn in generator.integers(len(rows_of), size=len(rows_of))])
        curve = abstain.risk_coverage_curve(confidence[rows], error[rows])
        for name, (value, _) in READ.items():
            found[name].append(value(curve))
    return found


def section(found: dict[str, Measured], names: dict[str, str]) -> str:
    """The part of the page: a row for each number of each run, in percent."""
    rows = [["run", "", "value", "clusters", "bootstrap of images", "taken for independent"]]
    for run, measured in found.items():
        for name, ends in measured["numbers"].items():
            shown = (_in_percent(ends[how]) for how in ("clusters", "bootstrap", "independent"))
            rows.append([run, names.get(name, f"Cov@{100 * RISK:g}"), f"{100 * ends['value']:.3f}", *shown])
    sizes = {f"{of['n_samples']:,} pixels of {of['n_images']:,} images" for of in found.values()}
    return (
        f"## Clusters on real images\n\nCamVid, {' and '.join(sorted(sizes))}, in percent: the interval of the pixels "
        f"as clusters of their images, beside percentiles of {DRAWS:,} draws of whole images with replacement "
        f"(`image_bootstrap.py`).\n\n{markdown_table(rows, 'llrrrr')}\n"
    )


def _in_percent(ends: list[float] | None) -> str:
    return "–" if ends is None else f"[{100 * ends[0]:.3f}, {100 * ends[1]:.3f}]"


if __name__ == "__main__":
    main()
