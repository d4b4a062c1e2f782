"""A threshold, and what is known of it: in numbers, in words, and in JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.special import expit

from abstain._arguments import check_flag, check_whole
from abstain._checks import InputError, check_choice, check_fraction, check_keys, check_number, shown

if TYPE_CHECKING:
    from abstain.curve.curve import RiskCoverageCurve

LOG_ODDS = ("msp", "temperature_scaling")
"""Scores whose thresholds are log-odds of a probability."""

SINCE_0_1_0 = {"target_coverage", "cost", "method", "n_tuning"}
"""Keys that files of version 0.1.0 do not have."""

SPLIT, UNION, SGR = "split_fixed_sequence", "union", "sgr"
METHODS = (SPLIT, UNION, SGR)
"""How a threshold that holds with a probability can be found; see `select_threshold`."""


@dataclass(frozen=True)
class ExpectedCost:
    """What a threshold costs per sample: `of_error` for each accepted error, `of_abstaining` for each abstention.

    Attributes:
        of_error: above 0, in any unit.
        of_abstaining: above 0, in the same unit.
        per_sample: the mean cost at the threshold on the data on which it is the least; lower is better. An optimistic
            estimate, since it was selected for.
        answering_all: the mean cost of accepting every sample.
        held_out: the mean cost on samples that had no say in the threshold: each half of the data at the threshold that
            is the cheapest on the other half. None of fewer than two samples.
        low: lower end of the interval of `held_out`, above 0; None where all samples cost the same or one alone counts.
        high: upper end of it.
        level: nominal coverage of the interval, in (0, 1).
    """

    of_error: float
    of_abstaining: float
    per_sample: float
    answering_all: float
    held_out: float | None
    low: float | None
    high: float | None
    level: float

    def describe(self) -> str:
        """What was minimised, what else was possible, and what new samples may cost."""
        found = (
            f"With a cost of {self.of_error:g} for an error and {self.of_abstaining:g} for an abstention this costs "
            f"{self.per_sample:.4g} per sample, against {self.answering_all:.4g} where all are answered and "
            f"{self.of_abstaining:g} where none is. It is the least of all thresholds on these samples, so it looks "
            "better than it will be"
        )
        if self.held_out is None:
            return f"{found}."
        interval = f" [{self.low:.4g}, {self.high:.4g}] ({self.level:.0%} interval)" if self.low is not None else ""
        return f"{found}: chosen on one half and measured on the other, thresholds cost {self.held_out:.4g}{interval}."

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The cost whose fields were written.

        Raises:
            InputError: a key is unknown or missing, or a value is no number.
        """
        names = {field.name for field in fields(cls)}
        held = check_keys("cost", values, known=names, needed=names)
        numbers: dict[str, Any] = {name: held[name] and check_number(name, held[name]) for name in held}
        return cls(**numbers)


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold, and what it does on the data on which it was chosen.

    Attributes:
        threshold: accept where `confidence >= threshold`, in float32 or wider; -inf accepts all.
        coverage: the accepted fraction, in (0, 1].
        risk: the selective risk, the mean error of those accepted; an optimistic estimate where it was selected for.
        guaranteed: whether P(selective risk <= target_risk) >= 1 - delta over the draw of the validation data.
        target_risk: the risk that was asked for; None where something else was.
        delta: the probability with which the guarantee may fail; None without one.
        n_samples: N, of the validation data on which coverage and risk are measured: where some tuned, the others.
        target_coverage: the coverage that was asked for, in (0, 1]; None where something else was.
        cost: where the least cost was asked for, what it is; else None.
        method: of `METHODS`, with which a threshold for `delta` was found; None without one.
        n_tuning: how many other samples decided which thresholds were tried, and in which order; None where none did.
    """

    threshold: float
    coverage: float
    risk: float
    guaranteed: bool
    target_risk: float | None
    delta: float | None
    n_samples: int
    target_coverage: float | None = None
    cost: ExpectedCost | None = None
    method: str | None = None
    n_tuning: int | None = None

    def describe(self, score: str = "confidence") -> str:
        """What to accept, and what is known of it, in a few sentences.

        Args:
            score: what the confidence is called; of `msp` and `temperature_scaling`, whose thresholds are log-odds, the
                probability is said too, rounded.
        """
        also = ""
        if self.threshold == -np.inf:
            also = ", which is every sample"
        elif score in LOG_ODDS:
            also = f" (log-odds; a probability of at least about {expit(self.threshold):.6g})"
        return (
            f"Accept where {score} >= {self.threshold!r}{also}: this accepts {self.coverage:.2%} of "
            f"{self.n_samples:,} samples with a risk of {self.risk:.2%}. {self._what_is_known()}"
        )

    def _what_is_known(self) -> str:
        if self.cost is not None:
            return self.cost.describe()
        if self.target_coverage is not None:
            return (
                f"It is the strictest threshold that accepts at least {100 * self.target_coverage:.6g}% of them; on "
                "new samples coverage and risk will be near these, but nothing is guaranteed."
            )
        if self.delta is None:
            return f"There is no guarantee: on new samples the risk may well be above {self.target_risk:.4g}."
        if not self.guaranteed:
            return (
                f"SGR bounds the risk on new samples from the same distribution by {self.target_risk:.4g} with "
                f"probability {1 - self.delta:.4g}, but its proof takes the thresholds that it visits as fixed, and "
                "the errors choose them: nothing is guaranteed."
            )
        tuned = f"{self.n_tuning:,} other samples decided which thresholds were tried. " if self.n_tuning else ""
        return (
            f"{tuned}With probability {1 - self.delta:.4g} over the draw of these samples, the risk on new ones from "
            f"the same distribution is at most {self.target_risk:.4g}; under a shift nothing is guaranteed."
        )

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` takes, ready for JSON, which has no infinity: -inf is None, and inf the text `"inf"`."""
        infinite = {-np.inf: None, np.inf: "inf"}
        return asdict(self) | {"threshold": infinite.get(self.threshold, self.threshold)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The point that `to_dict` wrote, of this version or one before, whose guarantees are all of `"union"`.

        Raises:
            InputError: a key is unknown or missing, a value is of another type or outside its range, or a guarantee
                without the target risk and δ that it is about.
        """
        known = {field.name for field in fields(cls)}
        held = check_keys("threshold", values, known=known, needed=known - SINCE_0_1_0)
        targets = {name: _target(name, held.get(name)) for name in ("target_risk", "delta", "target_coverage")}
        cost, guaranteed = held.get("cost"), check_flag("guaranteed", held["guaranteed"])
        point = cls(
            threshold=_threshold(held["threshold"]),
            coverage=check_fraction("coverage", held["coverage"]),
            risk=check_fraction("risk", held["risk"]),
            guaranteed=guaranteed,
            n_samples=check_whole("n_samples", held["n_samples"], at_least=1),
            cost=None if cost is None else ExpectedCost.from_dict(cost),
            method=_method(held.get("method", UNION if guaranteed else None)),
            n_tuning=_n_tuning(held.get("n_tuning")),
            **targets,
        )
        if point.guaranteed and None in (point.target_risk, point.delta):
            raise InputError("guaranteed is true, but a guarantee needs target_risk and delta, of which one is null")
        if point.guaranteed and point.method not in (SPLIT, UNION):
            raise InputError(f"guaranteed is true, but of the method {shown(point.method)} nothing is guaranteed")
        return point


def point_at(
    curve: RiskCoverageCurve,
    index: int,
    *,
    target_risk: float | None = None,
    target_coverage: float | None = None,
    cost: ExpectedCost | None = None,
) -> OperatingPoint:
    """The point of a curve of this index, with what it was selected for, and no guarantee."""
    return OperatingPoint(
        threshold=float(curve.threshold[index]),
        coverage=float(curve.coverage[index]),
        risk=float(curve.risk[index]),
        guaranteed=False,
        target_risk=target_risk,
        delta=None,
        n_samples=curve.n_samples,
        target_coverage=target_coverage,
        cost=cost,
    )


def _method(value: Any) -> str | None:
    return None if value is None else check_choice("method", value, METHODS)


def _n_tuning(value: Any) -> int | None:
    return None if value is None else check_whole("n_tuning", value, at_least=0)


def _threshold(value: Any) -> float:
    written = -np.inf if value is None else np.inf if value == "inf" else value
    value = check_number("threshold", written)
    if np.isnan(value):
        raise InputError("threshold is NaN, but must be a number: nothing is larger than NaN")
    return value


def _target(name: str, value: Any) -> float | None:
    """A target as a fraction above 0; None where there is none."""
    return None if value is None else check_fraction(name, value, open_below=True, open_above=name != "target_coverage")
