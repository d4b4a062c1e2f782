"""What the runs of a recipe say of abstention, in a word each, by intervals of differences to cross-entropy."""

from __future__ import annotations

from recipe_runs import Recipe

from abstain.curve import DifferenceOverSeeds

MARGIN = 0.05
"""The share of the AURC of cross-entropy up to which more is no damage."""
ORDER_MARGIN = 0.01
"""What the failure AUROC may be below that of cross-entropy before errors are called ordered worse."""

BREAKS, HARMS, DOES_NOT, CANNOT_TELL, ONE_SEED = "breaks", "harms", "does not", "cannot tell", "one seed"
"""The verdicts on the AURC; beside them stands what `not_learned` says."""
SHOWN = (BREAKS, HARMS, DOES_NOT, CANNOT_TELL)
"""Those that runs of two seeds or more give."""
NOT_LEARNED = "did not learn"
YES, LITTLE, NO = "yes", "by < 1 point", "no"
"""Those on the order alone."""


def verdict(difference: DifferenceOverSeeds | None, aurc_of_plain: float, *, n_seeds: int) -> str:
    """Whether a recipe breaks abstention.

    Args:
        difference: its AURC minus that of cross-entropy; None where ranks are missing, or there is one seed.
        aurc_of_plain: of cross-entropy.
        n_seeds: that both have.
    """
    if difference is None or difference.low is None or difference.high is None:
        return ONE_SEED if n_seeds < 2 else CANNOT_TELL
    margin = MARGIN * aurc_of_plain
    if difference.high < margin:
        return DOES_NOT
    if difference.low > 0:
        return BREAKS if difference.low > margin else HARMS
    return CANNOT_TELL


def orders_worse(difference: DifferenceOverSeeds | None, *, n_seeds: int) -> str:
    """Whether errors stand less well apart than those of cross-entropy, however many there are of them.

    Args:
        difference: of the failure AUROC; None as of `verdict`.
        n_seeds: that both have.
    """
    if difference is None or difference.low is None or difference.high is None:
        return ONE_SEED if n_seeds < 2 else CANNOT_TELL
    if difference.low > -ORDER_MARGIN:
        return LITTLE if difference.high < 0 else NO
    return YES if difference.high < 0 else CANNOT_TELL


def not_learned(recipe: Recipe, plain: Recipe) -> str | None:
    """Of how many runs the confidence is the same for all test samples; None if of none.

    Args:
        recipe: what is judged.
        plain: cross-entropy, to which it would be compared.
    """
    for one, whose in ((plain, f"{plain.name} "), (recipe, "")):
        n = sum(not run.learned for run in one.runs.values())
        if n:
            return f"{whose}{NOT_LEARNED} ({n} of {len(one.runs)})"
    return None
