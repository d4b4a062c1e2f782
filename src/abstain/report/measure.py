"""All scores of the same test data in one pass, whatever the values are: logits or probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain._arguments import check_numbers
from abstain._checks import check_fraction
from abstain.curve.clusters import Clusters
from abstain.report.kept import Counts, EverySample, Kept
from abstain.report.selective_report import ScoreResult
from abstain.scores.batches import ValueBatches
from abstain.scores.by_kind import FITTED, as_logits, check_norm, error_of
from abstain.scores.calibration import CalibrationSums
from abstain.scores.confidence import Confidence, OfProbabilities, SoftmaxScore
from abstain.scores.kind_names import OF_PROBABILITIES, WITHOUT_SHIFT
from abstain.scores.kinds import Values
from abstain.scores.logit_norm import LogitNorm
from abstain.scores.probabilities import ProbabilitySums
from abstain.scores.rows import warn_if_normalized
from abstain.scores.temperature import TemperatureScaling
from abstain.scores.two_classes import TwoClassCalibration


def check_target_risks(target_risks: Iterable[float]) -> tuple[float, ...]:
    """Fractions in [0, 1] at which the coverage is reported."""
    return tuple(check_fraction("target_risk", risk) for risk in check_numbers("target_risks", target_risks))


@dataclass(eq=False)
class Measure:
    """Measures MSP, and scores that were fitted on other samples, in one pass over test data.

    Attributes:
        test: the data.
        fitted: name -> what was fitted, which may be MSP again.
        sketched: keep only counts, not the numbers of each sample.
        error: (N,) 0/1 error of the predicted class; (0,) if `sketched`.
        n_errors: their sum.
        label_ends: the least and the largest label.
    """

    test: ValueBatches
    fitted: Mapping[str, Confidence]
    sketched: bool = False
    error: NDArray[np.float64] = field(init=False)
    n_errors: int = field(init=False, default=0)
    label_ends: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        others = {name: confidence for name, confidence in self.fitted.items() if confidence.name != "msp"}
        self._others: dict[str, Confidence] = others
        self._kept: dict[str, Kept] = {name: self._new() for name in ("msp", *others)}
        scaled = {name: CalibrationSums() for name, one in others.items() if one.temperature is not None}
        self._of_probabilities = ProbabilitySums() if self.test.kind in OF_PROBABILITIES else None
        self._calibration = {"msp": self._of_probabilities or CalibrationSums(), **scaled}
        ends: list[int] = []
        n_seen, self.error = 0, np.empty(0 if self.sketched else self.test.n_samples)
        for number, values in enumerate(self.test.batches()):
            if not number and self._of_probabilities is None:
                warn_if_normalized(values.rows, log_too=False)
            error = error_of(values)
            if not self.sketched:
                self.error[n_seen : n_seen + len(error)] = error
            n_seen += len(error)
            self.n_errors += int(error.sum())
            ends += [int(values.labels.min()), int(values.labels.max())]
            self._add(values, error)
        self.label_ends = min(ends), max(ends)

    def _new(self) -> Kept:
        return Counts() if self.sketched else EverySample(np.empty(self.test.n_samples))

    def _add(self, values: Values, error: NDArray[np.float64]) -> None:
        """See one batch more."""
        self._kept["msp"].add(self._msp(values, error), error)
        logits = as_logits(values) if self._others else values.rows
        for name, confidence in self._others.items():
            if name in self._calibration and confidence.temperature is not None:
                sums = self._calibration[name]
                found = sums.add_logits(logits, values.labels, error, temperature=confidence.temperature)
            else:
                found = confidence.score(logits)
            self._kept[name].add(found, error)

    def _msp(self, values: Values, error: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._of_probabilities is None:
            return self._calibration["msp"].add_logits(values.rows, values.labels, error)
        self._of_probabilities.add(values.rows, values.labels, error)
        return OfProbabilities().score(values.rows)

    @property
    def n_clipped(self) -> int:
        """In how many samples the probability of the label counts as 2⁻⁵² in NLL; 0 of logits."""
        return self._of_probabilities.n_clipped if self._of_probabilities else 0

    def results(
        self, target_risks: tuple[float, ...], level: float, clusters: Clusters | None = None
    ) -> tuple[ScoreResult, ...]:
        """What each score is worth: MSP, then what was fitted, where a fit that falls back is MSP under its name."""
        msp: Confidence = SoftmaxScore() if self._of_probabilities is None else OfProbabilities()
        found: dict[str, ScoreResult] = {}
        for name, confidence in {"msp": msp, **self.fitted}.items():
            if name in self._kept:
                curve, metrics = self._kept[name].measure(self.error, target_risks, level, clusters)
                calibration = self._calibration[name].metrics() if name in self._calibration else {}
                kept = self._kept[name].confidence
                found[name] = ScoreResult(name, {**metrics, **calibration}, kept, curve, confidence)
            else:
                same = found["msp"]
                found[name] = ScoreResult(name, dict(same.metrics), same.confidence, same.curve, confidence)
        return tuple(found.values())


def repairs(validation: ValueBatches, *, center: bool, **fit: Any) -> dict[str, Confidence]:
    """Logit normalisation in the forms that these values have, and what else there is, fitted on validation data.

    That is the calibration of two classes by themselves, where there are two, and temperature scaling.

    Args:
        validation: of which each has a logarithm, where they are probabilities.
        center: which form comes first, as the repair; the other one is there to compare with.
        **fit: `p_grid` and `fallback` of `LogitNorm.fit`.

    Returns:
        Name -> the fit.

    Raises:
        InputError: the uncentred form of values whose rows have lost their shift.
    """
    check_norm(validation, center=center)
    forms = {LogitNorm.SCORE: center}
    if validation.kind not in WITHOUT_SHIFT:
        forms["max_logit_pnorm_uncentered" if center else "max_logit_pnorm_centered"] = not center
    found: dict[str, Confidence] = {}
    for name, centered in forms.items():
        found[name] = FITTED[LogitNorm.SCORE](validation, center=centered, **fit)
    if validation.n_columns <= 2:
        of_two = {name: fit[name] for name in fit if name == "fallback"}
        found[TwoClassCalibration.SCORE] = FITTED[TwoClassCalibration.SCORE](validation, **of_two)
    found[TemperatureScaling.SCORE] = FITTED[TemperatureScaling.SCORE](validation)
    return found
