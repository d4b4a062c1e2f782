"""What the repair after training does to the AURC of the runs of a recipe, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from recipe_runs import Recipe

from abstain.audit import Estimate
from abstain.curve import difference_over_seeds

REPAIR = "repair minus MSP"
"""What a table calls it."""
BOTH, ALONE = "seeds and samples", "seeds alone"


@dataclass(frozen=True)
class Gain:
    """AURC repaired minus that of MSP, the mean over seeds.

    Attributes:
        estimate: the difference.
        low: the lower end of its interval of 95 %; None of one seed, and where errors are too few for one.
        high: the upper end, likewise.
        over: what the interval is over: `BOTH`, or seeds `ALONE` where the ranks of the repair are not kept, as those
            of a calibration of two classes are not.
        n_changed: in how many runs it is no fallback to MSP.
    """

    estimate: float
    low: float | None
    high: float | None
    over: str
    n_changed: int

    @property
    def is_beyond_chance(self) -> bool:
        """Whether the interval leaves out 0 on the side of less."""
        return self.high is not None and self.high < 0


def gain_of_repair(recipe: Recipe) -> Gain:
    """Over its seeds, and over test samples where the ranks are kept."""
    runs = list(recipe.runs.values())
    by_seed = [run.value("aurc", repaired=True) - run.value("aurc") for run in runs]
    ranks = [run.ranks for run in runs if run.ranks is not None and not run.has_two_classes]
    if len(ranks) < len(runs) or len(runs) < 2:
        return over_seeds_alone(by_seed)
    n_changed = sum(not np.array_equal(one.msp, one.max_logit_pnorm) for one in ranks)
    if not n_changed:
        return Gain(0.0, 0.0, 0.0, BOTH, 0)
    errors = [one.error.astype(float) for one in ranks]
    found = difference_over_seeds([one.max_logit_pnorm for one in ranks], errors, [one.msp for one in ranks], errors)
    return Gain(found.estimate, found.low, found.high, BOTH, n_changed)


def over_seeds_alone(by_seed: Sequence[float]) -> Gain:
    """The mean with Student's interval; without one of a single seed."""
    n_changed = int(np.count_nonzero(by_seed))
    if len(by_seed) < 2:
        return Gain(float(np.mean(by_seed)), None, None, ALONE, n_changed)
    found = Estimate.over_seeds(by_seed)
    return Gain(found.estimate, found.low, found.high, ALONE, n_changed)
