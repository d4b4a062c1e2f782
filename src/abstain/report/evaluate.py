"""Logits or probabilities and labels in, a `SelectiveReport` out: what the confidence is worth, as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from abstain._arguments import check_numbers
from abstain._arrays import check_other_samples, check_pair
from abstain._checks import InputError, check_no_more
from abstain.report.measure import Measure, repairs
from abstain.report.selective_report import SelectiveReport
from abstain.scores.by_kind import as_logits
from abstain.scores.kinds import WITHOUT_SHIFT, Input, Values, read_values
from abstain.scores.logit_norm import Fallback, check_fit


def evaluate_logits(
    logits: Any,
    labels: Any,
    *,
    validation: tuple[Any, Any] | None = None,
    input: Input | None = None,
    class_axis: int | None = None,
    ignore_index: int | None = None,
    target_risks: Iterable[float] = (0.05, 0.01),
    level: float = 0.95,
    p_grid: Iterable[float] = range(1, 11),
    center: bool = True,
    fallback: Fallback = "one_standard_error",
    **unknown: Any,
) -> SelectiveReport:
    """Measure a classifier's confidence on test data, before and after logit normalisation.

    Beside the repair in the form that `center` names stand its other form and temperature scaling, to compare with.
    Probabilities are measured as they are stored; what takes logits is given their logarithms where it can be.

    Args:
        logits: (N, K) test logits, log-probabilities or probabilities, NumPy or torch on any device, not changed; also
            (N, K, …) or (N, …, K), and (N, 1) for one logit or the probability of class 1.
        labels: (N,) int in [0, K), or (N, …); see `scores.read_values`.
        validation: the same two of other samples, on which logit normalisation is fitted; without them only MSP is
            measured, since p is never chosen on the data that is reported.
        input: "logits", "log-probabilities" or "probabilities"; None to be told by the values where they can tell.
        class_axis: the axis that holds the classes; None takes the only one that fits the labels.
        ignore_index: the label of samples that do not count; None: all count.
        target_risks: risks at which the coverage is reported.
        level: nominal coverage of the intervals, in (0, 1).
        p_grid: as `LogitNorm.fit`.
        center: as `LogitNorm.fit`.
        fallback: as `LogitNorm.fit`.
        **unknown: there is no other argument; a wrong one is named with the nearest right one.

    Returns:
        The report; its AURC is in the convention `"mean"`.

    Raises:
        InputError: values and labels that `scores.read_values` refuses, a validation set of another kind, with
            another K or of the same samples, an uncentred norm of probabilities, or an unknown argument.
    """
    check_no_more("evaluate_logits", unknown, known=_ARGUMENTS)
    told: dict[str, Any] = {"input": input, "class_axis": class_axis, "ignore_index": ignore_index}
    others = None if validation is None else check_pair(validation)
    check_other_samples(logits, others and others[0])
    return evaluate_values(
        read_values(logits, labels, **told),
        others and read_values(*others, **told),
        target_risks=target_risks,
        level=level,
        p_grid=p_grid,
        center=center,
        fallback=fallback,
    )


_ARGUMENTS = tuple(evaluate_logits.__kwdefaults__ or ())


def evaluate_values(
    test: Values,
    validation: Values | None = None,
    *,
    target_risks: Iterable[float] = (0.05, 0.01),
    level: float = 0.95,
    p_grid: Iterable[float] = range(1, 11),
    center: bool = True,
    fallback: Fallback = "one_standard_error",
) -> SelectiveReport:
    """The same of values that were read already, of which it is known what they are.

    Args:
        test: what is measured.
        validation: other samples; None for MSP alone.
        target_risks: as `evaluate_logits`.
        level: as `evaluate_logits`.
        p_grid: as `evaluate_logits`.
        center: as `evaluate_logits`.
        fallback: as `evaluate_logits`.

    Raises:
        InputError: as `evaluate_logits`, but for what reading refuses.
    """
    grid = check_fit(p_grid, center, fallback)
    measure = Measure(test, tuple(check_numbers("target_risks", target_risks)), level)
    results, notes = [measure.msp()], list(_notes(measure, validation))
    if validation is not None:
        _check_alike(test, validation)
        try:
            pair = as_logits(test), as_logits(validation)
        except InputError as reason:
            notes.append(f"only MSP was measured: {reason}")
        else:
            results += repairs(measure, *pair, validation.labels, p_grid=grid, center=center, fallback=fallback)
            notes += [_LEFT_OUT.format(test.kind)] if test.kind in WITHOUT_SHIFT else []
    n_samples, n_columns = test.rows.shape
    return SelectiveReport(n_samples, n_columns, level, measure.error, tuple(results), test.kind, tuple(notes))


_LEFT_OUT = "the uncentred p-norm is left out, since it reads the shift of a row of logits, which {} have lost"


def _check_alike(test: Values, validation: Values) -> None:
    if test.kind != validation.kind:
        raise InputError(
            f"the test values are {test.kind} and the validation values {validation.kind}: give both of one kind, or "
            "say what both are with input="
        )
    if test.rows.shape[1] != validation.rows.shape[1]:
        raise InputError(
            f"the test logits have K = {test.rows.shape[1]} and the validation logits K = {validation.rows.shape[1]}"
        )


def _notes(measure: Measure, validation: Values | None) -> Iterator[str]:
    """What has to be known to read the numbers."""
    for name, values in (("test", measure.values), ("validation", validation)):
        if values is not None and values.n_ignored:
            yield f"{values.n_ignored} {name} samples have the label to be ignored, and do not count"
    if clipped := measure.calibration.n_clipped:
        yield (
            f"in {clipped} of {len(measure.error)} test samples the label has a probability of 0, or below 2.2e-16, "
            "which counts as 2.2e-16 in NLL"
        )
