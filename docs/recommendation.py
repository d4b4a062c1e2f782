"""What to train with, and what to do with a model that is trained already: three sentences, from `recipes.json`."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pages import ROOT
from recipe_verdicts import BREAKS, DOES_NOT, HARMS, MARGIN, NOT_LEARNED, SHOWN
from repair_gain import ALONE, REPAIR
from which_runs import called

from abstain.report.phrases import counted

NUMBERS = ROOT / "docs" / "recipes.json"
IN_WORDS = {
    "LS": "label smoothing",
    "MaxSup": "MaxSup",
    "focal": "focal loss",
    "LogitNorm": "training on normalised logits",
    "CutMix": "CutMix",
    "mixup": "mixup",
    "SAM": "sharpness-aware minimisation",
    "EMA": "averaged weights",
}
"""A way of training as a table calls it -> in words; several together are left out."""
Row = Mapping[str, Any]
Numbers = Mapping[str, Sequence[Row]]
Rows = Mapping[str, Sequence[Row]]
"""Data set -> its rows of one way of training, a factor each."""


def recommendation(numbers: Numbers | None = None) -> str:
    """Three sentences, each of which rows of the page of recipes say."""
    numbers = json.loads(NUMBERS.read_text(encoding="utf-8")) if numbers is None else numbers
    ways = rows_by_way(numbers)
    harmful = [way for way, rows in ways.items() if _some(rows, BREAKS, HARMS) and not _some(rows, DOES_NOT)]
    harmless = [way for way, rows in ways.items() if {*_verdicts(rows)} & {*SHOWN} == {DOES_NOT}]
    others = [way for way, rows in ways.items() if _learned(rows) and way not in {*harmful, *harmless}]
    return " ".join([_take(harmless, others, ways), _leave(harmful, ways), _repair(numbers)])


def rows_by_way(numbers: Numbers) -> dict[str, dict[str, list[Row]]]:
    """Way of training -> data set -> its rows, where two seeds or more say something or any did not learn."""
    found: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for data_set, rows in numbers.items():
        for row in rows:
            way = re.sub(r" [\d.]+", "", row["recipe"])
            if way in IN_WORDS and (row.get("verdict") in SHOWN or _is_stuck(row)):
                found[way][data_set].append(row)
    return {way: dict(found[way]) for way in IN_WORDS if way in found}


def _is_stuck(row: Row) -> bool:
    """Whether the recipe itself did not learn, and not cross-entropy beside it."""
    return bool(row.get("verdict", "").startswith(NOT_LEARNED))


def _learned(rows: Rows) -> dict[str, Sequence[Row]]:
    """The data sets in which any row has a verdict on abstention."""
    return {name: of for name, of in rows.items() if {*_verdicts({name: of})} & {*SHOWN}}


def _take(harmless: Sequence[str], others: Sequence[str], ways: Mapping[str, Rows]) -> str:
    alone = "To train a model that is to abstain, take cross-entropy on hard labels"
    told = _listed([f"{IN_WORDS[way]} ({_no_harm(ways[way])})" for way in harmless], "or")
    unlike = [f"{_open(IN_WORDS[way], ways[way])} ({_no_harm(ways[way])})" for way in others]
    return "; ".join([f"{alone}, alone or with {told}" if told else alone, *unlike]) + "."


def _open(way: str, rows: Rows) -> str:
    return f"{way} depends on the data" if _some(rows, BREAKS, HARMS) else f"of {way} it cannot be told everywhere"


def _no_harm(rows: Rows) -> str:
    learned = _learned(rows)
    words = [f"no harm on {len(_some(learned, DOES_NOT))} of {counted(len(learned), 'data set')}"]
    for told, names in (
        ("less AURC beyond chance on", [name for name in learned if _beyond(learned[name], "AURC", -1)]),
        ("harm on", _some(learned, BREAKS, HARMS)),
    ):
        words += [f"{told} {_listed([*map(called, names)])}"] if names else []
    return "; ".join([", ".join(words), *_stuck(rows)])


def _leave(harmful: Sequence[str], ways: Mapping[str, Rows]) -> str:
    told = _listed([f"{IN_WORDS[way]} ({_harm(ways[way])})" for way in harmful], "and")
    if not told:
        return "Nothing that was tried raised the AURC of MSP beyond chance without being harmless elsewhere."
    return f"Leave out what raised the AURC of MSP beyond chance with some factor and was harmless with none: {told}."


def _harm(rows: Rows) -> str:
    learned = _learned(rows)
    harmed, broken = _some(learned, BREAKS, HARMS), _some(learned, BREAKS)
    often = "each time" if broken == harmed else f"on {len(broken)}"
    words = [f"on {len(harmed)} of {counted(len(learned), 'data set')}, by more than {100 * MARGIN:g} % {often}"]
    if all(_beyond(learned[name], "error", 1) for name in harmed):
        words += ["with more errors too"]
    return "; ".join([", ".join(words), *_stuck(rows)])


def _stuck(rows: Rows) -> list[str]:
    """On which data sets runs did not learn, and how many of them."""
    return [f"on {called(name)} it {row['verdict']}" for name, of in rows.items() for row in of if _is_stuck(row)]


def _beyond(rows: Sequence[Row], column: str, sign: int) -> bool:
    """Whether a row differs from cross-entropy in this direction by an interval."""
    differences = [row["minus CE"].get(column) for row in rows if row["verdict"] in SHOWN]
    ends = "low" if sign > 0 else "high"
    return any(one is not None and one[ends] is not None and sign * one[ends] > 0 for one in differences)


def _repair(numbers: Numbers) -> str:
    rows = list(_most_smoothed(numbers))
    mended = [(name, row) for name, row in rows if (row[REPAIR]["high"] or 0) < 0]
    worse = [(name, row) for name, row in rows if (row[REPAIR]["low"] or 0) > 0]
    unclear = [called(name) for name, row in rows if (name, row) not in [*mended, *worse]]
    told = []
    if mended:
        areas = _listed([_change(name, row) for name, row in mended])
        told.append(f"of models with the most smoothing it lowered the AURC beyond chance on {areas}")
    if worse:
        told.append(f"it raised the AURC beyond chance on {_listed([_change(name, row) for name, row in worse])}")
    if unclear:
        told.append(f"on {_listed(unclear)} that cannot be told")
    better = [called(name) for name, of in numbers.items() if _beyond(_smoothed(of), "AURC repaired", -1)]
    if better:
        told.append(f"and on {_listed(better)} label smoothing with it is better than cross-entropy with it")
    advice = (
        "If it is trained already, order its answers by logit normalisation, fitted on validation samples (with two "
        "classes by a calibration of each)"
    )
    return f"{advice}: {'; '.join(told)}." if told else f"{advice}."


def _change(name: str, row: Row) -> str:
    alone = ", over seeds alone" if row[REPAIR]["over"] == ALONE else ""
    return f"{called(name)} (from {_area(row, 'AURC')} to {_area(row, 'AURC repaired')} %{alone})"


def _smoothed(rows: Sequence[Row]) -> list[Row]:
    """Those of label smoothing alone that have a verdict."""
    return [row for row in rows if re.fullmatch(r"LS [\d.]+", row["recipe"]) and row.get("verdict") in SHOWN]


def _most_smoothed(numbers: Numbers) -> Iterator[tuple[str, Row]]:
    """Data set -> its row of the most label smoothing."""
    for data_set, rows in numbers.items():
        if of_smoothing := _smoothed(rows):
            yield data_set, max(of_smoothing, key=lambda one: float(one["recipe"].split()[1]))


def _area(row: Row, name: str) -> str:
    return f"{100 * row[name]['mean']:.2f}"


def _verdicts(rows: Rows) -> Iterable[str]:
    return [row["verdict"] for of_data_set in rows.values() for row in of_data_set]


def _some(rows: Rows, *verdicts: str) -> list[str]:
    """The data sets with a row that says one of these."""
    return [name for name, of_data_set in rows.items() if any(row["verdict"] in verdicts for row in of_data_set)]


def _listed(words: Sequence[str], last: str = "and") -> str:
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""
