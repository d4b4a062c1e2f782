"""A rule in use: whether what it meets is still like validation data, and its risk still what was promised."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from abstain._arguments import check_whole
from abstain._checks import ArgumentError, InputError, check_inner_fraction, check_keys, shown
from abstain.threshold.accepted_share import AcceptedShare
from abstain.threshold.confidence_sequence import bounds, log_evidence_above
from abstain.threshold.operating_point import OperatingPoint
from abstain.threshold.rank_test import N_BINS, RankTest
from abstain.threshold.sequential_test import SequentialTest
from abstain.threshold.stream import MOST_SEED, confidences, read_stream

FORMAT = 1
KEYS = ("format", "operating_point", "delta", "validation", "seeds", "n_drawn", "n_accepted", "shift", "risk")


class RiskMonitor:
    """Two tests of a deployment, `shift` and `risk`, that may be looked at after every sample, for ever.

    While what it tests is true, each raises its alarm with probability at most delta / 2, however long it runs, over
    the draw of validation data and deployment together. The risk may be above its target though nothing has changed,
    easily so of a rule without a guarantee; the alarm of `risk` is then no false one.

    - `shift`, without labels. Given validation confidences, it tests that these and those of the deployment are
      exchangeable, by a conformal test martingale (`abstain.threshold.rank_test`): exact, ties included. Without them,
      that the deployment accepts as large a share as the rule's coverage on validation data allows for
      (`abstain.threshold.accepted_share`), which notices less and later.
    - `risk`, from the labels that come: that each labelled sample among the accepted is wrong with probability at most
      the target risk, whatever came before it (`abstain.threshold.confidence_sequence`). They speak for all that are
      accepted only if who is labelled depends neither on the truth nor on the answer: all, or some drawn at random. No
      alarm rises where the rule has no target risk.

    Both look back to several starts, so that a change is noticed after a long time without one too
    (`abstain.threshold.sequential_test`). An alarm stays. That there is none proves nothing.

    `a + b` is a monitor of both streams as if they were one, with alarms of its own: it looks back to the beginning
    and to starts from now on. Its alarms keep `delta` whenever the sum is made; to look at those of the parts besides
    is to look at more tests, each with its own. It is valid for separate samples that meet the same null hypothesis.

    Attributes:
        operating_point: of the rule.
        delta: of both tests.
        shift: `.alarm_at` is the number of samples at which its alarm rose, or None.
        risk: the same, in labels of accepted samples.
        seeds: of the streams that were added up.
        n_accepted: samples accepted so far.

    Args:
        rule: an `AbstentionRule`, or its `OperatingPoint`.
        validation: (N,) confidences, N of at least 16, of validation samples on which the score was not fitted, such as
            those that chose the threshold; scored as the deployment is. None where they are not at hand.
        delta: fraction in (0, 1).
        seed: of the numbers that break ties with validation confidences; another for each stream that is to be added.

    Raises:
        InputError: no rule, too few validation confidences or NaN among them, or a fraction outside its range.

    Example:
        >>> point = OperatingPoint(0.5, 0.8, 0.02, False, target_risk=0.05, delta=None, n_samples=1000)
        >>> monitor = RiskMonitor(point).update([0.9, 0.8, 0.7] * 200, [0, 0, 1] * 200)
        >>> monitor.n_samples, monitor.shift.alarm_at, monitor.risk.alarm_at
        (600, 100, 100)
    """

    __hash__ = None  # type: ignore[assignment]  # it changes with every update

    def __init__(self, rule: Any, validation: Any = None, *, delta: float = 0.05, seed: int = 0) -> None:
        ranks = None if validation is None else RankTest.of(confidences(validation, "validation"))
        delta = check_inner_fraction("delta", delta)
        self._set_up(_point(rule), ranks, delta, (check_whole("seed", seed, at_least=0, at_most=MOST_SEED),))

    def _set_up(self, point: OperatingPoint, ranks: RankTest | None, delta: float, seeds: tuple[int, ...]) -> None:
        self.operating_point, self.delta, self.seeds = point, delta, seeds
        self.n_accepted = self._n_drawn = 0
        self._ranks = ranks
        self.shift = _shift_test(point, ranks, delta / 2)
        self.risk = SequentialTest(_risk_evidence(point), 2, delta / 2)

    def update(self, confidence: Any, error: Any = None) -> Self:
        """Count the next samples in their order, and return the monitor itself.

        The evidence is looked at every 100 samples and at the end; smaller batches are looked at more often.

        Args:
            confidence: (N,) real, or one number: of all samples that came, accepted or not.
            error: (N,) or one number, each 0, 1, or NaN where no label came; None where none did. Those of samples that
                are not accepted are not looked at. Labels that come later go to `add_labels`.

        Raises:
            InputError: N = 0, NaN among the confidences, unequal lengths, an error that is neither 0, 1 nor NaN; the
                monitor is unchanged then.
        """
        confidence, error = read_stream(confidence, error)
        self.n_accepted += int(self._accepted(confidence).sum())
        self.shift.add(self._categories(confidence))
        self._count_labels(confidence, error)
        return self

    def add_labels(self, confidence: Any, error: Any) -> Self:
        """Count labels that came later, of samples that `update` has counted, and return the monitor itself.

        Args:
            confidence: (N,) or one number, theirs again.
            error: as `update`.

        Raises:
            InputError: as `update`, or there are more of them than samples accepted.
        """
        confidence, error = read_stream(confidence, error)
        n_new = int((self._accepted(confidence) & ~np.isnan(error)).sum())
        if self.n_labelled + n_new > self.n_accepted:
            raise InputError(
                f"{self.n_accepted} samples were accepted, but with these {n_new} labels there are "
                f"{self.n_labelled + n_new}: count samples by update first, and each label once"
            )
        self._count_labels(confidence, error)
        return self

    @property
    def alarm(self) -> bool:
        """Whether one of the two tests has raised its alarm: a false one, ever, with probability at most `delta`."""
        return self.shift.alarm_at is not None or self.risk.alarm_at is not None

    @property
    def n_samples(self) -> int:
        """The number of samples counted."""
        return self.shift.n

    @property
    def n_labelled(self) -> int:
        """The number of accepted samples whose label came."""
        return self.risk.n

    def risk_bounds(self) -> tuple[float, float]:
        """(low, high) of the selective risk, from all labels; narrower is better.

        Looked at as often as one likes, one of them ever misses a constant risk with probability at most delta / 2. Of
        one that changes, `low` is below the highest that it had, and `high` above the lowest. Where `low` is above the
        target risk, the alarm has risen.
        """
        return bounds(int(self.risk.counts[1]), self.n_labelled, self.delta / 2)

    def describe(self) -> str:
        """What was seen, what is known of the risk, and which alarms rose, in a few sentences."""
        low, high = self.risk_bounds()
        seen = f"Of {self.n_samples:,} samples {self.n_accepted:,} were accepted, and {self.n_labelled:,} labels came"
        known = (
            f"a constant risk lies in [{low:.2%}, {high:.2%}] with probability {1 - self.delta / 2:.4g} at all times"
        )
        return " ".join([f"{seen}: {known}.", self._said_of_shift(), *self._said_of_risk()])

    def _said_of_shift(self) -> str:
        what = "coverage" if self._ranks is None else "the distribution of confidence"
        if self.shift.alarm_at is None:
            return f"Nothing shows that {what} is another than on validation data."
        return f"ALARM after {self.shift.alarm_at:,} samples: {what} is another than on validation data."

    def _said_of_risk(self) -> list[str]:
        target = self.operating_point.target_risk
        if target is None:
            return []
        if self.risk.alarm_at is None:
            return [f"Nothing shows that the risk is above {target:.4g}."]
        return [f"ALARM after {self.risk.alarm_at:,} labels: the risk is above {target:.4g}."]

    def __add__(self, other: object) -> RiskMonitor:
        """A monitor of the samples of both; refused for monitors of unlike rules, validation data or δ, or one seed.

        Raises:
            InputError: so it is.
        """
        if not isinstance(other, RiskMonitor):
            return NotImplemented
        self._check_like(other)
        total = RiskMonitor.__new__(RiskMonitor)
        total._set_up(self.operating_point, self._ranks, self.delta, tuple(sorted(self.seeds + other.seeds)))
        total.n_accepted = self.n_accepted + other.n_accepted
        total.shift, total.risk = self.shift.merged(other.shift), self.risk.merged(other.risk)
        return total

    def _check_like(self, other: RiskMonitor) -> None:
        unlike = [
            what
            for what, same in (
                ("rules", self.operating_point == other.operating_point),
                ("validation confidences", self._ranks == other._ranks),
                ("values of delta", self.delta == other.delta),
            )
            if not same
        ]
        if unlike:
            raise InputError(f"the monitors have unlike {unlike[0]}, so they test other things: add up like ones")
        if both := set(self.seeds) & set(other.seeds):
            raise InputError(
                f"both monitors hold the seed {min(both)}, so they may hold the same samples, and the same numbers "
                "break their ties: give each stream a seed of its own, RiskMonitor(..., seed=)"
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RiskMonitor) and self.to_dict() == other.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` takes, ready for JSON: a few hundred numbers, however long the stream."""
        return {
            "format": FORMAT,
            "operating_point": self.operating_point.to_dict(),
            "delta": self.delta,
            "validation": None if self._ranks is None else self._ranks.to_dict(),
            "seeds": list(self.seeds),
            "n_drawn": self._n_drawn,
            "n_accepted": self.n_accepted,
            "shift": self.shift.to_dict(),
            "risk": self.risk.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The monitor that `to_dict` wrote; it goes on as if it had never been away.

        Raises:
            InputError: it is none, is damaged, or is of a later version.
        """
        held = check_keys("monitor", values, known=KEYS, needed=KEYS)
        if held["format"] != FORMAT:
            raise InputError(
                f"the monitor has the format {shown(held['format'])}, but this version reads {FORMAT}: install a later "
                "version of abstain"
            )
        monitor = cls.__new__(cls)
        monitor._set_up(
            OperatingPoint.from_dict(held["operating_point"]),
            None if held["validation"] is None else RankTest.from_dict(held["validation"]),
            check_inner_fraction("delta", held["delta"]),
            _seeds(held["seeds"]),
        )
        monitor.shift.restore(held["shift"])
        monitor.risk.restore(held["risk"])
        n, least = monitor.n_samples, monitor.n_labelled
        monitor.n_accepted = check_whole("n_accepted", held["n_accepted"], at_least=least, at_most=n)
        monitor._n_drawn = check_whole("n_drawn", held["n_drawn"], at_least=0, at_most=n)
        return monitor

    def _accepted(self, confidence: NDArray[np.float64]) -> NDArray[np.bool_]:
        return confidence >= self.operating_point.threshold

    def _categories(self, confidence: NDArray[np.float64]) -> NDArray[np.int64]:
        if self._ranks is None:
            return self._accepted(confidence).astype(np.int64)
        stream = np.random.PCG64(self.seeds).advance(self._n_drawn)  # one step a number
        self._n_drawn += len(confidence)
        return self._ranks.bins(confidence, np.random.Generator(stream).random(len(confidence)))

    def _count_labels(self, confidence: NDArray[np.float64], error: NDArray[np.float64]) -> None:
        self.risk.add(error[self._accepted(confidence) & ~np.isnan(error)].astype(np.int64))


def _point(rule: Any) -> OperatingPoint:
    point = getattr(rule, "operating_point", rule)
    if not isinstance(point, OperatingPoint):
        raise ArgumentError(
            f"the rule is {shown(rule)}, but must be an AbstentionRule, such as classifier.rule, or an OperatingPoint"
        )
    if point.target_risk is not None:
        check_inner_fraction("target_risk", point.target_risk)
    return point


def _shift_test(point: OperatingPoint, ranks: RankTest | None, delta: float) -> SequentialTest:
    if ranks is not None:
        return SequentialTest(ranks.log_evidence, N_BINS, delta)
    share = AcceptedShare.of(point.coverage, point.n_samples, delta / 2)
    return SequentialTest(share.log_evidence, 2, delta / 2)


def _risk_evidence(point: OperatingPoint) -> Any:
    if point.target_risk is None:
        return _none_of_a_risk
    return partial(_of_a_risk, point.target_risk)


def _of_a_risk(target_risk: float, before: NDArray[np.int64], since: NDArray[np.int64]) -> NDArray[np.float64]:
    return log_evidence_above(since[..., 1], since.sum(axis=-1), target_risk)


def _none_of_a_risk(before: NDArray[np.int64], since: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.zeros(since.shape[:-1])


def _seeds(values: Any) -> tuple[int, ...]:
    if not isinstance(values, list) or not values:
        raise InputError(f"seeds of a monitor are {shown(values)}, but must be a list of at least one")
    return tuple(check_whole("a seed", seed, at_least=0, at_most=MOST_SEED) for seed in values)
