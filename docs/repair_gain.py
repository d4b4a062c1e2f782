"""What the repair after training does to the AURC of the runs of a recipe, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from recipe_runs import Recipe
from scipy.stats import t as student

from abstain.curve import difference_over_seeds

BOTH, ALONE = "seeds and samples", "seeds alone"


@dataclass(frozen=True)
class Gain:
    """AURC repaired minus that of MSP, the mean over seeds.

    Attributes:
        estimate: the difference.
        low: the lower end of its interval of 95 %; None of one seed.
        high: the upper end; None of one seed.
        over: what the interval is over: `BOTH`, or seeds `ALONE` where the ranks of the repair are not kept, as those
            of a calibration of two classes are not.
        changes: whether any run is repaired at all.
    """

    estimate: float
    low: float | None
    high: float | None
    over: str
    changes: bool = True

    @property
    def is_beyond_chance(self) -> bool:
        """Whether the interval leaves out 0 on the side of less."""
        return self.high is not None and self.high < 0


def gain_of_repair(recipe: Recipe) -> Gain:
    """Over its seeds, and over test samples where the ranks are kept."""
    runs = list(recipe.runs.values())
    by_seed = [run.value("aurc", repaired=True) - run.value("aurc") for run in runs]
    two_classes = runs[0].results["evaluation"]["n_logits"] <= 2
    ranks = [run.ranks for run in runs if run.ranks is not None and not two_classes]
    if len(ranks) < len(runs) or len(runs) < 2:
        return over_seeds_alone(by_seed)
    errors = [one.error.astype(float) for one in ranks]
    found = difference_over_seeds([one.max_logit_pnorm for one in ranks], errors, [one.msp for one in ranks], errors)
    if found.low is None or found.high is None:  # the fits fall back to MSP
        return Gain(0.0, 0.0, 0.0, BOTH, changes=False)
    return Gain(found.estimate, found.low, found.high, BOTH)


def over_seeds_alone(by_seed: Sequence[float]) -> Gain:
    """The mean with Student's interval; without one of a single seed."""
    mean, changes = float(np.mean(by_seed)), bool(np.any(by_seed))
    if len(by_seed) < 2:
        return Gain(mean, None, None, ALONE, changes)
    half = float(student.ppf(0.975, len(by_seed) - 1) * np.std(by_seed, ddof=1) / np.sqrt(len(by_seed)))
    return Gain(mean, mean - half, mean + half, ALONE, changes)
