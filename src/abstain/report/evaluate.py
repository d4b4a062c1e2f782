"""Logits or probabilities and labels in, a `SelectiveReport` out: what the confidence is worth, as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from abstain._arrays import check_other_samples, check_pair
from abstain._checks import InputError, check_level, check_no_more
from abstain.curve.clusters import Clusters
from abstain.report.measure import Measure, check_target_risks, repairs
from abstain.report.notes import DEPENDENT, note_few_errors, note_ignored, note_one_class, note_temperature
from abstain.report.selective_report import SelectiveReport, in_clusters
from abstain.report.sketch_report import SketchReport, describe_bounds
from abstain.scores.batches import ValueBatches
from abstain.scores.by_kind import why_no_logarithms
from abstain.scores.confidence import Confidence
from abstain.scores.kind_names import WITHOUT_SHIFT, Input
from abstain.scores.kinds import Values, read_values
from abstain.scores.layout import whole_labels
from abstain.scores.logit_norm import Fallback, check_fit
from abstain.scores.temperature import TemperatureScaling

MOST_SAMPLES = 10**8
"""Of so many test samples the error and each score are kept, 0.8 GB each; of more only the counts of a sketch."""


def evaluate_logits(
    logits: Any,
    labels: Any,
    *,
    validation: tuple[Any, Any] | None = None,
    input: Input | None = None,
    class_axis: int | None = None,
    ignore_index: int | None = None,
    clusters: Any = None,
    target_risks: Iterable[float] = (0.05, 0.01),
    level: float = 0.95,
    p_grid: Iterable[float] = range(1, 11),
    center: bool = True,
    fallback: Fallback = "one_standard_error",
    **unknown: Any,
) -> SelectiveReport:
    """Measure a classifier's confidence on test data, before and after its repair.

    The repair is logit normalisation in the form that `center` names, or of two classes `TwoClassCalibration`; beside
    it stand the other form and temperature scaling, to compare with.
    Probabilities are measured as they are stored; what takes logits is given their logarithms where it can be.

    Args:
        logits: (N, K) test logits, log-probabilities or probabilities, NumPy or torch on any device, not changed; also
            (N, K, …) or (N, …, K), and (N, 1) for one logit or the probability of class 1, (N,) too where `input`
            tells which; a table only where its columns are numbered from 0, in order.
        labels: (N,) int in [0, K), or (N, …); see `scores.read_values`.
        validation: the same two of other samples, on which the repair is fitted; without them only MSP is
            measured, since nothing is fitted on the data that is reported.
        input: "logits", "log-probabilities" or "probabilities"; None to be told by the values where they can tell.
        class_axis: the axis that holds the classes; None takes the only one that fits the labels.
        ignore_index: the label of samples that do not count; None: all count.
        clusters: (N,) what each test sample belongs to, such as its image or its person, where samples of one cluster
            depend on each other; it widens the intervals. None: samples are independent, and of (N, …) labels those of
            one sample are a cluster.
        target_risks: risks at which the coverage is reported.
        level: nominal coverage of the intervals, in (0, 1).
        p_grid: values of p to try in logit normalisation (see `LogitNorm.fit`).
        center: which form of it is the repair: that which subtracts each row's mean first, or that which does not.
        fallback: when MSP stays in place of the repair, as in `LogitNorm.fit`.
        **unknown: there is no other argument; a wrong one is named with the nearest right one.

    Returns:
        The report; its AURC is in the convention `"mean"`.

    Raises:
        InputError: values and labels that `scores.read_values` refuses, a table of other columns, a validation set of
            another kind, with another K or of the same samples, an uncentred norm of probabilities, or an unknown
            argument.
    """
    check_no_more("evaluate_logits", unknown, known=_ARGUMENTS)
    grid = check_fit(p_grid, center, fallback)
    told: dict[str, Any] = {"input": input, "class_axis": class_axis, "ignore_index": ignore_index}
    others = None if validation is None else check_pair(validation)
    check_other_samples((logits, labels), others)
    test = read_values(logits, labels, **told)
    return evaluate_values(
        test,
        others and read_values(*others, **told),
        clusters=clusters_of(clusters, labels, ignore_index, test),
        target_risks=target_risks,
        level=level,
        p_grid=grid,
        center=center,
        fallback=fallback,
    )


_ARGUMENTS = tuple(evaluate_logits.__kwdefaults__ or ())


def evaluate_values(test: Values, validation: Values | None = None, **how: Any) -> SelectiveReport:
    """The same of values that were read already, of which it is known what they are.

    Args:
        test: what is measured.
        validation: other samples; None for MSP alone.
        **how: as `evaluate_batches`.

    Raises:
        InputError: as `evaluate_logits`, but for what reading refuses.
    """
    others = None if validation is None else ValueBatches.of(validation)
    report = evaluate_batches(ValueBatches.of(test), others, **how)
    if not test.dependent or report.clusters is not None:
        return report
    return replace(report, notes=(*report.notes, DEPENDENT), independent=False)


def evaluate_batches(
    test: ValueBatches,
    validation: ValueBatches | None = None,
    *,
    target_risks: Iterable[float] = (0.05, 0.01),
    level: float = 0.95,
    p_grid: Iterable[float] = range(1, 11),
    center: bool = True,
    fallback: Fallback = "one_standard_error",
    clusters: Clusters | None = None,
    most_samples: int = MOST_SAMPLES,
) -> SelectiveReport:
    """The same of values that come in batches, as `logits.open_predictions` gives of what is larger than memory.

    The test data is gone through once, and what is kept of it is one number a sample for the error and for each score;
    above `most_samples` only the counts of a `RiskCoverageSketch`. Probabilities with validation data are gone through
    once before, to see whether all have a logarithm. Validation data is gone through once for each form of logit
    normalisation, with one number a sample for MSP and each p, and about eight times for the temperature. The numbers
    are those of `evaluate_logits`, to the last bit, however the batches are cut.

    Args:
        test: what is measured.
        validation: other samples; None for MSP alone.
        target_risks: as `evaluate_logits`.
        level: as `evaluate_logits`.
        p_grid: as `evaluate_logits`.
        center: as `evaluate_logits`.
        fallback: as `evaluate_logits`.
        clusters: what the test samples belong to; None: they are independent.
        most_samples: of more test samples only counts are kept: the report then is a `SketchReport`.

    Raises:
        InputError: as `evaluate_logits`, also while the batches are read.
    """
    grid, level = check_fit(p_grid, center, fallback), check_level(level)
    risks = check_target_risks(target_risks)
    fitted: dict[str, Confidence] = {}
    left_out, unrepaired = [], None
    if validation is not None:
        _check_alike(test, validation)
        if test.same_as(validation):
            raise InputError(
                "the validation samples are the test samples, on which every fit looks better than it is: give other "
                "samples for one of the two"
            )
        unrepaired = why_no_logarithms(test) or why_no_logarithms(validation)
        if unrepaired is not None:
            left_out.append(f"only MSP was measured: {unrepaired}")
        else:
            fitted = repairs(validation, p_grid=grid, center=center, fallback=fallback)
            left_out += [_LEFT_OUT.format(test.kind)] if test.kind in WITHOUT_SHIFT else []
            left_out += note_temperature(fitted[TemperatureScaling.SCORE].temperature)
    measure = Measure(test, fitted, sketched=test.n_samples > most_samples)
    results = measure.results(risks, level, clusters)
    notes = [*_notes(measure, validation), *left_out, *note_one_class(*measure.label_ends, test.n_samples)]
    notes += note_few_errors(measure.n_errors, test.n_samples)
    told: dict[str, Any] = {"level": level, "error": measure.error, "results": results, "input": test.kind}
    told["unrepaired"] = unrepaired
    if measure.sketched:
        notes = [*notes, describe_bounds(results)]
        return SketchReport(test.n_samples, test.n_columns, notes=tuple(notes), n_errors=measure.n_errors, **told)
    report = SelectiveReport(test.n_samples, test.n_columns, notes=tuple(notes), **told)
    return report if clusters is None else in_clusters(report, clusters)


def clusters_of(clusters: Any, labels: Any, ignore_index: int | None, test: Values) -> Clusters | None:
    """Of each row that counts: as given for each sample, or of (N, …) labels the sample; None where rows are alone."""
    labels = whole_labels(labels)
    if labels.size > len(test.labels) + test.n_ignored:  # they are one-hot, (N, K)
        labels = labels.argmax(axis=1)
    if clusters is not None:
        return Clusters.of_labels(clusters, labels, ignore_index)
    counted = labels if ignore_index is None else labels[(labels != ignore_index).reshape(len(labels), -1).any(axis=1)]
    if labels.size == len(labels) or len(counted) < 2:
        return None
    return Clusters.of_labels(np.arange(len(labels)), labels, ignore_index)


_LEFT_OUT = "the uncentred p-norm is left out, since it reads the shift of a row of logits, which {} have lost"


def _check_alike(test: ValueBatches, validation: ValueBatches) -> None:
    if test.kind != validation.kind:
        raise InputError(
            f"the test values are {test.kind} and the validation values {validation.kind}: give both of one kind, or "
            "say what both are with input="
        )
    if test.n_columns != validation.n_columns:
        raise InputError(
            f"the test logits have K = {test.n_columns} and the validation logits K = {validation.n_columns}: "
            "give both of one model"
        )


def _notes(measure: Measure, validation: ValueBatches | None) -> Iterator[str]:
    """What has to be known to read the numbers."""
    for name, values in (("test", measure.test), ("validation", validation)):
        if values is not None:
            yield from note_ignored(values.n_ignored, name)
    if clipped := measure.n_clipped:
        yield (
            f"in {clipped} of {measure.test.n_samples} test samples the label has a probability of 0, or below "
            "2.2e-16, which counts as 2.2e-16 in NLL"
        )
