"""`abstain threshold`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from abstain._checks import ArgumentError
from abstain.cli.options import AsJson, Labels, Reading, Source, Split, with_options

if TYPE_CHECKING:
    from abstain.logits.predictions import Predictions


@with_options(Reading)
def threshold(
    logits: Source,
    target_risk: Annotated[float, typer.Option(help="The selective risk to stay below, such as 0.05.")],
    reading: Reading,
    labels: Labels = None,
    split: Split = None,
    delta: Annotated[
        float | None, typer.Option(help="The probability with which the guarantee may fail; none: no guarantee.")
    ] = None,
    score: Annotated[
        str, typer.Option(help="The confidence: a name of abstain.scores.SCORES, or max_logit_pnorm.")
    ] = "msp",
    p: Annotated[float | None, typer.Option(help="Of max_logit_pnorm, chosen on yet other samples.")] = None,
    center: Annotated[bool, typer.Option(help="Of max_logit_pnorm: subtract each row's mean.")] = True,
    as_json: AsJson = False,
) -> None:
    """Choose a threshold on the confidence, so that the accepted samples hold at most so many errors.

    With --delta 0.05 the risk on new samples from the same distribution is at most --target-risk with probability 95 %.
    The file must hold validation samples, never the ones that are reported. Which of its columns are read is said on
    standard error; `abstain evaluate --help` tells which these are.

    Example: abstain threshold validation.parquet --target-risk 0.05 --delta 0.05
    """
    from abstain.threshold.select import select_threshold

    predictions = reading.read(logits, labels, split)
    if delta is not None and predictions.sample is not None:
        raise ArgumentError("pixels of one image are not independent, so no guarantee holds: leave out --delta")
    name, confidence, error = _scored(predictions, score, p=p, center=center)
    point = select_threshold(confidence, error, target_risk, delta)
    typer.echo(json.dumps(asdict(point), indent=2) if as_json else point.describe(name))


def _scored(predictions: Predictions, score: str, *, p: float | None, center: bool) -> tuple[str, Any, Any]:
    """The name of a confidence, the confidence, and the error."""
    from abstain.scores.confidence import Confidence, named_confidence
    from abstain.scores.probabilities import ProbabilityScore, log_probabilities, probability_error
    from abstain.scores.softmax import classification_error

    values = predictions.values
    if values is None:
        if score != "msp" or p is not None:
            raise ArgumentError(f"the score is {score}, but a confidence is given: leave out --score and --p")
        return "confidence", predictions.confidence, predictions.error
    confidence: Confidence = named_confidence(score, p=p, center=center)
    if predictions.input != "probabilities":
        return confidence.name, confidence.score(values), classification_error(values, predictions.labels)
    error = probability_error(values, predictions.labels)
    if p is None:
        return score, ProbabilityScore(score).score(values), error
    if not center:
        raise ArgumentError("--no-center needs logits, but these are probabilities, whose rows have lost their shift")
    return confidence.name, confidence.score(log_probabilities(values)), error
