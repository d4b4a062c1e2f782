"""What the metric makes of a curve: one flat dictionary of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from abstain._checks import check_choice, check_fraction, check_inner_fraction
from abstain.curve.areas import Convention
from abstain.curve.curve import RiskCoverageCurve
from abstain.curve.intervals import Interval


def _each(values: Any) -> list[Any]:
    """One value as a list of one, several as a list of them; a number may be text, as a form gives it."""
    listed = list(values) if isinstance(values, Iterable) and not isinstance(values, str) else [values]
    return [_number(value) for value in listed]


def _number(value: Any) -> Any:
    """The number that a text says; anything else as it is, for a check to look at."""
    with suppress(ValueError):
        return float(value) if isinstance(value, str) else value
    return value


@dataclass(frozen=True)
class Summary:
    """Which numbers of a curve are wanted; the targets may be given as one number each."""

    target_risks: tuple[float, ...]
    target_coverages: tuple[float, ...]
    convention: Convention
    level: float | None

    def __post_init__(self) -> None:
        risks = [check_fraction("target_risk", risk) for risk in _each(self.target_risks)]
        coverages = [check_fraction("target_coverage", c, open_below=True) for c in _each(self.target_coverages)]
        object.__setattr__(self, "target_risks", tuple(risks))
        object.__setattr__(self, "target_coverages", tuple(coverages))
        check_choice("convention", self.convention, ("mean", "trapezoid"))
        if self.level is not None:
            check_inner_fraction("confidence_level", self.level)

    def of(self, curve: RiskCoverageCurve) -> dict[str, float | None]:
        """The numbers, under their keys."""
        values: dict[str, float | None] = {
            "risk": curve.risk_at_coverage(1.0),
            "aurc": curve.aurc(self.convention),
            "e_aurc": curve.excess_aurc(),
            "n_aurc": curve.normalized_aurc(),
            "augrc": curve.augrc(),
            "failure_auroc": curve.failure_auroc(),
        }
        values |= {f"cov@{100 * risk:g}": curve.coverage_at_risk(risk) for risk in self.target_risks}
        values |= {f"risk@{100 * c:g}": curve.risk_at_coverage(c) for c in self.target_coverages}
        if self.level is not None:
            for name, interval in self._intervals(curve, self.level):
                values[f"{name}_low"], values[f"{name}_high"] = interval or (None, None)
        return values

    def _intervals(self, curve: RiskCoverageCurve, level: float) -> Iterator[tuple[str, Interval]]:
        yield "risk", curve.risk_interval(level)
        of_mean = curve.aurc_interval(level)
        shift = curve.aurc() - curve.aurc(self.convention)  # risk / 2N for the trapezoid
        yield "aurc", of_mean and (max(of_mean[0] - shift, 0.0), of_mean[1] - shift)
        yield "augrc", curve.augrc_interval(level)
        yield "failure_auroc", curve.failure_auroc_interval(level)
        for risk in self.target_risks:
            yield f"cov@{100 * risk:g}", curve.coverage_at_risk_interval(risk, level)
