"""What a threshold is for, as options: one of a risk, a coverage, and what errors and abstentions cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from abstain._checks import ArgumentError, check_choice, check_fraction, check_inner_fraction, check_price

if TYPE_CHECKING:
    from abstain.threshold.operating_point import OperatingPoint

GOAL = "What the threshold is for"
"""The part of --help that holds the options of `Goal`."""
_told = partial(typer.Option, rich_help_panel=GOAL)
Selection = Callable[..., "OperatingPoint"]
"""(confidence, error) -> the operating point that the goal asks for."""
COSTS = "--cost-of-error with --cost-of-abstaining"
METHODS = ("split_fixed_sequence", "union", "sgr")
"""Those of `abstain.threshold`, whose import would take SciPy; the first is the default."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """One of three goals, of which exactly one is given."""

    target_risk: Annotated[float | None, _told(help="The selective risk to stay below, such as 0.05.")] = None
    delta: Annotated[
        float | None,
        _told(help="With --target-risk: the probability with which the guarantee may fail; none: no guarantee."),
    ] = None
    method: Annotated[
        str | None,
        _told(help="With --delta: split_fixed_sequence (the default), union or sgr; see abstain.select_threshold."),
    ] = None
    target_coverage: Annotated[float | None, _told(help="The share of samples to accept at least, such as 0.8.")] = None
    cost_of_error: Annotated[
        float | None, _told(help="Of accepting an error, in any unit: the cheapest threshold is taken.")
    ] = None
    cost_of_abstaining: Annotated[
        float | None, _told(help="Of accepting nothing for a sample, in the unit of --cost-of-error.")
    ] = None

    def __post_init__(self) -> None:
        costs = (self.cost_of_error, self.cost_of_abstaining)
        goals = {
            "--target-risk": self.target_risk is not None,
            "--target-coverage": self.target_coverage is not None,
            COSTS: costs != (None, None),
        }
        given = [name for name, is_given in goals.items() if is_given]
        if len(given) != 1:
            found = f"{' and '.join(given)} are given together" if given else "nothing says what the threshold is for"
            raise ArgumentError(f"{found}: give one of {', '.join(goals)}")
        if given == [COSTS] and None in costs:
            raise ArgumentError(f"one cost is given, but only two together say what is cheap: give {COSTS}")
        if self.delta is not None and self.target_risk is None:
            raise ArgumentError(
                "--delta is given without --target-risk, which it guarantees: give both, or leave it out"
            )
        if self.method is not None and self.delta is None:
            raise ArgumentError("--method is given without --delta, which it is for: give both, or leave it out")
        self._check_ranges()

    def _check_ranges(self) -> None:
        for name in ("target_risk", "delta"):
            if getattr(self, name) is not None:
                check_inner_fraction(name, getattr(self, name))
        if self.method is not None:
            check_choice("method", self.method, METHODS)
        if self.target_coverage is not None:
            check_fraction("target_coverage", self.target_coverage, open_below=True)
        for name in ("cost_of_error", "cost_of_abstaining"):
            if getattr(self, name) is not None:
                check_price(name, getattr(self, name))

    @property
    def is_tuned(self) -> bool:
        """Whether some samples propose the thresholds that others test."""
        return self.delta is not None and self.method in (None, METHODS[0])

    def draws(self, *, apart: bool) -> bool:
        """Whether it draws samples itself: halves for what errors and abstentions cost, or a part that tunes.

        Args:
            apart: whether other samples are given, which then tune.
        """
        return self.cost_of_error is not None or (self.is_tuned and not apart)

    def selection(self, *, sample: Any, seed: int) -> Selection:
        """What chooses the threshold from (confidence, error).

        Args:
            sample: (N,) what samples share that depend on each other; None where each is its own.
            seed: of what is drawn.

        Raises:
            ArgumentError: a guarantee is asked for where samples depend on each other.
        """
        from abstain import threshold  # here, so that --help does not wait for SciPy

        if self.delta is not None and sample is not None:
            raise ArgumentError(
                "rows that belong together, as the pixels of one image do, are not independent, so no guarantee holds: "
                "leave out --delta"
            )
        if self.target_risk is not None:
            how = {"method": self.method or METHODS[0], "seed": seed} if self.delta is not None else {}
            return partial(threshold.select_threshold, target_risk=self.target_risk, delta=self.delta, **how)
        if self.target_coverage is not None:
            return partial(threshold.select_threshold_for_coverage, target_coverage=self.target_coverage)
        costs: dict[str, Any] = {"cost_of_error": self.cost_of_error, "cost_of_abstaining": self.cost_of_abstaining}
        return partial(threshold.select_threshold_for_cost, **costs, group=sample, seed=seed)
