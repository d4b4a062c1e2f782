"""`abstention.json`: a rule as it stands beside a model, of this version and of those before."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from abstain._checks import InputError
from abstain._files import write_json
from abstain.scores.confidence import Confidence, confidence_from_dict
from abstain.scores.logit_norm import LogitNorm
from abstain.threshold.operating_point import OperatingPoint

RULE_FILE = "abstention.json"
FORMAT = 1
"""Files of 0.1.0 and of its followers until this number came have none."""
PACKAGES = ("abstain", "numpy", "torch", "transformers")
SINCE_FORMAT_1: dict[str, type] = {
    "n_classes": int,
    "class_names": list,
    "weights_sha256": str,
    "validation_sha256": str,
    "versions": dict,
}
"""What older files do not hold, and the type of each where it is not null."""


def versions() -> dict[str, str]:
    """Of what a confidence is computed with: name of a package -> its version."""
    return {package: version(package) for package in PACKAGES}


def write_rule(path: Path, attributes: dict[str, Any]) -> Path:
    """Write the attributes of an `AbstentionRule`.

    Raises:
        InputError: the file cannot be written.
    """
    made = {name: attributes[name].to_dict() for name in ("confidence", "operating_point")}
    return write_json(path, {"format": FORMAT, **made, **{name: attributes[name] for name in SINCE_FORMAT_1}})


def read_rule(path: Path) -> dict[str, Any]:
    """The attributes of the `AbstentionRule` that a file holds; None for what an older file does not say.

    Raises:
        InputError: it is none, is damaged, or is of a later version.
    """
    damaged = f"{str(path)!r} is no abstention rule, or is damaged: write it anew"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        number = values.get("format", 0)
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(damaged) from error
    if not isinstance(number, int) or number > FORMAT:
        raise InputError(
            f"{str(path)!r} has the format {number!r}, but this version reads those up to {FORMAT}: install a later "
            "version of abstain, or write the rule anew"
        )
    try:
        return _attributes(values, older=number < FORMAT)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(damaged) from error


def _attributes(values: dict[str, Any], *, older: bool) -> dict[str, Any]:
    said = {name: values.get(name) if older else values[name] for name in SINCE_FORMAT_1}
    for name, kind in SINCE_FORMAT_1.items():
        if said[name] is not None and type(said[name]) is not kind:
            raise TypeError(f"{name} is no {kind.__name__}")
    return said | {
        "confidence": _confidence_of(values),
        "operating_point": OperatingPoint.from_dict(values["operating_point"]),
        "class_names": said["class_names"] and tuple(said["class_names"]),
        "versions": said["versions"] or {},
    }


def _confidence_of(values: dict[str, Any]) -> Confidence:
    of_0_1_0 = values.get("logit_norm")
    return confidence_from_dict(values["confidence"]) if of_0_1_0 is None else LogitNorm.from_dict(of_0_1_0)
