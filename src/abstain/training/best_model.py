"""By which metric a best model is chosen, and whether it should be small or large."""

from __future__ import annotations

from collections.abc import Iterable

from abstain._checks import ArgumentError, nearest

MEASURED = ("loss", "risk", "aurc", "cov@5", "cov@1")
"""What every evaluation reports and a best model can be chosen by."""

LOWER_IS_BETTER = ("loss", "risk", "aurc", "e_aurc", "n_aurc", "augrc", "nll", "brier", "ece")
HIGHER_IS_BETTER = ("failure_auroc",)
"""Names that evaluations, the metric `selective_risk` and reports give; the ends of intervals have them too."""

AT = {"risk@": False, "cov@": True}
"""The same of names that end in a percentage -> whether a larger value is better."""


def larger_is_better(metric: str) -> bool | None:
    """Whether a model is better where this metric is larger; None of a metric that is none of ours.

    Args:
        metric: `aurc`, `eval_aurc`, or `eval_NAME_aurc` of one of several data sets; `aurc_high` for the end of an
            interval.

    Example:
        >>> larger_is_better("eval_cov@5"), larger_is_better("eval_digits_aurc"), larger_is_better("accuracy")
        (True, False, None)
    """
    name = metric.removesuffix("_low").removesuffix("_high")
    for start, larger in AT.items():
        if any(one.startswith(start) for one in _possible_names(name)):
            return larger
    for names, larger in ((HIGHER_IS_BETTER, True), (LOWER_IS_BETTER, False)):
        if not {*names}.isdisjoint(_possible_names(name)):
            return larger
    return None


def _possible_names(metric: str) -> list[str]:
    """What a metric may be called without `eval_`, or without `eval_` and the name of a data set."""
    of_evaluation = metric.removeprefix("eval_")
    names = [of_evaluation]
    if of_evaluation != metric:
        parts = of_evaluation.split("_")
        names += ["_".join(parts[start:]) for start in range(1, len(parts))]
    return names


def direction_of_best(metric: str, greater_is_better: bool | None) -> bool | None:
    """`greater_is_better` as it must be for a metric; as it was given for one that is none of ours.

    Raises:
        InputError: the smoothed loss, or a direction that would choose the worst model.
    """
    if "smoothed_loss" in _possible_names(metric):
        raise ArgumentError(
            "metric_for_best_model is the smoothed loss, which differs between smoothing factors: "
            "take aurc, risk or loss (the plain cross-entropy)"
        )
    larger = larger_is_better(metric)
    if larger is None:
        return greater_is_better
    if greater_is_better not in (None, larger):
        raise ArgumentError(
            f"greater_is_better is {greater_is_better}, but a good model has a {'large' if larger else 'small'} "
            f"{metric}: leave it out"
        )
    return larger


def check_is_given(metric: str, metrics: Iterable[str]) -> None:
    """Refuse a metric that an evaluation has not given, such as one that a `compute_metrics` calls otherwise.

    Raises:
        ArgumentError: with the nearest name.
    """
    given = [name.removeprefix("eval_") for name in metrics]
    if metric.removeprefix("eval_") not in given:
        raise ArgumentError(f"metric_for_best_model is {metric!r}: {nearest(metric, given)}")


def check_is_measured(metric: str, evaluated: Iterable[str] | None, *, alone: bool) -> None:
    """Refuse a metric that no evaluation reports, with the nearest one that does.

    Args:
        metric: by which a best model is chosen.
        evaluated: the names of several evaluation sets; None of a single one.
        alone: whether nothing else, such as a `compute_metrics`, could give a value of this name.

    Raises:
        ArgumentError: none of the sets gives it.
    """
    if evaluated is None:
        if alone and metric.removeprefix("eval_") not in MEASURED:
            raise ArgumentError(f"metric_for_best_model is {metric!r}: {nearest(metric, MEASURED)}")
        return
    names = list(evaluated)
    of_sets = [f"eval_{name}_{measured}" for name in names for measured in MEASURED]
    asked = f"eval_{metric.removeprefix('eval_')}"
    is_of_one = any(asked.startswith(f"eval_{name}_") for name in names)
    if asked not in of_sets and (alone or not is_of_one):
        raise ArgumentError(
            f"metric_for_best_model is {metric!r}, but there are several evaluation sets ({', '.join(names)}), and it "
            f"is of none of them: name one, such as eval_{names[0]}_aurc"
        )
