"""What to train with, and what to do with a model that is trained already: three sentences, from `recipes.json`."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pages import ROOT
from which_runs import called

from abstain.report.phrases import counted

NUMBERS = ROOT / "docs" / "recipes.json"
PLAIN = "CE"
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
NOTHING_SHOWN = ("one seed", "did not learn")
"""Verdicts that say neither that a recipe breaks abstention nor that it does not, nor that more samples would tell."""
Numbers = Mapping[str, Sequence[Mapping[str, Any]]]


def recommendation(numbers: Numbers | None = None) -> str:
    """Three sentences, each of which rows of the page of recipes say."""
    numbers = json.loads(NUMBERS.read_text(encoding="utf-8")) if numbers is None else numbers
    verdicts = _verdicts(numbers)
    harmless = [way for way, found in verdicts.items() if set(found.values()) == {"does not"}]
    harmful = [
        way for way, found in verdicts.items() if "breaks" in found.values() and "does not" not in found.values()
    ]
    return " ".join([_take(harmless, verdicts), _leave(harmful, verdicts), _repair(numbers)])


def _verdicts(numbers: Numbers) -> dict[str, dict[tuple[str, str], str]]:
    """Way of training -> (data set, recipe) -> whether it breaks abstention there, by two seeds or more."""
    found: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for data_set, rows in numbers.items():
        for row in rows:
            way = re.sub(r" [\d.]+", "", row["recipe"])
            if way in IN_WORDS and row.get("verdict", "one seed") not in NOTHING_SHOWN:
                found[way][data_set, row["recipe"]] = row["verdict"]
    return {way: found[way] for way in IN_WORDS if way in found}


def _take(harmless: Sequence[str], verdicts: Mapping[str, Mapping[tuple[str, str], str]]) -> str:
    told = [f"{IN_WORDS[way]} (on {_data_sets(verdicts[way], 'does not')})" for way in harmless]
    added = f"; {_listed(told)} did it no harm" if told else ""
    return f"To train a model that is to abstain, take cross-entropy on hard labels{added}."


def _leave(harmful: Sequence[str], verdicts: Mapping[str, Mapping[tuple[str, str], str]]) -> str:
    told = [f"{IN_WORDS[way]} (on {_data_sets(verdicts[way], 'breaks')})" for way in harmful]
    return f"Leave out what broke abstention and was shown harmless nowhere: {_listed(told)}."


def _repair(numbers: Numbers) -> str:
    changes = _listed([f"on {data} from {before:.2f} to {after:.2f} %" for data, before, after in _smoothed(numbers)])
    return (
        "If it is trained already, order its answers by logit normalisation, fitted on validation samples (with two "
        f"classes by a calibration of each): of models with the most smoothing it took the AURC, averaged over seeds, "
        f"{changes}; where that is beyond chance, the findings below say."
    )


def _smoothed(numbers: Numbers) -> Iterator[tuple[str, float, float]]:
    """Of the most label smoothing in each data set, the AURC of MSP and after the repair, in percent."""
    for data_set, rows in numbers.items():
        of_smoothing = [row for row in rows if re.fullmatch(r"LS [\d.]+", row["recipe"]) and row["seeds"] > 1]
        if of_smoothing:
            row = max(of_smoothing, key=lambda one: float(one["recipe"].split()[1]))
            yield called(data_set), 100 * row["AURC"]["mean"], 100 * row["AURC repaired"]["mean"]


def _data_sets(found: Mapping[tuple[str, str], str], verdict: str) -> str:
    there = dict.fromkeys(data_set for (data_set, _), one in found.items() if one == verdict)
    everywhere = dict.fromkeys(data_set for data_set, _ in found)
    return f"{len(there)} of {counted(len(everywhere), 'data set')}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""
