"""Measure what each recipe does to the max logit where the truth is known, and how well that ranks the damage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import torch
from known_conditional import error_probability, mixture
from mechanism_runs import PLAIN, RECIPES, Points
from numpy.typing import NDArray
from scipy.stats import beta, rankdata
from torch import Tensor

from abstain import risk_coverage_curve, scores
from abstain.audit import Estimate, partial_correlation, predicted_suppression, suppression, suppression_gradient
from abstain.losses import focal_loss, max_suppression, normalized_logits, smoothed_cross_entropy
from abstain.scores import centered_max_logit

Array = NDArray[np.float64]
Runs = Mapping[str, Sequence[NDArray[Any]]]
DRAWS = 4000
"""Of the bootstrap."""
SAME = 9
"""Digits after the point in which slopes of a gradient are compared: further ones are rounding."""
EVENNESS = ("gradient", "slope", "relative slope", "at equal MSP")
"""What might rank the damage: each is larger where likely errors are pushed down less."""
FORMULAS = {"label_smoothing_factor": "label_smoothing", "max_suppression_factor": "max_suppression"}
DAMAGE = {"AURC": 1, "failure AUROC": -1}
"""Area -> the sign with which its difference to cross-entropy is damage."""


def measured(points: Points, runs: Runs) -> dict[str, Any]:
    """All that the page tells of the networks that were trained alike."""
    plain = runs[PLAIN]
    of_plain = [_areas(points, logits) for logits in plain]
    found = {name: _of_recipe(name, points, logits, plain, of_plain) for name, logits in runs.items()}
    bayes = error_probability(points.conditional, points.conditional.argmax(axis=1))
    return {
        "seeds": len(plain),
        "points": len(points.labels),
        "least error": float(bayes.mean()),
        "largest differences": largest_differences(points, plain[0]),
        "recipes": found,
    }


def ranks(recipes: Mapping[str, Any]) -> dict[str, dict[str, dict[str, float]]]:
    """Damage -> what might rank the recipes by it -> how well it does."""
    others = [numbers["by seed"] for name, numbers in recipes.items() if name != PLAIN]
    columns = {key: np.array([of[key] for of in others]) for key in (*EVENNESS, *DAMAGE)}
    return {area: {what: rank_correlation(columns[what], columns[area]) for what in EVENNESS} for area in DAMAGE}


def _of_recipe(
    name: str, points: Points, logits: Sequence[Any], plain: Sequence[Any], of_plain: Sequence[Mapping[str, float]]
) -> dict[str, Any]:
    areas = [_areas(points, one) for one in logits]
    spread = {key: Estimate.over_seeds([of[key] for of in areas]).estimate for key in ("error", *DAMAGE)}
    if name == PLAIN:
        return spread
    gradients = [suppression_gradient(loss_of(RECIPES[name]), of, points.conditional) for of in plain]
    pushed = suppression(logits, plain, points.conditional, predicted=gradients)
    relative = suppression(logits, plain, points.conditional, relative=True)
    differences = {
        key: np.array([of[key] - ce[key] for of, ce in zip(areas, of_plain, strict=True)]) for key in areas[0]
    }
    predicted_slope = round(pushed.predicted_slope, SAME) + 0.0  # not -0.0
    by_seed = {
        "gradient": np.full(len(logits), 0.0 - predicted_slope),
        "slope": -pushed.slopes,
        "relative slope": -relative.slopes,
        "at equal MSP": differences["at equal MSP"],
        **{area: sign * differences[area] for area, sign in DAMAGE.items()},
    }
    bins = ("error_probability", "measured", "low", "high", "predicted")
    return spread | {
        "bins": {key: getattr(pushed, key).tolist() for key in bins},
        "alike": float(np.mean(pushed.n_samples) / len(points.labels)),
        "predicted slope": predicted_slope,
        "slope": asdict(pushed.slope),
        "relative slope": asdict(relative.slope),
        "minus CE": {key: asdict(Estimate.over_seeds(values)) for key, values in differences.items()},
        "by seed": {key: values.tolist() for key, values in by_seed.items()},
    }


def _areas(points: Points, logits: NDArray[Any]) -> dict[str, float]:
    """Error and AURC in expectation over labels, failure AUROC of labels that were drawn, and conclusion (d)."""
    predicted, confidence = logits.argmax(axis=1), scores.msp(logits)
    risk = error_probability(points.conditional, predicted)
    drawn = risk_coverage_curve(confidence, (predicted != points.labels).astype(float))
    return {
        "error": float(risk.mean()),
        "AURC": risk_coverage_curve(confidence, risk).aurc(),
        "failure AUROC": drawn.failure_auroc(),
        "at equal MSP": partial_correlation(centered_max_logit(logits), risk, confidence).estimate,
    }


def largest_differences(points: Points, logits: Any) -> dict[str, float]:
    """Recipe -> that of the gradient by autograd from the formula of the paper's argument, where there is one."""
    risk = error_probability(points.conditional, logits.argmax(axis=1))
    found = {}
    for name, changes in RECIPES.items():
        if len(changes) == 1 and (loss := FORMULAS.get(next(iter(changes)))):
            gradient = suppression_gradient(loss_of(changes), logits, points.conditional)
            formula = predicted_suppression(loss, *changes.values(), risk, points.conditional.shape[1])
            found[name] = float(np.abs(gradient - formula).max())
    return found


def loss_of(changes: Mapping[str, float]) -> Any:
    """The loss of each sample that a recipe trains with: averaged weights and SAM have that of cross-entropy.

    Of mixup the input is taken for that of the larger share, and the other label for one of any sample.
    """
    if gamma := changes.get("focal_gamma"):
        return partial(focal_loss, gamma=gamma, reduction="none")
    smoothed = partial(smoothed_cross_entropy, smoothing=changes.get("label_smoothing_factor", 0.0), reduction="none")
    if temperature := changes.get("logit_norm_temperature"):
        return lambda logits, labels: smoothed(normalized_logits(logits, temperature=temperature), labels)
    if alpha := changes.get("mixup_alpha"):
        return partial(_mixed, smoothed, smaller_share(alpha))
    factor = changes.get("max_suppression_factor", 0.0)
    return lambda logits, labels: smoothed(logits, labels) + factor * max_suppression(logits, labels, reduction="none")


def smaller_share(alpha: float) -> float:
    """The mean of min(λ, 1 - λ) for λ ~ Beta(α, α)."""
    return float(beta(alpha, alpha).expect(lambda share: 2 * share, ub=0.5))


def _mixed(loss: Any, share: float, logits: Tensor, labels: Tensor) -> Tensor:
    world = mixture()
    frequency = torch.from_numpy(np.bincount(world.label, world.share))
    return loss(logits, (1 - share) * torch.eye(len(frequency), dtype=torch.float64)[labels] + share * frequency)


def rank_correlation(one: Array, other: Array) -> dict[str, float]:
    """Spearman's correlation of the means over seeds of R recipes, with intervals over seeds, and over recipes too.

    Args:
        one: (R, S) by recipe and seed.
        other: the same of what it might rank.

    Returns:
        The correlation and the ends of 95 % bootstrap intervals: seeds drawn anew, and recipes and seeds.
    """
    random, (n_recipes, n_seeds) = np.random.default_rng(0), one.shape
    seeds = random.integers(n_seeds, size=(DRAWS, 1, n_seeds))
    recipes = random.integers(n_recipes, size=(DRAWS, n_recipes, 1))
    every = np.arange(n_recipes)[None, :, None]
    found = {"estimate": float(_spearman(one.mean(axis=1)[None], other.mean(axis=1)[None])[0])}
    for name, rows in (("seeds", every), ("recipes and seeds", recipes)):
        drawn = _spearman(*(of[rows, seeds].mean(axis=2) for of in (one, other)))
        low, high = np.nanquantile(drawn, [0.025, 0.975])
        found |= {f"low over {name}": float(low), f"high over {name}": float(high)}
    return found


def _spearman(one: Array, other: Array) -> Array:
    """(D,) of each row of two arrays (D, R); NaN where one is constant."""
    ranks = [rankdata(of, axis=1) for of in (one, other)]
    apart = [of - of.mean(axis=1, keepdims=True) for of in ranks]
    with np.errstate(invalid="ignore"):
        return np.sum(apart[0] * apart[1], axis=1) / np.sqrt(np.prod([(of**2).sum(axis=1) for of in apart], axis=0))
