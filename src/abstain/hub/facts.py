"""What a model and its folder tell of themselves, for a card: nothing that only a person could say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from abstain._checks import InputError, first_line
from abstain._files import RESULTS_FILE
from abstain.data.tables import TableEncoder
from abstain.hub.cards import ModelFacts
from abstain.hub.model_size import image_side, model_size
from abstain.inference.abstention import AbstentionRule
from abstain.inference.classifier import SelectiveClassifier
from abstain.inference.loading import LOGITS, load_parts
from abstain.inference.plain_card import TASKS
from abstain.inference.preparing import class_names_of
from abstain.inference.rule_file import RULE_FILE, read_rule
from abstain.logits.dataset import read_logits, sample_of_each_row
from abstain.models.auto import kind_of_model
from abstain.models.checkpoint import MOST_BYTES
from abstain.report.evaluate import evaluate_logits
from abstain.report.figures import risk_coverage_figure
from abstain.report.folder import FIGURE_FILE
from abstain.report.pictures import figure_bytes
from abstain.report.selective_report import SelectiveReport

RECIPES = {
    "max_suppression_factor": "maximum suppression, α = {:g}",
    "label_smoothing_factor": "label smoothing, α = {:g}",
    "focal_gamma": "focal loss, γ = {:g}",
    "logit_norm_temperature": "logit normalisation in training, τ = {:g}",
    "mixup_alpha": "mixup, α = {:g}",
    "cutmix_alpha": "CutMix, α = {:g}",
    "sam_rho": "sharpness-aware minimisation, ρ = {:g}",
    "ema_decay": "averaged weights, decay {:g}",
    "teacher": "the teacher {}",
}
"""Arguments of training in which siblings differ, and what is said of each that is not 0."""
OF_THE_TEACHER = ("teacher_sha256", "distillation_temperature", "distillation_weight")
"""Settings that say more of the last of them."""
OF_THE_RULE = ("target_risk", "delta")
"""Arguments of scripts that no weight depends on."""
OF_PIXELS = "pixels of one image are taken for independent"
"""What is said of the intervals of segmentation models."""


def facts_of_folder(folder: Path, **told: Any) -> ModelFacts:
    """The facts of a folder whose model loads, which is made sure of here.

    Args:
        folder: with a model, what makes its inputs, and what else there is: a rule, logits, results, a figure.
        **told: `name`, `location` and what else of `ModelFacts` only the caller knows.

    Raises:
        InputError: the model cannot be loaded, its rule belongs to others, or the results are damaged.
    """
    _, model, processor, rule = load_parts(folder, needs_rule=False, revision=None, device="cpu", dtype=None)
    classifier = SelectiveClassifier(model, processor, rule)  # which makes sure that they belong to each other
    return facts_of_model(classifier.model, classifier.processor, folder, **told)


def facts_of_model(model: Any, processor: Any, folder: Path, **told: Any) -> ModelFacts:
    """The facts of a model in memory, and of the folder in which it is saved.

    Args:
        model: of transformers.
        processor: what makes its inputs; None where nobody knows, and its operations are not counted then.
        folder: with its rule, logits, results and figure.
        **told: as `facts_of_folder`; `results` and `splits` in place of those of the folder.

    Raises:
        InputError: the rule or the results are damaged.
    """
    kind = kind_of_model(model)
    found: dict[str, Any] = {
        "results": read_results(folder),
        "splits": logits_splits(folder),
        "figure": FIGURE_FILE if (folder / FIGURE_FILE).is_file() else None,
        "rule": AbstentionRule(**read_rule(folder / RULE_FILE)) if (folder / RULE_FILE).is_file() else None,
    }
    rule = told.get("rule", found["rule"])
    names = class_names_of(model, processor, rule)
    of_model: dict[str, Any] = {
        "task": TASKS[kind],
        "architecture": type(model).__name__,
        "model_type": model.config.model_type,
        "is_ours": type(model).__module__.startswith("abstain."),
        "size": model_size(model, kind, processor),
        "class_names": names,
        "row": _shortened(processor.example_row()) if isinstance(processor, TableEncoder) else None,
        "side": image_side(model.config, processor),
    }
    return ModelFacts(**{**of_model, **found, **told})


def read_results(folder: Path) -> dict[str, Any] | None:
    """What `results.json` of a folder holds; None where there is none.

    Raises:
        InputError: it is damaged, larger than results are, or a part of it is none of results.
    """
    path = folder / RESULTS_FILE
    if not path.is_file():
        return None
    if path.stat().st_size > MOST_BYTES[".json"]:
        raise InputError(f"{str(path)!r} has {path.stat().st_size:,} bytes, which no results have: look at it")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{str(path)!r} is damaged ({first_line(error)}): measure the model anew") from error
    if not isinstance(values, dict):
        raise InputError(f"{str(path)!r} holds no results: they are a dictionary")
    wrong = next((name for name, part in _parts(values) if not isinstance(part, dict | None)), None)
    if wrong is not None:
        raise InputError(f"{str(path)!r} holds {wrong} that is no dictionary: measure the model anew")
    return values


def _parts(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What cards read of results, as far as there are names in it."""
    yield from ((name, values.get(name)) for name in ("settings", "data", "environment", "training", "evaluation"))
    for name in ("settings", "data"):
        if isinstance(values.get(name), dict):
            wanted = ("training", "data") if name == "settings" else values[name]
            yield from ((f"{name}.{inside}", values[name].get(inside)) for inside in wanted)


def logits_splits(folder: Path) -> tuple[str, ...]:
    """The splits of the logits beside a model, `validation` before `test`."""
    below = folder / LOGITS
    found = {path.stem for path in below.glob("*.parquet")} | {
        path.parent.name for path in below.glob("*/part-*.parquet")
    }
    return tuple(sorted(found, key=lambda name: (name == "test", name)))


def measured(folder: Path, *, kind: str) -> tuple[dict[str, Any], SelectiveReport] | None:
    """What the logits beside a model tell, as `evaluation` of results, and as a report; None without a test split.

    Args:
        folder: of the model.
        kind: what is classified.

    Raises:
        InputError: the logits cannot be read, or those of two splits do not go together.
    """
    splits = logits_splits(folder)
    if "test" not in splits:
        return None
    validation = read_logits(folder / LOGITS, "validation") if "validation" in splits else None
    logits, labels = read_logits(folder / LOGITS, "test")
    of_rows = sample_of_each_row(folder / LOGITS, "test")
    report = evaluate_logits(logits, labels, validation=validation, input="logits", clusters=of_rows)
    unknown = kind == "pixels" and report.clusters is None
    return {**report.to_dict(), **({"intervals": OF_PIXELS} if unknown else {})}, report


def curve_picture(name: str, reports: Mapping[str, SelectiveReport]) -> bytes:
    """The risk-coverage curves of some models on the same data, as PNG."""
    return figure_bytes(risk_coverage_figure({name: reports}))


def _shortened(row: dict[str, Any]) -> dict[str, Any]:
    """A row with as many digits as a reader needs."""
    return {name: float(f"{value:.3g}") if isinstance(value, float) else value for name, value in row.items()}


def beside(folder: Path, results: Mapping[str, Any] | None) -> Iterable[tuple[str, str]]:
    """Folders beside this one with a run that differs in `RECIPES` alone: their names, and what trained them."""
    mine = _without_recipe(results)
    if mine is None:
        return
    for other in sorted(
        path for path in folder.resolve().parent.iterdir() if path.is_dir() and path != folder.resolve()
    ):
        try:
            found = _without_recipe(read_results(other))
        except (OSError, ValueError, TypeError, AttributeError):  # of a folder that nobody asked about
            continue
        if found is not None and found[0] == mine[0] and found[1] != mine[1]:
            yield other.name, found[1]


def trained_with(training: Mapping[str, Any]) -> str:
    """What the arguments of a run say of how it is trained: `cross-entropy`, `label smoothing, α = 0.2` or the like."""
    told = [text.format(training[key]) for key, text in RECIPES.items() if training.get(key)]
    return " and ".join(told) or "cross-entropy"


def _without_recipe(results: Mapping[str, Any] | None) -> tuple[Any, str] | None:
    """The settings of a run but for `RECIPES`, with the data, and what it is trained with; None where not known."""
    settings = (results or {}).get("settings") or {}
    training = settings.get("training") or {}
    data = {name: split.get("sha256") for name, split in ((results or {}).get("data") or {}).items()}
    if "label_smoothing_factor" not in training or not data:
        return None
    others = {key: value for key, value in training.items() if key not in (*RECIPES, *OF_THE_TEACHER, *OF_THE_RULE)}
    return ({**settings, "training": others, "data_sha256": data}, trained_with(training))
