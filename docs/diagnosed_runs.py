"""Diagnose runs whose training is known, and tell what the verdict was against what it should be."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from recipe_runs import Run
from scipy.optimize import minimize_scalar
from scipy.special import softmax

import abstain
from abstain import Diagnosis
from abstain._files import RESULTS_FILE
from abstain.audit.smoothing_verdict import FEWEST_CLASSES, Sign, decide
from abstain.logits.dataset import sample_of_each_row
from abstain.scores import classification_error, msp

SMOOTHED = ("label_smoothing_factor", "max_suppression_factor")
MIXED = ("mixup_alpha", "cutmix_alpha", "teacher")
"""Arguments that soften targets in another way: whether such a model was smoothed has no right answer."""
SEEDS_SEEN = {"noisy_digits_rows": 5, "cifar10": 1}
"""Data set -> the rule was chosen on runs with seeds below it; of the others it was chosen on all runs."""
TOLD = ["n_samples", "n_errors", "verdict", "needed", "effect", "low", "high", "p_value", "standardized_effect"]
TOLD += ["spread_correlation", "spread_standard_error", "alpha", "temperature", "share_above_ceiling"]
Entry = dict[str, Any]


def diagnosed(folder: Path) -> Entry:
    """What is kept of a run.

    Args:
        folder: holds `results.json` and `logits/test.parquet`.
    """
    run = Run(json.loads((folder / RESULTS_FILE).read_text(encoding="utf-8")), None)
    logits, labels = abstain.read_logits(folder / "logits", "test")
    clusters = sample_of_each_row(folder / "logits", "test")
    found = abstain.diagnose(logits, labels, input="logits", clusters=clusters)
    training = run.results["settings"]["training"]
    entry: Entry = {"name": folder.name, "data_set": run.data_set, "trained": run.recipe, "seed": run.seed}
    entry |= {"weight_decay": training["weight_decay"], "truth": truth(training), "classes": max(found.n_logits, 2)}
    entry |= {"seen": run.seed < SEEDS_SEEN.get(run.data_set, run.seed + 1)}
    entry |= {key: getattr(found, key) for key in TOLD} | {"by the rule": by_the_rule(found)}
    if found.n_logits <= 2:
        return entry | risks_at_the_top(logits, labels)
    entry["alpha with temperature"] = alpha_with_temperature(logits, labels)
    return entry | ({} if clusters is not None else {"of quarters": of_quarters(logits, labels)})


def truth(training: dict[str, Any]) -> str:
    """What the targets were: smoothed, mixed, or plain."""
    if any(training.get(key) for key in SMOOTHED):
        return "smoothed"
    return "mixed" if any(training.get(key) for key in MIXED) else "plain"


def by_the_rule(found: Diagnosis) -> str | None:
    """What the verdict would be with neither few classes nor many; None of two classes."""
    if found.n_logits <= 2:
        return None
    effect = correlation = None
    if found.effect is not None and found.standardized_effect and found.standard_error is not None:
        unit = found.effect / found.standardized_effect
        effect = Sign(found.standardized_effect, found.standard_error / unit)
    if found.spread_correlation is not None and found.spread_standard_error is not None:
        correlation = Sign(found.spread_correlation, found.spread_standard_error)
    return decide(effect, correlation, FEWEST_CLASSES)


def alpha_with_temperature(logits: Any, labels: Any) -> float | None:
    """The α of the pair of α and temperature with the least Brier score; None where none fits."""

    def fit(log_temperature: float) -> tuple[float, float]:
        p = softmax(logits.astype(np.float64) / np.exp(log_temperature), axis=1)
        known = float(p[np.arange(len(p)), labels].mean()) - 1 / p.shape[1]
        sure = float((p * p).sum(axis=1).mean()) - 1 / p.shape[1]
        return -(known**2) / sure, 1 - sure / known

    best = minimize_scalar(lambda x: fit(x)[0], bounds=(-4, 4), method="bounded")
    alpha = fit(best.x)[1]
    return alpha if -1 < alpha < 1 else None


def of_quarters(logits: Any, labels: Any) -> dict[str, int]:
    """How often each verdict falls with every fourth sample, from the first, second, third and fourth on."""
    verdicts = [abstain.diagnose(logits[i::4], labels[i::4], input="logits").verdict for i in range(4)]
    return dict(sorted(Counter(verdicts).items()))


def risks_at_the_top(logits: Any, labels: Any) -> dict[str, float]:
    """Error rates among the surest 1 and 20 % of two classes: where label smoothing leaves its errors."""
    curve = abstain.risk_coverage_curve(msp(logits), classification_error(logits, labels))
    return {f"risk@{100 * share:g}": curve.risk_at_coverage(share) for share in (0.01, 0.2)}


def unlike(entries: list[Entry]) -> list[Entry]:
    """The same without runs that are one: a released model may be the run of a grid."""
    of_numbers = {(one["data_set"], one["n_errors"], one["effect"], one["alpha"]): one for one in reversed(entries)}
    return sorted(
        of_numbers.values(), key=lambda one: (one["data_set"], one["trained"], one["weight_decay"], one["name"])
    )


def median(entries: list[Entry], key: str) -> float | None:
    """Of those that have a number."""
    values = [one[key] for one in entries if one[key] is not None]
    return float(np.median(values)) if values else None
