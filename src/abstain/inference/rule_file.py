"""`abstention.json`: a rule as it stands beside a model, of this version and of those before."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from abstain._arguments import check_whole
from abstain._checks import InputError, check_keys, first_line, shown
from abstain._files import write_json
from abstain.scores.confidence import confidence_from_dict
from abstain.scores.logit_norm import LogitNorm
from abstain.threshold.operating_point import OperatingPoint

RULE_FILE = "abstention.json"
FORMAT = 1
"""Files of 0.1.0 and of its followers until this number came have none."""
PACKAGES = ("abstain", "numpy", "torch", "transformers")
SINCE_FORMAT_1 = ("n_classes", "class_names", "weights_sha256", "validation_sha256", "versions")
"""What older files do not hold."""
FORMER = "recalibrated_from"
"""What a file holds only where there was a rule before this one."""
MOST_BYTES = 2**24
"""Of a rule: room for the names of a hundred thousand classes."""
SHA256 = re.compile("[0-9a-f]{64}")


def versions() -> dict[str, str]:
    """Of what a confidence is computed with: name of a package -> its version."""
    return {package: version(package) for package in PACKAGES}


def write_rule(path: Path, attributes: dict[str, Any]) -> Path:
    """Write the attributes of an `AbstentionRule`.

    Raises:
        InputError: the file cannot be written.
    """
    made = {name: attributes[name].to_dict() for name in ("confidence", "operating_point")}
    said = {name: attributes[name] for name in SINCE_FORMAT_1}
    before = attributes[FORMER]
    return write_json(path, {"format": FORMAT, **made, **said, **({FORMER: before.to_dict()} if before else {})})


def read_rule(path: Path) -> dict[str, Any]:
    """The attributes of the `AbstentionRule` that a file holds; None for what an older file does not say.

    Raises:
        InputError: it is none, is damaged, or is of a later version.
    """
    values = _json_of(path)
    number = values.get("format", 0)
    if type(number) is not int or not 0 <= number <= FORMAT:
        raise InputError(
            f"{str(path)!r} has the format {shown(number)}, but this version reads those up to {FORMAT}: install a "
            "later version of abstain, or write the rule anew"
        )
    try:
        return _attributes(values, older=number < FORMAT)
    except InputError as error:
        raise InputError(f"{str(path)!r} is no abstention rule, or is damaged ({error}): write it anew") from error


def _json_of(path: Path) -> dict[str, Any]:
    """What a file of a size that a rule can have says."""
    try:
        size = path.stat().st_size
        values = size <= MOST_BYTES and json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{str(path)!r} is no abstention rule, or is damaged ({first_line(error)}): write it anew"
        ) from error
    if size > MOST_BYTES:
        raise InputError(f"{str(path)!r} has {size:,} bytes, but a rule has at most {MOST_BYTES:,}: write it anew")
    if not isinstance(values, dict):
        raise InputError(f"{str(path)!r} is no abstention rule: it holds {shown(values)}, but must hold keys")
    return values


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _attributes(values: dict[str, Any], *, older: bool) -> dict[str, Any]:
    made = "logit_norm" if "logit_norm" in values else "confidence"  # the former of 0.1.0
    needed = {made, "operating_point"} | (set() if older else set(SINCE_FORMAT_1))
    check_keys("rule", values, known={"format", made, "operating_point", FORMER, *SINCE_FORMAT_1}, needed=needed)
    said = {name: _CHECKS[name](values.get(name)) for name in SINCE_FORMAT_1}
    if said["class_names"] and said["n_classes"] not in (None, len(said["class_names"])):
        raise InputError(f"it has {len(said['class_names'])} class_names, but n_classes is {said['n_classes']}")
    point = OperatingPoint.from_dict(values["operating_point"])
    from_dict = LogitNorm.from_dict if made == "logit_norm" else confidence_from_dict
    before = None if values.get(FORMER) is None else OperatingPoint.from_dict(values[FORMER])
    return {"confidence": from_dict(values[made]), "operating_point": point, FORMER: before, **said}


def _n_classes(value: Any) -> int | None:
    return None if value is None else check_whole("n_classes", value, at_least=2)


def _class_names(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value) or not value:
        raise InputError(f"class_names are {shown(value)}, but must be a list of texts, or null")
    return tuple(value)


def _sha256(what: str, value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and SHA256.fullmatch(value)):
        raise InputError(f"{what} is {shown(value)}, but must be 64 hexadecimal digits, or null")
    return value


def _versions(value: Any) -> dict[str, str]:
    if not isinstance(value, dict | None) or not all(isinstance(one, str) for one in (value or {}).values()):
        raise InputError(f"versions are {shown(value)}, but must be a version for each package, or null")
    return value or {}


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "n_classes": _n_classes,
    "class_names": _class_names,
    "weights_sha256": partial(_sha256, "weights_sha256"),
    "validation_sha256": partial(_sha256, "validation_sha256"),
    "versions": _versions,
}
"""The schema of what is not the confidence and the threshold, which know theirs."""
