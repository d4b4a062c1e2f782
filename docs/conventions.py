"""Write `conventions.md`, our values beside the peers' on the same inputs: `python docs/conventions.py`.

The raw values go to `conventions.json`. torch-uncertainty is measured where it can be imported; elsewhere its columns
are those of `conventions.json`. With `--check` nothing is written, and the exit status says whether a file is stale.
"""

from __future__ import annotations

import inspect
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import peers
from scipy.special import softmax

from abstain import risk_coverage_curve, scores
from abstain._files import write_text
from abstain.report import markdown_table

FOLDER = Path(__file__).parent
PEER = "torch-uncertainty"
SIX_DIGITS = 5e-7
Row = dict[str, float | None]
Values = dict[str, dict[str, Row]]


@dataclass(frozen=True)
class Column:
    """One implementation of a quantity; the docstring of a peer's `value` says why it differs from ours."""

    name: str
    value: Callable[..., float]
    args: tuple[Any, ...] = ()
    divisor: float = 1.0
    compared_with: str = "abstain"


def ours(method: str) -> Callable[..., float]:
    """A summary of our curve."""
    return lambda confidence, error, *args: getattr(risk_coverage_curve(confidence, error), method)(*args)


QUANTITIES = {
    "AURC": (
        Column("abstain", ours("aurc")),
        Column("abstain, trapezoid", ours("aurc"), ("trapezoid",)),
        Column("mean of R(i)", peers.mean_aurc),
        Column("from (0, 0)", peers.origin_aurc, compared_with="abstain, trapezoid"),
        Column("Geifman's code", peers.geifman_aurc),
        Column(PEER, peers.torch_uncertainty_aurc),
        Column("FD-Shifts ÷ 1000", peers.fd_shifts_aurc, divisor=1000),
    ),
    "AUGRC": (
        Column("abstain", ours("augrc")),
        Column("FD-Shifts ÷ 1000", peers.fd_shifts_augrc, divisor=1000),
        Column(PEER, peers.torch_uncertainty_augrc),
        Column("mean of i·R(i)/N", peers.mean_augrc),
    ),
    "Coverage at risk 5 %": (
        Column("abstain", ours("coverage_at_risk"), (0.05,)),
        Column(PEER, peers.torch_uncertainty_coverage, (0.05,)),
        Column("unflipped", peers.unflipped_coverage, (0.05,)),
        Column("first crossing", peers.first_crossing_coverage, (0.05,)),
    ),
    "Risk at coverage 55 %": (
        Column("abstain", ours("risk_at_coverage"), (0.55,)),
        Column(PEER, peers.torch_uncertainty_risk, (0.55,)),
        Column("int(N·coverage)", peers.floor_risk, (0.55,)),
    ),
}


def inputs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Name -> (confidence, error), the same on every machine."""
    random = np.random.default_rng(0)
    cases = {"1 of 5 wrong, the first": (np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.eye(5)[0])}
    for n in (50, 10_000):
        confidence = 0.5 + random.random(n) / 2
        cases[f"N = {n:,}"] = confidence, (random.random(n) > confidence).astype(float)
    cases["N = 10,000, first wrong"] = confidence, np.where(confidence == confidence.max(), 1.0, cases["N = 10,000"][1])
    cases["1 of 100 wrong, the first"] = np.arange(100.0, 0.0, -1.0), np.eye(100)[0]
    for k in (1, 2, 3):
        cases[f"all tied, order {k}"] = np.ones(50), random.permutation(np.repeat([1.0, 0.0], [10, 40]))

    logits = np.zeros((2000, 10), dtype=np.float32)
    logits[:, 0] = 60 * random.random(2000)
    log_odds = scores.msp(logits)
    error = (random.random(2000) < 0.5 * np.exp(-logits[:, 0] / 20)).astype(float)
    probability = softmax(logits.astype(np.float64), axis=1).max(axis=1).astype(np.float32).astype(np.float64)
    cases["float32 softmax"] = probability, error
    cases["float32 softmax, reversed"] = probability[::-1], error[::-1]
    cases["its log-odds"] = log_odds, error
    return cases


def measure(stored: Values) -> Values:
    """Quantity -> input -> column -> value, None for NaN; torch-uncertainty's as stored if it cannot be imported."""

    def value(quantity: str, case: str, column: Column) -> float | None:
        if column.name == PEER and peers.torch_uncertainty is None:
            return stored[quantity][case][column.name]
        number = column.value(*cases[case], *column.args) / column.divisor
        return None if math.isnan(number) else number

    cases = inputs()
    return {
        quantity: {case: {column.name: value(quantity, case, column) for column in columns} for case in cases}
        for quantity, columns in QUANTITIES.items()
    }


def render(values: Values, peer_version: str) -> str:
    """conventions.md."""
    return f"""# Our numbers and the peers' on the same inputs

Made by `python docs/conventions.py`; raw values in `conventions.json`. torch-uncertainty {peer_version} was run, the
others are restated in `peers.py`. `abstain` is the default, for AURC `convention="mean"`; `abstain, trapezoid` is
`convention="trapezoid"`, smaller by risk / 2N. R(i) is the selective risk of the i most confident samples. The areas
agree better the larger N is; name the convention wherever a number is stored.

{table_of_inputs()}

`float32 softmax` is the largest of 10 probabilities as float32 holds it: the most confident are all exactly 1. `its
log-odds` is `abstain.scores.msp` of the same logits, which keeps their order.

{chr(10).join(section(quantity, rows) for quantity, rows in values.items())}"""


def table_of_inputs() -> str:
    """How many samples, errors and ties each input has."""
    rows = [["input", "N", "errors", "distinct scores", "largest tie"]]
    for name, (confidence, error) in inputs().items():
        ties = np.unique(confidence, return_counts=True)[1]
        counts = (len(error), int(error.sum()), len(ties), ties.max())
        rows.append([name, *(f"{count:,}" for count in counts)])
    return markdown_table(rows, "lrrrr")


def section(quantity: str, rows: dict[str, Row]) -> str:
    """A table of one quantity, and why its columns differ."""
    columns = QUANTITIES[quantity]
    table = [["input", *(column.name for column in columns)]]
    table += [[case, *(shown(row[column.name]) for column in columns)] for case, row in rows.items()]
    reasons = [reason(column, list(rows.values())) for column in columns if inspect.getdoc(column.value)]
    numbers = markdown_table(table, "l" + "r" * len(columns))
    return "\n".join([f"## {quantity}", "", numbers, "", *reasons, ""])


def shown(value: float | None) -> str:
    """A number with 6 digits."""
    return "NaN" if value is None else f"{value:.6f}"


def reason(column: Column, rows: list[Row]) -> str:
    """Whose convention it is and why it differs, from its docstring, and how often and how far it does."""
    pairs = [(row[column.name], row[column.compared_with]) for row in rows]
    gaps = [abs(theirs - own) for theirs, own in pairs if theirs is not None and own is not None]
    same = sum(gap < SIX_DIGITS for gap in gaps)
    how_far = "" if same == len(gaps) else f", otherwise up to {max(gaps):.6f} apart"
    text = " ".join((inspect.getdoc(column.value) or "").split())
    return f"- **{column.name}.** {text} Equal to `{column.compared_with}` on {same} of {len(rows)} inputs{how_far}."


def is_near(values: Values, stored: Values) -> bool:
    """Whether all numbers agree, except where torch-uncertainty leaves ties to a sort that may differ by machine."""
    tied = {name for name, (confidence, _) in inputs().items() if len(np.unique(confidence)) < len(confidence)}

    def cells(of: Values) -> dict[tuple[str, str, str], float]:
        rows = [(quantity, case, row) for quantity, cases in of.items() for case, row in cases.items()]
        flat = {(quantity, case, name): row[name] for quantity, case, row in rows for name in row}
        return {k: math.inf if v is None else v for k, v in flat.items() if k[1] not in tied or k[2] != PEER}

    fresh, old = cells(values), cells(stored)
    return fresh.keys() == old.keys() and all(math.isclose(fresh[k], old[k], abs_tol=1e-9) for k in fresh)


def main() -> None:
    """Measure, and write or check both files."""
    raw, text = FOLDER / "conventions.json", FOLDER / "conventions.md"
    stored = json.loads(raw.read_text(encoding="utf-8")) if raw.exists() else {PEER: "", "values": {}}
    if not stored["values"] and peers.torch_uncertainty is None:
        sys.exit("docs/conventions.json is missing: install torch-uncertainty to make it anew")
    values = measure(stored["values"])
    peer_version = version(PEER) if peers.torch_uncertainty else stored[PEER]
    if "--check" in sys.argv:
        is_same = peer_version == stored[PEER] and is_near(values, stored["values"])
        is_rendered = text.exists() and text.read_text(encoding="utf-8") == render(stored["values"], peer_version)
        sys.exit(0 if is_same and is_rendered else "out of date, run `python docs/conventions.py`: docs/conventions.md")
    write_text(raw, json.dumps({PEER: peer_version, "values": values}, indent=1) + "\n")
    write_text(text, render(values, peer_version))


if __name__ == "__main__":
    main()
