"""A diagnosis in plain words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from abstain.audit.binned_effect import FEWEST_IN_BIN
from abstain.curve.intervals import FEWEST_CLUSTERS
from abstain.threshold.planning import rounded_up

if TYPE_CHECKING:
    from abstain.audit.diagnosis import Diagnosis

TWO_CLASSES = (
    "Whether the model was smoothed cannot be told with two classes, where the largest logit is a function of MSP: a "
    "strong weight decay leaves the same probabilities"
)
TIED = (
    "Whether the model was smoothed cannot be told from these values: in most rows several classes hold the least one, "
    "as where probabilities were cut off or rounded, or classes are masked."
)
NUMBER_OF_CLASSES = {
    "cannot be told with few classes": (
        "Whether the model was smoothed cannot be told with so few classes, where models that were not show the same "
        "marks"
    ),
    "cannot be told with many classes": (
        "Whether the model was smoothed cannot be told with so many classes, where the other logits may draw apart in "
        "a smoothed model too"
    ),
}


def sentence_of(diagnosis: Diagnosis) -> str:
    """The verdict, what it rests on, and which smoothing would fit."""
    if diagnosis.verdict == "cannot be told with two classes":
        return TWO_CLASSES + _of_ceiling(diagnosis)
    if diagnosis.verdict == "cannot be told from tied values":
        return TIED
    if diagnosis.verdict in NUMBER_OF_CLASSES:
        of_effect = "" if diagnosis.effect is None else f". What is seen is that {_of_effect(diagnosis)}"
        return NUMBER_OF_CLASSES[diagnosis.verdict] + of_effect + _of_ceiling(diagnosis)
    if diagnosis.verdict == "too few clusters to say":
        return (
            "Too few clusters to say whether the model was smoothed: its errors, or its right answers, are as good as "
            f"in fewer than {FEWEST_CLUSTERS} clusters of equal size."
        )
    if diagnosis.verdict == "too few errors to say":
        return _too_few(diagnosis)
    if diagnosis.verdict == "looks smoothed":
        return f"The model looks smoothed: {_of_effect(diagnosis)}, and {_of_spread(diagnosis)}{_of_ceiling(diagnosis)}"
    of_spread = diagnosis.spread_correlation is not None and diagnosis.spread_correlation > 0
    return f"The model does not look smoothed: {_of_spread(diagnosis) if of_spread else _of_effect(diagnosis)}."


def _of_effect(diagnosis: Diagnosis) -> str:
    low, high = diagnosis.interval or (0.0, 0.0)
    where = "higher" if low > 0 else "lower" if high < 0 else "not surely another"
    return (
        f"at equal MSP its largest logit is {where} on errors ({diagnosis.effect:+.3g} "
        f"[{low:+.3g}, {high:+.3g}], {diagnosis.standardized_effect:+.2f} standard deviations)"
    )


def _of_spread(diagnosis: Diagnosis) -> str:
    correlation = diagnosis.spread_correlation or 0.0
    how = "more alike" if correlation < 0 else "further apart"
    return f"the larger the largest logit, the {how} the others are (rank correlation {correlation:+.2f})"


def _of_ceiling(diagnosis: Diagnosis) -> str:
    if not diagnosis.alpha or diagnosis.ceiling is None or diagnosis.share_above_ceiling is None:
        return "."
    return (
        f". A smoothing of about {diagnosis.alpha:.2f} fits how sure it is, which is an estimate and not its recipe; "
        f"in {100 * diagnosis.share_above_ceiling:.1f} % of the samples MSP exceeds the {diagnosis.ceiling:.3f} that "
        "such targets reach."
    )


def _too_few(diagnosis: Diagnosis) -> str:
    n_right = diagnosis.n_samples - diagnosis.n_errors
    errors = f"{diagnosis.n_errors} error{'' if diagnosis.n_errors == 1 else 's'} in {diagnosis.n_samples} samples"
    if min(diagnosis.n_errors, n_right) >= FEWEST_IN_BIN and None in (diagnosis.effect, diagnosis.spread_correlation):
        what = (
            "its largest logit is" if diagnosis.effect is None else "its largest logit, or the spread of the others, is"
        )
        return f"Whether the model was smoothed cannot be told from these logits: at equal MSP {what} always the same."
    if n_right < diagnosis.n_errors and diagnosis.needed is None:
        return (
            f"Too few right answers to say whether the model was smoothed, {n_right} in {diagnosis.n_samples} samples."
        )
    return f"Too few errors to say whether the model was smoothed, {errors}{_of_enough(diagnosis)}."


def _of_enough(diagnosis: Diagnosis) -> str:
    """How many errors, and how many samples hold them, which no rate tells where none was seen."""
    if diagnosis.needed is None:
        return ""
    enough = f": about {diagnosis.needed:,} errors would be enough"
    if not diagnosis.n_errors:
        return f"{enough}, and how many samples hold these cannot be told where none is seen"
    samples = rounded_up(math.ceil(diagnosis.needed * diagnosis.n_samples / diagnosis.n_errors))
    return f"{enough}, which at this rate are in about {samples:,} samples"
