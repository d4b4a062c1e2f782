"""What to train with, and what to do with a model that is trained already: three sentences, from `recipes.json`."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pages import ROOT
from recipe_verdicts import BREAKS, DOES_NOT, HARMS, MARGIN, SHOWN
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
    "EMA": "averaged weights (EMA)",
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
    harmless = [way for way, rows in ways.items() if set(_verdicts(rows)) & {*SHOWN} == {DOES_NOT}]
    others = [way for way in ways if way not in {*harmful, *harmless}]
    return " ".join([_take(harmless, others, ways), _leave(harmful, ways), _repair(numbers)])


def rows_by_way(numbers: Numbers) -> dict[str, dict[str, list[Row]]]:
    """Way of training -> data set -> its rows, where two seeds or more say something, or did not learn."""
    found: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for data_set, rows in numbers.items():
        for row in rows:
            way = re.sub(r" [\d.]+", "", row["recipe"])
            if way in IN_WORDS and row["seeds"] > 1 and "verdict" in row:
                found[way][data_set].append(row)
    return {way: dict(found[way]) for way in IN_WORDS if way in found}


def _take(harmless: Sequence[str], others: Sequence[str], ways: Mapping[str, Rows]) -> str:
    alone = "To train a model that is to abstain, take cross-entropy on hard labels"
    told = _listed([f"{IN_WORDS[way]} ({_no_harm(ways[way])})" for way in harmless], "or")
    open_ones = [f"of {IN_WORDS[way]} it cannot be told ({_no_harm(ways[way])})" for way in others]
    return "; ".join([f"{alone}, alone or with {told}" if told else alone, *open_ones]) + "."


def _no_harm(rows: Rows) -> str:
    without, better = _some(rows, DOES_NOT), [name for name in rows if any(map(_is_better, rows[name]))]
    harmed = _some(rows, BREAKS, HARMS)
    words = [f"no harm on {len(without)} of {counted(len(rows), 'data set')}"]
    words += [f"a lower AURC beyond chance on {', '.join(map(called, better))}"] if better else []
    words += [f"harm on {', '.join(map(called, harmed))}"] if harmed else []
    return ", ".join(words)


def _is_better(row: Row) -> bool:
    difference = row["minus CE"]["AURC"]
    return difference is not None and difference["high"] is not None and difference["high"] < 0


def _leave(harmful: Sequence[str], ways: Mapping[str, Rows]) -> str:
    told = _listed([f"{IN_WORDS[way]} ({_harm(ways[way])})" for way in harmful], "and")
    if not told:
        return "Nothing that was tried raised the AURC beyond chance without being harmless elsewhere."
    return f"Leave out what raised the AURC beyond chance with some factor and was harmless with none: {told}."


def _harm(rows: Rows) -> str:
    learned = {name: of for name, of in rows.items() if set(_verdicts({name: of})) & {*SHOWN}}
    harmed, broken = _some(learned, BREAKS, HARMS), _some(learned, BREAKS)
    often = "each time" if broken == harmed else f"on {len(broken)}"
    words = f"on {len(harmed)} of {counted(len(learned), 'data set')}, by more than {100 * MARGIN:g} % {often}"
    stuck = [called(name) for name in rows if name not in learned]
    return f"{words}; it did not learn on {', '.join(stuck)}" if stuck else words


def _repair(numbers: Numbers) -> str:
    rows = list(_most_smoothed(numbers))
    mended = [(name, row) for name, row in rows if row["repair minus MSP"]["high"] < 0]
    told = _listed(
        [f"{called(name)} from {_area(row, 'AURC')} to {_area(row, 'AURC repaired')} %" for name, row in mended]
    )
    unclear = _listed([called(name) for name, row in rows if (name, row) not in mended])
    lowered = [f"lowered the AURC beyond chance, on {told}"] if told else []
    lowered += [f"cannot be told to have{'' if told else ' lowered the AURC'} on {unclear}"] if unclear else []
    return (
        "If it is trained already, and with label smoothing, order its answers by logit normalisation, fitted on "
        "validation samples (with two classes by a calibration of each): of models with the most smoothing it "
        f"{' and '.join(lowered)}."
    )


def _most_smoothed(numbers: Numbers) -> Iterator[tuple[str, Row]]:
    """Data set -> its row of the most label smoothing, of two seeds or more."""
    for data_set, rows in numbers.items():
        of_smoothing = [row for row in rows if re.fullmatch(r"LS [\d.]+", row["recipe"]) and row["seeds"] > 1]
        if of_smoothing:
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
