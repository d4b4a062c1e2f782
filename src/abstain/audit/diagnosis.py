"""Logits and labels in, a `Diagnosis` out: does the model look smoothed?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr, ndtri

from abstain._arguments import check_whole
from abstain._checks import InputError, check_choice, check_keys, check_level, check_no_more, check_number, shown
from abstain.audit.binned_effect import FEWEST_IN_BIN, Bin, BinnedEffect, binned_effect
from abstain.audit.diagnosis_sentence import sentence_of
from abstain.audit.evenness import rank_correlation
from abstain.audit.logit_shape import LogitShape
from abstain.audit.smoothing_estimate import smoothing_that_fits, temperature_that_fits
from abstain.audit.smoothing_verdict import VERDICTS, Sign, Verdict, decide, errors_needed
from abstain.curve.clusters import Clusters
from abstain.report.evaluate import clusters_of
from abstain.scores.batches import ValueBatches
from abstain.scores.kind_names import Input
from abstain.scores.kinds import read_values


@dataclass(frozen=True)
class Diagnosis:
    """What the logits of a classifier say of label smoothing; it is told by its marks, and never the recipe.

    Attributes:
        n_samples: N.
        n_errors: of them.
        n_logits: K.
        level: nominal coverage of the interval.
        verdict: one of `VERDICTS`.
        needed: about how many errors would be enough, where there are too few and some number is; None where they lie
            in too few clusters, or where all logits are alike, however many they are.
        effect: the centred z_max of errors minus that of correct answers at equal MSP, in logits; above 0 after label
            smoothing. None where no bin of MSP holds enough of both, with its errors, interval and p-value.
        standard_error: of the effect.
        low: lower end of its interval.
        high: upper end.
        p_value: two-sided, of the hypothesis that there is no effect.
        standardized_effect: the effect in standard deviations of the centred z_max at equal MSP, which no scale of the
            logits changes: to compare models by.
        raw_effect: the effect where what MSP still differs within bins is left in.
        raw_standard_error: of that.
        spread_correlation: rank correlation, among the correct answers, of the centred z_max with the standard
            deviation of the other logits, in [-1, 1]; below 0 after label smoothing, which makes them alike. None for
            K ≤ 2, and where one does not vary.
        spread_standard_error: of the correlation.
        alpha: the smoothing that fits how sure the model is; 0 for one that is not underconfident. None as where it
            knows no more than chance.
        temperature: the temperature that fits it instead; None where none does.
        share_above_ceiling: of the samples, whose MSP exceeds what targets with this smoothing reach; None without α.
        bins: by ascending MSP, as the effect is made of.
    """

    n_samples: int
    n_errors: int
    n_logits: int
    level: float
    verdict: Verdict
    needed: int | None = None
    effect: float | None = None
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    standardized_effect: float | None = None
    raw_effect: float | None = None
    raw_standard_error: float | None = None
    spread_correlation: float | None = None
    spread_standard_error: float | None = None
    alpha: float | None = None
    temperature: float | None = None
    share_above_ceiling: float | None = None
    bins: tuple[Bin, ...] = ()

    @property
    def interval(self) -> tuple[float, float] | None:
        """(low, high) of the effect; None where they are."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def ceiling(self) -> float | None:
        """1 - α + α/K, the largest probability in a target with this smoothing; None without α."""
        return None if self.alpha is None else ceiling_of(self.alpha, self.n_logits)

    def sentence(self) -> str:
        """The verdict and what it rests on, in words."""
        return sentence_of(self)

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` takes, for JSON; floats survive the round trip exactly."""
        return {**asdict(self), "bins": [asdict(one) for one in self.bins]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The object that `to_dict` wrote.

        Raises:
            InputError: a key is unknown or missing, a value is no number where one is needed, or there is no such
                verdict.
        """
        names = {field.name for field in fields(cls)}
        values = check_keys("Diagnosis", values, known=names, needed=names)
        verdict, bins = values["verdict"], values["bins"]
        check_choice("verdict of a Diagnosis", verdict, VERDICTS)
        if not isinstance(bins, list | tuple):
            raise InputError(f"the bins of a Diagnosis are {shown(bins)}, but must be a list of bins")
        counts = {name: check_whole(name, values[name], at_least=0) for name in ("n_samples", "n_errors", "n_logits")}
        counts |= {} if values["needed"] is None else {"needed": check_whole("needed", values["needed"], at_least=1)}
        others = names - {*counts, "needed", "level", "verdict", "bins"}
        numbers: dict[str, Any] = {name: _number_or_none(name, values[name]) for name in others}
        level = check_level(values["level"])
        return cls(**counts, **numbers, level=level, verdict=verdict, bins=tuple(map(Bin.from_dict, bins)))


def _number_or_none(name: str, value: Any) -> float | None:
    return None if value is None else check_number(f"{name} of a Diagnosis", value)


def ceiling_of(alpha: float, n_logits: int) -> float:
    """1 - α + α/K, of one logit with K = 2."""
    return 1 - alpha + alpha / max(n_logits, 2)


def diagnose(
    logits: Any,
    labels: Any,
    *,
    input: Input | None = None,
    class_axis: int | None = None,
    ignore_index: int | None = None,
    clusters: Any = None,
    level: float = 0.95,
    **unknown: Any,
) -> Diagnosis:
    """Whether a classifier looks smoothed, by two marks that label smoothing leaves in its logits.

    At equal MSP the largest logit is higher on errors, since smoothing pushes it down the more the likelier the
    prediction is right (Xia et al., arXiv 2403.14715); and the larger it is, the more alike are the others, which
    smoothed targets make equal (Müller et al. 2019, arXiv 1906.02629). A model looks smoothed where both are sure.
    MaxSup and other soft targets leave the marks too; how often the verdict is right: docs/diagnosis.md.

    Args:
        logits: (N, K) test logits, log-probabilities or probabilities without zeros, as `evaluate_logits` takes them;
            data that the model was not trained on.
        labels: (N,) int in [0, K), or (N, …).
        input: as `evaluate_logits`.
        class_axis: as there.
        ignore_index: as there.
        clusters: as there.
        level: nominal coverage of the interval of the effect, in (0, 1); the verdict does not depend on it.
        **unknown: there is no other argument; a wrong one is named with the nearest right one.

    Returns:
        The diagnosis. With K ≤ 2 the centred z_max is a function of MSP, and there is no effect to tell; with less than
        10 classes there is, but no verdict, since models that were not smoothed show both marks too; and with 20 or
        more none from the second mark alone, which smoothed models may lack there.

    Raises:
        InputError: what `evaluate_logits` refuses, and probabilities of exactly 0.
    """
    check_no_more("diagnose", unknown, known=tuple(diagnose.__kwdefaults__ or ()))
    values = read_values(logits, labels, input=input, class_axis=class_axis, ignore_index=ignore_index)
    groups = clusters_of(clusters, labels, ignore_index, values)
    return diagnose_batches(ValueBatches.of(values), clusters=groups, level=level)


def diagnose_batches(
    values: ValueBatches, *, shape: LogitShape | None = None, clusters: Clusters | None = None, level: float = 0.95
) -> Diagnosis:
    """The same of values that were read already and may come in batches; seven numbers a sample are kept of them.

    Args:
        values: of any kind that has logarithms.
        shape: of these, where it was read already.
        clusters: what the samples belong to; None: they are independent.
        level: as `diagnose`.

    Raises:
        InputError: as `diagnose`.
    """
    level, n_classes = check_level(level), max(values.n_columns, 2)
    shape = LogitShape.of(values) if shape is None else shape
    alpha = smoothing_that_fits(shape.of_label, shape.squares, n_classes)
    told: dict[str, Any] = {"n_samples": values.n_samples, "n_errors": int(shape.error.sum()), "level": level}
    told |= {"n_logits": values.n_columns, "alpha": alpha, "temperature": temperature_that_fits(values, shape.log_odds)}
    if alpha is not None:
        told["share_above_ceiling"] = float((expit(shape.log_odds) > ceiling_of(alpha, n_classes)).mean())
    if n_classes == 2:
        return Diagnosis(verdict="cannot be told with two classes", **told)
    if shape.has_ties:
        return Diagnosis(verdict="cannot be told from tied values", **told)
    return _judged(shape, clusters, told)


def _judged(shape: LogitShape, clusters: Clusters | None, told: dict[str, Any]) -> Diagnosis:
    few = clusters is not None and clusters.are_few(shape.error, 1 - shape.error)
    found = None if few else binned_effect(shape.height, shape.log_odds, shape.error)
    effect, correlation = None, _spread_correlation(shape, clusters)
    if found is not None and found.deviation > 0:
        error = _standard_error(found.influence, clusters)
        told |= _effect_of(found, error, _standard_error(found.raw_influence, clusters), told["level"])
        effect = Sign(found.effect / found.deviation, error / found.deviation)
    if correlation is not None:
        told |= {"spread_correlation": correlation.estimate, "spread_standard_error": correlation.standard_error}
    verdict = decide(effect, correlation, told["n_logits"])
    if verdict == "too few errors to say" and few:
        return Diagnosis(verdict="too few clusters to say", **told)
    is_even = found is not None and effect is None  # as where all logits are equal, and more errors show no more
    n_right = told["n_samples"] - told["n_errors"]
    if verdict == "too few errors to say" and not is_even and n_right >= FEWEST_IN_BIN:
        told["needed"] = errors_needed(effect, correlation, told["n_errors"])
    return Diagnosis(verdict=verdict, **told)


def _spread_correlation(shape: LogitShape, clusters: Clusters | None) -> Sign | None:
    right = shape.error == 0
    found = rank_correlation(shape.height[right], shape.spread[right]) if right.any() else None
    if found is None:
        return None
    influence = np.zeros(len(right))
    influence[right] = found[1]
    return Sign(found[0], _standard_error(influence, clusters))


def _standard_error(influence: NDArray[np.float64], clusters: Clusters | None) -> float:
    sums: Sequence[float] | NDArray[np.float64] = influence if clusters is None else clusters.sums(influence)
    few = 1.0 if clusters is None else clusters.n_clusters / (clusters.n_clusters - 1)
    return float(np.sqrt(few) * np.linalg.norm(sums))


def _effect_of(found: BinnedEffect, error: float, raw_error: float, level: float) -> dict[str, Any]:
    half = float(ndtri((1 + level) / 2)) * error
    return {
        "effect": found.effect,
        "standard_error": error,
        "low": found.effect - half,
        "high": found.effect + half,
        "p_value": float(2 * ndtr(-abs(found.effect) / error)),
        "standardized_effect": found.effect / found.deviation,
        "raw_effect": found.raw_effect,
        "raw_standard_error": raw_error,
        "bins": found.bins,
    }
