"""Logits and labels in, a `SelectiveReport` out: JSON, Markdown and sentences on what the confidence is worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abstain import scores
from abstain._checks import InputError, check_logits
from abstain.calibration import TemperatureScaling, calibration_metrics
from abstain.curve import RiskCoverageCurve, risk_coverage_curve
from abstain.difference import Difference, aurc_difference
from abstain.logit_norm import LogitNorm

FEW_ERRORS = 50
"""With fewer errors than this the intervals are too narrow: with 10, a nominal 95 % covers 87 to 92 %."""


@dataclass(frozen=True, eq=False)
class ScoreResult:
    """One confidence score on the test data.

    Attributes:
        name: `msp`, `temperature_scaling`, `max_logit_pnorm` for logit normalisation, or `max_logit_pnorm_uncentered`
            (`_centered`) for the other of its two forms.
        metrics: `risk`, `aurc`, `cov@5`, … as fractions, and `aurc_low` and `aurc_high` (None without any error); for
            a score that is a probability also `nll`, `brier` and `ece` (see `calibration.calibration_metrics`).
        confidence: (N,) float64, in the order of the samples.
        curve: its risk-coverage curve.
        fit: what was fitted on the validation data; None for MSP.
    """

    name: str
    metrics: dict[str, float | None]
    confidence: NDArray[np.float64] = field(repr=False)
    curve: RiskCoverageCurve = field(repr=False)
    fit: LogitNorm | TemperatureScaling | None = None

    @property
    def falls_back(self) -> bool:
        """Whether this is logit normalisation that stayed with MSP."""
        return isinstance(self.fit, LogitNorm) and self.fit.p is None

    @property
    def label(self) -> str:
        """What a table or a figure calls the score: `MSP`, `p-norm, p = 4`, or `p-norm (falls back to MSP)`."""
        if self.fit is None:
            return "MSP"
        if isinstance(self.fit, TemperatureScaling):
            return f"MSP, temperature {self.fit.temperature:.3g}"
        norm = "p-norm" if self.fit.center else "uncentred p-norm"
        return f"{norm} (falls back to MSP)" if self.fit.p is None else f"{norm}, p = {self.fit.p:g}"


@dataclass(frozen=True, eq=False)
class SelectiveReport:
    """How well a model knows when to abstain, by MSP and, with validation data, after logit normalisation.

    Attributes:
        n_samples: N, of the test data.
        n_logits: K.
        level: nominal coverage of the intervals.
        error: (N,) 0/1 float64.
        results: MSP; with validation data also logit normalisation in both its forms, and temperature scaling.
    """

    n_samples: int
    n_logits: int
    level: float
    error: NDArray[np.float64] = field(repr=False)
    results: tuple[ScoreResult, ...]

    @property
    def msp(self) -> ScoreResult:
        """The maximum softmax probability."""
        return self.results[0]

    @property
    def normalized(self) -> ScoreResult | None:
        """Logit normalisation as fitted on the validation data, which may be MSP again; None without any."""
        return next((result for result in self.results if result.name == "max_logit_pnorm"), None)

    @property
    def logit_norm(self) -> LogitNorm | None:
        """The fit of `normalized`; None without validation data."""
        return self.normalized.fit if self.normalized else None  # type: ignore[return-value]

    def gain(self) -> Difference | None:
        """AURC of MSP minus AURC after normalisation, paired; positive if normalisation is better."""
        if self.normalized is None:
            return None
        return aurc_difference(
            self.msp.confidence, self.error, self.normalized.confidence, self.error, level=self.level
        )

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON: fractions, with None for what is undefined."""
        return {
            "n_samples": self.n_samples,
            "n_logits": self.n_logits,
            "n_errors": int(self.error.sum()),
            "aurc_convention": "mean",
            "interval_level": self.level,
            "scores": {result.name: result.metrics for result in self.results},
            "fits": {result.name: result.fit.to_dict() for result in self.results if result.fit is not None},
        }

    def to_markdown(self) -> str:
        """The table of `comparison_table` for this model alone."""
        return comparison_table({"": self})

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def evaluate_logits(
    logits: Any,
    labels: Any,
    *,
    validation: tuple[Any, Any] | None = None,
    target_risks: Iterable[float] = (0.05, 0.01),
    level: float = 0.95,
    **fit: Any,
) -> SelectiveReport:
    """Measure a classifier's confidence on test data, before and after logit normalisation.

    Beside the repair in the form that `center` names stand its other form and temperature scaling, to compare with.

    Args:
        logits: (N, K) test logits, NumPy or torch on any device, not changed.
        labels: (N,) int in [0, K).
        validation: logits and labels of other samples, on which logit normalisation is fitted; without them
            only MSP is measured, since p is never chosen on the data that is reported.
        target_risks: risks at which the coverage is reported.
        level: nominal coverage of the intervals, in (0, 1).
        **fit: `p_grid`, `center` and `fallback` of `LogitNorm.fit`.

    Returns:
        The report; its AURC is in the convention `"mean"`.

    Raises:
        InputError: bad logits or labels (see `scores.classification_error`), or a validation set with another K.
    """
    logits = check_logits(logits)
    error = scores.classification_error(logits, labels)
    target_risks = tuple(target_risks)
    measured = _Measure(logits, labels, error, target_risks, level)
    results = [measured("msp", scores.msp(logits), temperature=1.0)]
    if validation is not None:
        results += _repairs(measured, *_check_validation(validation, n_logits=logits.shape[1]), **fit)
    return SelectiveReport(len(error), logits.shape[1], level, error, tuple(results))


def _check_validation(validation: tuple[Any, Any], *, n_logits: int) -> tuple[Any, Any]:
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise InputError(f"validation is {type(validation).__name__}, but must be the pair (logits, labels)")
    logits = check_logits(validation[0])
    if logits.shape[1] != n_logits:
        raise InputError(f"the test logits have K = {n_logits} and the validation logits K = {logits.shape[1]}")
    return logits, validation[1]


@dataclass(frozen=True)
class _Measure:
    """Measures one score after another on the same test data."""

    logits: Any
    labels: Any
    error: NDArray[np.float64]
    target_risks: tuple[float, ...]
    level: float

    def __call__(
        self,
        name: str,
        confidence: NDArray[np.float64],
        fit: LogitNorm | TemperatureScaling | None = None,
        temperature: float | None = None,
    ) -> ScoreResult:
        curve = risk_coverage_curve(confidence, self.error)
        low, high = curve.aurc_interval(self.level) or (None, None)
        metrics: dict[str, float | None] = {**curve.summary(self.target_risks), "aurc_low": low, "aurc_high": high}
        if temperature is not None:
            metrics |= calibration_metrics(self.logits, self.labels, temperature=temperature)
        return ScoreResult(name, metrics, confidence, curve, fit)


def _repairs(measure: _Measure, logits: Any, labels: Any, *, center: bool = True, **fit: Any) -> Iterator[ScoreResult]:
    """Both forms of logit normalisation, and temperature scaling, fitted on this validation data."""
    other = "max_logit_pnorm_uncentered" if center else "max_logit_pnorm_centered"
    for name, centered in (("max_logit_pnorm", center), (other, not center)):
        norm = LogitNorm.fit(logits, labels, center=centered, **fit)
        yield measure(name, norm.score(measure.logits), norm, temperature=1.0 if norm.p is None else None)
    scaling = TemperatureScaling.fit(logits, labels)
    confidence = scaling.score(measure.logits)
    yield measure("temperature_scaling", confidence, scaling, temperature=scaling.temperature)


def comparison_table(reports: Mapping[str, SelectiveReport]) -> str:
    """A Markdown table with one row a model and score; in percent what is named so, with the interval of AURC."""
    named = any(reports)
    coverages = [key for key in next(iter(reports.values())).msp.metrics if key.startswith("cov@")]
    header = [
        *(["model"] if named else []),
        "confidence",
        "error %",
        "AURC %",
        "interval",
        *(f"{c} %" for c in coverages),
        "NLL",
        "Brier",
        "ECE %",
    ]
    rows = [header, [":--" if title in ("model", "confidence") else "--:" for title in header]]
    for name, report in reports.items():
        for result in report.results:
            metrics = result.metrics
            low, high = metrics["aurc_low"], metrics["aurc_high"]
            interval = "–" if low is None or high is None else f"[{100 * low:.3f}, {100 * high:.3f}]"
            numbers = [_percent(metrics["risk"], 2), _percent(metrics["aurc"], 3), interval]
            numbers += [_percent(metrics[key], 1) for key in coverages]
            numbers += [_number(metrics.get("nll")), _number(metrics.get("brier")), _percent(metrics.get("ece"), 2)]
            rows.append([*([name] if named else []), result.label, *numbers])
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    return "\n".join(
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in rows
    )


def describe_smoothing(data: str, plain: SelectiveReport, smoothed: SelectiveReport) -> str:
    """One sentence on what label smoothing did and what logit normalisation undid, from two models on one test set.

    It says "raises" or "lowers" only where the paired interval of the difference in AURC excludes zero.
    """
    harm = aurc_difference(
        smoothed.msp.confidence, smoothed.error, plain.msp.confidence, plain.error, level=plain.level
    )
    verb = "raises" if harm.low > 0 else "lowers" if harm.high < 0 else "does not clearly change"
    risks = [report.msp.metrics["risk"] for report in (plain, smoothed)]
    areas = [report.msp.metrics["aurc"] for report in (plain, smoothed)]
    sentence = (
        f"On {data}, label smoothing {verb} the AURC of MSP ({_percent(areas[0], 3)} % to {_percent(areas[1], 3)} %) "
        f"at an error of {_percent(risks[0], 2)} % without and {_percent(risks[1], 2)} % with it"
    )
    errors = [int(report.error.sum()) for report in (plain, smoothed)]
    if min(errors) < FEW_ERRORS:
        sentence += f" (from {errors[0]} and {errors[1]} errors, too few to tell much)"
    repairs = [_describe_repair(report) for report in (plain, smoothed)]
    if repairs[0] == repairs[1]:
        return f"{sentence}; logit normalisation {repairs[0]} for both models."
    return f"{sentence}; logit normalisation {repairs[0]} without and {repairs[1]} with smoothing."


def _describe_repair(report: SelectiveReport) -> str:
    gain = report.gain()
    if gain is None or report.normalized is None:
        return "was not fitted"
    if report.logit_norm is None or report.logit_norm.p is None:
        return "falls back to MSP"
    verb = "lowers it to" if gain.low > 0 else "raises it to" if gain.high < 0 else "leaves it at"
    return f"{verb} {_percent(report.normalized.metrics['aurc'], 3)} %"


def _percent(fraction: float | None, digits: int) -> str:
    return "–" if fraction is None else f"{100 * fraction:.{digits}f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
