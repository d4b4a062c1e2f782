"""Whether a model looks smoothed: the rule, which wants two signs, and how many errors would be enough for it.

How often it is right is measured on models whose training is known: docs/diagnosis.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

Verdict = Literal[
    "looks smoothed",
    "does not look smoothed",
    "too few errors to say",
    "too few clusters to say",
    "cannot be told with two classes",
    "cannot be told with few classes",
    "cannot be told with many classes",
    "cannot be told from tied values",
]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

FEWEST_CLASSES = 10
"""With fewer, the other logits leave too little room: models of 3 and 5 classes showed both signs without smoothing."""
MANY_CLASSES = 20
"""From so many on, the spread of the others may grow with the largest logit in a smoothed model too: of 30 and of 100
classes all did, for these logits follow the likeness of the classes."""
QUANTILE = 1.96
"""Of the normal law: a sign is taken for one where it is this many standard errors from 0."""
SMALLEST = 0.1
"""The least effect, in standard deviations of z_max at equal MSP, that is looked for; a smaller one counts as none."""
VARIANCE_OF_ONE = 2.0
"""Variance of such an effect times the number of errors, where it is not measured; it was 1.5 to 2.5 where it was."""
QUANTILE_OF_POWER = 0.84
"""Of the normal law: a sign that is there shall be found in four of five draws."""
MOST_NEEDED = 10**9
"""A sign that needs more errors than these is none."""


@dataclass(frozen=True)
class Sign:
    """An estimate that is above or below 0.

    Attributes:
        estimate: any real.
        standard_error: above 0.
    """

    estimate: float
    standard_error: float

    @property
    def is_above(self) -> bool:
        """Whether it surely is."""
        return self.estimate > QUANTILE * self.standard_error

    @property
    def is_below(self) -> bool:
        """Whether it surely is."""
        return -self.estimate > QUANTILE * self.standard_error

    def times_needed(self, least: float = 0.0) -> float:
        """As many times the samples would show an effect of its size, or of `least` where that is larger."""
        size = max(abs(self.estimate), least)
        return math.inf if size == 0 else ((QUANTILE + QUANTILE_OF_POWER) * self.standard_error / size) ** 2


def decide(effect: Sign | None, correlation: Sign | None, n_classes: int) -> Verdict:
    """The verdict of more than two classes.

    A smoothed model shows both signs. A model whose data are sharp in part and noisy in part has a positive effect
    without any smoothing, but as its largest logit grows the others spread, as logits do that grow together.

    Args:
        effect: z_max of errors minus that of correct answers at equal MSP, in standard deviations; None where there
            are too few.
        correlation: of z_max with the spread of the other logits; None where one of them does not vary.
        n_classes: K.
    """
    if n_classes < FEWEST_CLASSES:
        return "cannot be told with few classes"
    if effect is None or correlation is None:
        return "too few errors to say"
    if effect.estimate + QUANTILE * effect.standard_error < SMALLEST:
        return "does not look smoothed"
    if correlation.is_above:
        return "does not look smoothed" if n_classes < MANY_CLASSES else "cannot be told with many classes"
    return "looks smoothed" if effect.is_above and correlation.is_below else "too few errors to say"


def errors_needed(effect: Sign | None, correlation: Sign | None, n_errors: int) -> int | None:
    """About how many errors would be enough for a verdict; None where no number is.

    Args:
        effect: as `decide`.
        correlation: as `decide`.
        n_errors: of the samples that gave these; all samples shall grow in their number alike.
    """
    if effect is None:
        return math.ceil(VARIANCE_OF_ONE * ((QUANTILE + QUANTILE_OF_POWER) / SMALLEST) ** 2)
    if correlation is None:
        return None
    undecided = [] if correlation.is_below else [correlation.times_needed()]
    undecided += [] if effect.is_above else [effect.times_needed(SMALLEST)]
    needed = max(undecided, default=1.0) * n_errors
    return math.ceil(max(needed, n_errors + 1)) if needed < MOST_NEEDED else None
