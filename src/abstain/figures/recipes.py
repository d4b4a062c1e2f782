"""What a run was trained with, in the few words that a legend has room for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from abstain.report.style import PLAIN

RECIPES = {
    "label_smoothing_factor": "LS {:g}",
    "max_suppression_factor": "MaxSup {:g}",
    "mixup_alpha": "mixup {:g}",
    "cutmix_alpha": "CutMix {:g}",
    "focal_gamma": "focal {:g}",
    "logit_norm_temperature": "LogitNorm {:g}",
    "ema_decay": "EMA {:g}",
    "sam_rho": "SAM {:g}",
    "teacher": "distilled",
}
"""Argument -> what a table or a legend calls a training with it; where it is 0 or none, it is nothing."""


@dataclass(frozen=True)
class Recipe:
    """What a model was trained with.

    Attributes:
        name: such as `LS 0.2 + SAM 0.1`; `CE` with nothing of `RECIPES`.
        family: the same without numbers: models of one family share a hue and a shape.
        factor: the first of the numbers; the larger, the darker.
    """

    name: str
    family: str
    factor: float

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any]) -> Recipe:
        """Of what `run.json` holds, or `settings` of `results.json`: arguments by group.

        Example:
            >>> Recipe.of_settings({"training": {"label_smoothing_factor": 0.2, "sam_rho": 0.0}}).name
            'LS 0.2'
        """
        given = {**(settings.get("model") or {}), **(settings.get("training") or {})}
        used = [(text, given[key]) for key, text in RECIPES.items() if given.get(key)]
        if not used:
            return cls(PLAIN, PLAIN, 0.0)
        family = " + ".join(text.split(" ")[0] for text, _ in used)
        factor = used[0][1]
        name = " + ".join(text.format(value) for text, value in used)
        return cls(name, family, float(factor) if isinstance(factor, int | float) else 0.0)
