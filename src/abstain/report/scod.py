"""Selective classification beside samples of no known class (SCOD): how much can be answered, and what is let in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from abstain._arguments import check_numbers
from abstain._arrays import check_logits, check_other_samples, check_pair
from abstain._checks import InputError
from abstain.curve.mixture import ScodCurve, scod_curve
from abstain.report.measure import check_target_risks
from abstain.report.phrases import percent
from abstain.report.tables import markdown_table
from abstain.scores.batches import ValueBatches
from abstain.scores.by_kind import REPAIR, error_of, fit_confidence
from abstain.scores.confidence import Confidence, SoftmaxScore
from abstain.scores.kinds import read_values

Metrics = dict[str, float]


@dataclass(frozen=True, eq=False)
class ScodResult:
    """One confidence at one share of out-of-distribution samples.

    Attributes:
        scored_by: what made the confidence of logits.
        curve: the risk-coverage curve of the mixture.
        metrics: `risk`, `aurc`, and for each target risk `cov@5`, `cov_in@5` and `cov_out@5`: the accepted shares of
            the mixture, of the in-distribution samples and of the others where the risk is at most 0.05; fractions.
    """

    scored_by: Confidence
    curve: ScodCurve
    metrics: Metrics


@dataclass(frozen=True, eq=False)
class ScodReport:
    """What accepting by confidence is worth where out-of-distribution samples come too, each an error if accepted.

    Attributes:
        results: by confidence and then by share β.
    """

    results: tuple[ScodResult, ...]

    def to_dict(self) -> dict[str, Any]:
        """All numbers, ready for JSON: fractions."""
        return {
            "n_in": self.results[0].curve.n_in,
            "n_out": self.results[0].curve.n_out,
            "aurc_convention": "mean",
            "results": [
                {"score": one.scored_by.to_dict(), "beta": one.curve.beta, **one.metrics} for one in self.results
            ],
        }

    def to_markdown(self) -> str:
        """A row a confidence and share, in percent."""
        keys = list(self.results[0].metrics)
        header = ["confidence", "β %", *(f"{TITLES.get(key, key)} %" for key in keys)]
        rows = [
            [one.scored_by.label, f"{100 * one.curve.beta:.3g}", *(percent(one.metrics[key], 2) for key in keys)]
            for one in self.results
        ]
        return markdown_table([header, *rows], "l" + "r" * (len(header) - 1))

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


TITLES = {"risk": "error", "aurc": "AURC"}


def evaluate_scod(
    logits: Any,
    labels: Any,
    out_logits: Any,
    *,
    validation: tuple[Any, Any] | None = None,
    betas: Iterable[float | None] = (None,),
    target_risks: Iterable[float] = (0.05,),
) -> ScodReport:
    """Measure MSP, and its repair, on test data that out-of-distribution samples come with.

    Args:
        logits: (N, K) of in-distribution test samples, NumPy or torch on any device, not changed.
        labels: (N,) their labels, int in [0, K).
        out_logits: (O, K) of out-of-distribution samples, of which every accepted one is an error.
        validation: logits and labels of other in-distribution samples, to fit the repair on; None for MSP alone.
        betas: shares of out-of-distribution samples in what comes, each in [0, 1); None for O / (N + O).
        target_risks: risks at which the coverage is reported.

    Returns:
        The report.

    Raises:
        InputError: as `scores.msp` and `scod_curve`; logits of another K, or validation samples that are measured.
    """
    betas = [beta if beta is None else check_numbers("betas", [beta])[0] for beta in betas]
    risks = check_target_risks(target_risks)
    check_other_samples((logits, labels), None if validation is None else check_pair(validation))
    test, out = read_values(logits, labels, input="logits"), check_logits(out_logits)
    if out.shape[1] != test.rows.shape[1]:
        raise InputError(
            f"the out-of-distribution logits have K = {out.shape[1]} and the others K = {test.rows.shape[1]}: give "
            "those of one model"
        )
    confidences: list[Confidence] = [SoftmaxScore()]
    if validation is not None:
        confidences.append(fit_confidence(REPAIR, ValueBatches.of(read_values(*validation, input="logits"))))
    error = error_of(test)
    results = []
    for confidence in confidences:
        inside, outside = confidence.score(test.rows), confidence.score(out)
        curves = [scod_curve(inside, error, outside, beta=beta) for beta in betas]
        results += [ScodResult(confidence, curve, scod_metrics(curve, risks)) for curve in curves]
    return ScodReport(tuple(results))


def scod_metrics(curve: ScodCurve, target_risks: Iterable[float]) -> Metrics:
    """The metrics of `ScodResult`."""
    found = {"risk": curve.risk_at_coverage(1.0), "aurc": curve.aurc()}
    for risk in target_risks:
        place, name = curve.place_at_risk(risk), f"{100 * risk:g}"
        found[f"cov@{name}"] = curve.coverage_at_risk(risk)
        found[f"cov_in@{name}"] = 0.0 if place is None else float(curve.accepted_in[place] / curve.n_in)
        found[f"cov_out@{name}"] = 0.0 if place is None else float(curve.accepted_out[place] / curve.n_out)
    return found
