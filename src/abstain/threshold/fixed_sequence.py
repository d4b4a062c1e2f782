"""Split fixed-sequence testing: one part of the samples proposes thresholds in an order, the other tests them in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abstain._checks import NoThresholdError
from abstain.curve.curve import RiskCoverageCurve
from abstain.threshold.bounds import p_value, upper_bound
from abstain.threshold.operating_point import SPLIT, OperatingPoint
from abstain.threshold.planning import advice

Array = NDArray[np.float64]
DEVIATIONS = 0.84
"""More errors than expected that the number of samples allows for: 80 % of draws have fewer."""


def split_fixed_sequence(
    tuning: RiskCoverageCurve | None, certifying: RiskCoverageCurve, target_risk: float, delta: float
) -> OperatingPoint:
    """The last threshold of a sequence up to which all tests are passed, each at δ.

    Theorem (fixed-sequence testing; Maurer, Hothorn and Lehmacher 1995, for risks Angelopoulos et al. 2021, "Learn then
    Test", arXiv 2110.01052): where hypotheses are tested at δ in an order that is fixed, until the first that is not
    rejected, a true one is rejected with probability at most δ, whatever their dependence. Proof: it is rejected only
    if the first true one in the order is, and that is a single test. Given the tuning part the thresholds and their
    order are fixed; at each of them the number accepted on the other part is random, but given it the errors among them
    are binomial with the selective risk, also where confidences tie, so their binomial tail is a p-value of "the risk
    is above the target". Nothing else is assumed, not that the risk falls with the confidence.

    The sequence begins where the tuning part predicts the smallest p-value and goes through its confidences to the
    acceptance of everything. It does not begin at the very top, since label smoothing puts errors there.

    Args:
        tuning: of the part that proposes; None where it has no sample, and only to accept everything is tested.
        certifying: of the part that tests, drawn independently of it.
        target_risk: fraction in (0, 1).
        delta: the probability with which the guarantee may fail, in (0, 1).

    Raises:
        NoThresholdError: the first test is not passed.
    """
    tests = proposed_sequence(tuning, certifying, target_risk)
    n_passed = tests.n_passed(delta)
    if not n_passed:
        raise _not_passed(tuning, certifying, tests, target_risk, delta)
    last = n_passed - 1
    return OperatingPoint(
        threshold=float(tests.thresholds[last]),
        coverage=float(tests.accepted[last] / certifying.n_samples),
        risk=float(tests.errors[last] / tests.accepted[last]),
        guaranteed=True,
        target_risk=target_risk,
        delta=delta,
        n_samples=certifying.n_samples,
        method=SPLIT,
        n_tuning=_size(tuning),
    )


@dataclass(frozen=True, eq=False)
class Sequence:
    """The hypotheses "the risk is above the target" in their order, of all δ.

    Attributes:
        thresholds: (J,) float64, of J at least 1; none depends on the part that tests.
        accepted: (J,) int64, how many of that part each accepts.
        errors: (J,) float64, how many of these are wrong.
        p_values: (J,) float64.
    """

    thresholds: Array
    accepted: NDArray[np.int64]
    errors: Array
    p_values: Array

    def n_passed(self, delta: float) -> int:
        """How many tests are passed before the first that is not."""
        passed = self.p_values <= delta
        return len(passed) if passed.all() else int(np.argmin(passed))


def proposed_sequence(tuning: RiskCoverageCurve | None, certifying: RiskCoverageCurve, target_risk: float) -> Sequence:
    """What `split_fixed_sequence` tests, from the smallest p-value that is predicted to ever more coverage."""
    thresholds = np.array([-np.inf])
    if tuning is not None:
        start = _start(tuning, certifying.n_samples, target_risk)
        thresholds = np.append(tuning.threshold[:-1], -np.inf)[start:]
    accepted, errors = certifying.counts_at(thresholds)
    return Sequence(thresholds, accepted, errors, p_value(errors, accepted, target_risk))


def _start(tuning: RiskCoverageCurve, n_certifying: int, target_risk: float) -> int:
    """Where the smallest p-value is to be expected on so many samples, if the risks are as on the tuning part."""
    accepted, errors = tuning.accepted, tuning.errors
    risk = (errors + target_risk) / (accepted + 1)  # as if one more were accepted, with the target: few say little
    expected = accepted * (n_certifying / tuning.n_samples)
    predicted = p_value(risk * expected, expected, target_risk)
    return int(np.flatnonzero(predicted == predicted.min())[-1])


def _size(tuning: RiskCoverageCurve | None) -> int:
    return 0 if tuning is None else tuning.n_samples


def _not_passed(
    tuning: RiskCoverageCurve | None,
    certifying: RiskCoverageCurve,
    tests: Sequence,
    target_risk: float,
    delta: float,
) -> NoThresholdError:
    """What to say where the first test is not passed."""
    n, taken = certifying.n_samples, tests.accepted[0]
    bound = float(upper_bound(tests.errors[0], taken, delta)) if taken else 1.0
    words, enough = _advice(tuning, certifying, target_risk, delta)
    first = f"the first that {_size(tuning):,} others propose" if tuning is not None else "the only one, for all,"
    return NoThresholdError(
        f"no threshold on {n} samples is sure to have a selective risk of at most {target_risk:g} (delta = {delta:g}): "
        f"{first} has the bound {bound:.4g}, at a coverage of {taken / n:.3g}; {words}",
        n_enough=enough,
    )


def _advice(
    tuning: RiskCoverageCurve | None, certifying: RiskCoverageCurve, target_risk: float, delta: float
) -> tuple[str, int | None]:
    """From the risks that both parts together have at the thresholds that might be proposed."""
    thresholds = np.array([-np.inf]) if tuning is None else np.append(tuning.threshold[:-1], -np.inf)
    parts = [part.counts_at(thresholds) for part in (tuning, certifying) if part is not None]
    accepted, errors = (np.sum(counts, axis=0) for counts in zip(*parts, strict=True))
    n, n_tuning = certifying.n_samples, _size(tuning)
    in_all = 1 + n_tuning / n
    return advice(errors, accepted, n + n_tuning, target_risk, level=delta, in_all=in_all, deviations=DEVIATIONS)
