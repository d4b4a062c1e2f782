"""`abstain threshold`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abstain._checks import ArgumentError, check_choice
from abstain.cli.goal import Goal
from abstain.cli.options import AsJson, FittedOn, Folder, Labels, Overwrite, Reading, Source, Split, with_options

if TYPE_CHECKING:
    from abstain.cli.goal import Selection
    from abstain.inference.abstention import AbstentionRule
    from abstain.logits.opened import OpenPredictions
    from abstain.logits.predictions import Predictions
    from abstain.scores.confidence import Confidence

    Read = Predictions | OpenPredictions

MSP, PNORM = "msp", "max_logit_pnorm"
FITTED = ("auto", PNORM, "two_class_calibration", "temperature_scaling")
"""Scores that are fitted on samples of their own."""


@with_options(Goal)
@with_options(Reading)
@with_options(FittedOn)
def threshold(
    logits: Source,
    goal: Goal,
    reading: Reading,
    apart: FittedOn,
    score: Annotated[
        str,
        typer.Option(
            help="The confidence: a name of abstain.scores.SCORES, max_logit_pnorm, two_class_calibration, auto for "
            "that of these two which so many classes have, or temperature_scaling."
        ),
    ] = MSP,
    p: Annotated[float | None, typer.Option(help="Of max_logit_pnorm, if it is not to be fitted.")] = None,
    center: Annotated[bool, typer.Option(help="Of max_logit_pnorm: subtract each row's mean.")] = True,
    labels: Labels = None,
    split: Split = None,
    output_dir: Annotated[
        str | None, Folder(help="Write the rule as abstention.json into this folder, such as that of the model.")
    ] = None,
    overwrite_output_dir: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Choose when to answer: a threshold on the confidence for a risk, for a coverage, or for what errors cost.

    Give one of --target-risk, --target-coverage, or --cost-of-error with --cost-of-abstaining. With --delta 0.05 the
    risk on new samples from the same distribution is at most --target-risk with probability 95 %: a fifth of the
    samples, or those on which the score is fitted, propose thresholds, and the others test them.

    The file must hold validation samples, never the ones that are reported, nor any on which p or the temperature was
    fitted. Which of its columns are read is said on standard error; `abstain evaluate --help` tells which these are. Of
    probabilities the threshold is one on the largest probability as it stands in the file.

    A rule that is written into the folder of a model belongs to its weights: it is refused beside others, so retraining
    the model asks for a new one.

    Example: abstain threshold validation.parquet --target-risk 0.05 --delta 0.05 --output-dir my-model
    """
    from abstain._files import check_output_folder
    from abstain.inference.rule_file import RULE_FILE

    _check_score(score, p, center=center, fitted_apart=apart.is_given)
    folder = None
    if output_dir is not None:
        folder = check_output_folder(output_dir, overwrite=overwrite_output_dir, written=[RULE_FILE])
    predictions, fitted_on = apart.read(reading.open, (logits, labels, split), draws=goal.draws(apart=apart.is_given))
    confidence = _confidence(predictions, fitted_on, score, p=p, center=center)
    select = goal.selection(sample=predictions.sample, seed=apart.seed or 0)
    n_fitted = 0
    if fitted_on is not None and goal.is_tuned:
        select = _tuned_on(fitted_on, confidence, select)
    elif fitted_on is not None and apart.validation_fraction is not None:
        n_fitted = len(fitted_on)
    rule = replace(_rule(predictions, confidence, select, n_fitted), class_names=predictions.class_names)
    of_json = {**rule.operating_point.to_dict(), "confidence": rule.confidence.to_dict()}
    typer.echo(json.dumps(of_json, indent=2) if as_json else _in_words(rule, predictions, fitted_on))
    if folder is not None:
        typer.echo(_saved(rule, folder), err=as_json)


def _saved(rule: AbstentionRule, folder: Path) -> str:
    """Write the rule, which belongs to the weights of the folder if it holds some: naming the folder says so."""
    rule = rule.belonging_to(folder)
    where = f"The rule is in {rule.save(folder).resolve()}"
    if rule.weights_sha256 is None:
        return where
    return f"{where} and belongs to the weights beside it: the samples must be what they say."


def _check_score(score: str, p: float | None, *, center: bool, fitted_apart: bool) -> None:
    """Refuse a score that does not exist, or what is told of it in vain, before anything is read."""
    from abstain.scores import SCORES

    check_choice("score", score, [*SCORES, *FITTED])
    if score != PNORM and (p is not None or not center):
        raise ArgumentError(f"the score is {score}, but --p and --no-center are of {PNORM}: leave them out")
    if p is not None and fitted_apart:
        raise ArgumentError("both --p and samples to fit it on are given: leave out one of them")
    if score in FITTED and p is None and not fitted_apart:
        raise ArgumentError(
            f"the score is {score}, which is fitted on samples of their own: give {'--p, ' if score == PNORM else ''}"
            "--validation FILE, or --validation-fraction 0.5 to fit on a half of this one"
        )
    if score not in FITTED and fitted_apart:
        raise ArgumentError(f"the score is {score}, which has nothing to fit: leave out the validation samples")


def _confidence(predictions: Read, fitted_on: Read | None, score: str, *, p: float | None, center: bool) -> Confidence:
    """What makes the confidence of these samples, fitted where it has a parameter that is not told."""
    from abstain.logits.predictions import Predictions
    from abstain.scores import GivenConfidence, named_confidence
    from abstain.scores.by_kind import check_norm, confidence_of_kind, fit_confidence

    if isinstance(predictions, Predictions) and predictions.values is None:
        if score != MSP:
            why = "".join(f" ({note})" for note in predictions.notes)
            raise ArgumentError(f"the score is {score}, but a confidence is given{why}: leave out --score")
        return GivenConfidence()
    if fitted_on is not None:
        return fit_confidence(score, fitted_on.in_batches(), center=center)
    values = predictions.in_batches()
    if p is not None and values.n_columns <= 2:
        raise ArgumentError(
            f"the score is {score}, but there are two classes, of which a p-norm says nothing: leave it out"
        )
    named = named_confidence(score, p=p, center=center)
    check_norm(values, center=center)
    return confidence_of_kind(named, values.kind)


def _tuned_on(fitted_on: Read, confidence: Confidence, select: Selection) -> Selection:
    from abstain.inference.fitted_apart import tuned_on

    return tuned_on(fitted_on.in_batches(), confidence, select)


def _rule(predictions: Read, confidence: Confidence, select: Selection, n_fitted: int) -> AbstentionRule:
    """Of these samples, beside which `n_fitted` of the same file were fitted on."""
    from abstain.inference.abstention import AbstentionRule
    from abstain.inference.fitted_apart import telling_of_the_fit
    from abstain.logits.predictions import Predictions

    if isinstance(predictions, Predictions) and predictions.values is None:
        return AbstentionRule.choose(confidence, predictions.confidence, predictions.error, select)
    with telling_of_the_fit(n_fitted=n_fitted, n_chosen=len(predictions)):
        return AbstentionRule.choose_in_batches(confidence, predictions.in_batches(), select)


def _in_words(rule: AbstentionRule, predictions: Read, fitted_on: Read | None) -> str:
    from abstain.scores import OfProbabilities
    from abstain.threshold.decimals import as_percent

    told = [rule.describe()]
    if getattr(predictions, "score", None) == MSP:
        told.append("The confidence is the log-odds of the answer's probability, log(p / (1 - p)).")
    threshold = rule.operating_point.threshold
    is_finite = threshold > float("-inf")
    if is_finite and predictions.of_percent and rule.confidence == OfProbabilities(scale="probability"):
        there = str(as_percent(threshold)).removesuffix(".0")
        told.append(f"The file holds percent, which were divided by 100: there this is {there}.")
    if is_finite and predictions.kind == "one probability":
        told.append("Of one probability p the largest is max(p, 1 - p).")
    if fitted_on is not None:
        of_logits = getattr(rule.confidence, "confidence", rule.confidence)
        reason = getattr(of_logits, "reason", None)
        told.append(
            f"The confidence is {rule.confidence.label}, fitted on {len(fitted_on):,} samples"
            f"{f' ({reason})' if reason else ''}; the threshold was chosen on {len(predictions):,} others."
        )
    return "\n".join(told)
