"""Models that others trained, measured alike: `models_of_others.json`, of which `recipes.md` shows the table."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from pages import ROOT

import abstain
from abstain._files import write_json
from abstain.report import markdown_table
from abstain.scores import LogitNorm, classification_error, msp

KEPT = ROOT / "docs" / "models_of_others.json"
LEVEL = 0.95
Row = dict[str, Any]
Values = tuple[Any, Any]
COLUMNS = (
    "name",
    "test samples",
    "error %",
    "AURC %",
    "AURC % repaired",
    "best p",
    "gain of it",
    "diagnosis",
    "source",
)
TOLD = f"""Models that come as a package with their weights, asked about what lies in other packages; the pages that
`source` links to say on which data, with which labels. Intervals are of {100 * LEVEL:g} %, over clusters of samples.
The repair is as above; beside it stands what the p that is best on the validation samples gains on the test samples, in
percentage points, even where the repair stays with MSP. The diagnosis is that of `abstain.diagnose`; how these models
were trained is not known here, and nothing is claimed about it."""
ON_TEST = f"""On the test part, with intervals of {100 * LEVEL:g} %; *repaired* is after logit normalisation as
`LogitNorm.fit` chooses it on the validation part, and stays with MSP where its gain there is not above its standard
error. Beside it stands what the p that is best there gains on the test part over MSP, in percentage points."""


def measure(validation: Values, test: Values, clusters: Any, others: Any) -> Row:
    """What is told of a model, on test samples in clusters.

    Args:
        validation: (logits, labels) on which the repair is fitted.
        test: (logits, labels).
        clusters: (N,) what each test sample belongs to.
        others: (M,) the same of the validation samples.
    """
    confidence, error = msp(test[0]), classification_error(*test)
    norm, unguarded = (LogitNorm.fit(*validation, fallback=fallback) for fallback in ("one_standard_error", "never"))
    curve = abstain.risk_coverage_curve(confidence, error, clusters=clusters)
    normalized = unguarded.score(test[0])
    gain = abstain.aurc_difference(confidence, error, normalized, error, level=LEVEL, clusters=clusters)
    whole = [np.concatenate(both) for both in zip(validation, test, strict=True)]
    return {
        "samples": len(error),
        "errors": int(error.sum()),
        "clusters": len(set(clusters)),
        "classes": int(test[0].shape[1]),
        "error": float(error.mean()),
        "error interval": curve.risk_interval(LEVEL),
        "aurc": curve.aurc(),
        "aurc interval": curve.aurc_interval(LEVEL),
        "p": norm.p,
        "best p": unguarded.p,
        "repaired": abstain.aurc(norm.score(test[0]), error),
        "gain of best p": {"estimate": gain.estimate, "low": gain.low, "high": gain.high},
        "cov@1": curve.coverage_at_risk(0.01),
        "diagnosis": abstain.diagnose(*whole, clusters=np.concatenate([others, clusters])).verdict,
    }


def keep(name: str, source: str, measured: Row) -> None:
    """Add a model to the file, in place of what it said of it before."""
    rows = [row for row in kept() if row["name"] != name]
    write_json(KEPT, sorted([*rows, {"name": name, "source": source, **measured}], key=lambda row: row["name"]))


def kept() -> list[Row]:
    """What was measured of each."""
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else []


def table(rows: list[Row]) -> str:
    """One row a model."""
    cells = [list(COLUMNS)]
    for row in rows:
        error, area = (_with_ends(row[name], row[f"{name} interval"]) for name in ("error", "aurc"))
        told = [row["name"], f"{row['samples']:,}", error, area, _repaired(row), f"{row['best p']:g}", _gain(row)]
        cells.append([*told, row["diagnosis"], row["source"]])
    return markdown_table(cells, "lrrrrrrll")


def _repaired(row: Row) -> str:
    return f"{100 * row['repaired']:.3f}{' (MSP)' if row['p'] is None else ''}"


def _gain(row: Row) -> str:
    """AURC of MSP minus that of the best p, in percentage points; above zero the latter is better."""
    of = row["gain of best p"]
    return _with_ends(of["estimate"], None if of["low"] is None else (of["low"], of["high"]), sign="+")


def _with_ends(value: float, ends: Any, sign: str = "") -> str:
    told = "" if ends is None else " [" + ", ".join(f"{100 * end:{sign}.3f}" for end in ends) + "]"
    return f"{100 * value:{sign}.3f}{told}"
