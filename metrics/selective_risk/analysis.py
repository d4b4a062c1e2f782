"""What the page of this Space measures: released or uploaded predictions in, an `Analysis` without them out."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from uploads import as_told, called, check_limits, read_upload, without_folders

from abstain import InputError, SelectiveReport, evaluate_logits, read_logits, released_checkpoint
from abstain.logits import Predictions, hold_out
from abstain.report import ScoreResult, evaluate_predictions
from abstain.threshold import shortest_between

EXAMPLES = {"without label smoothing (CE)": "resnet20_cifar10_ce", "with label smoothing (LS)": "resnet20_cifar10_ls"}
SEED = 0
"""Of the split of an upload into halves, so that the same file always gives the same numbers."""
EMPTY = "leave the field of validation files empty"
LONGEST = 300, 200
"""Characters of the beginning and the end of a sentence, which may list thousands of columns in between."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """What the page knows of the data: measurements, never the values of the classes.

    Attributes:
        name: of the data.
        split: a sentence: which samples are for fitting, and which are measured.
        report: of the measured samples.
        stored: (N,) the confidence of the first score as the file itself holds it, the largest probability for one,
            in the file's own type; None where it is computed, as of logits.
        used: what was read of each file.
        notes: what has to be known to read the numbers, in sentences.
    """

    name: str
    split: str
    report: SelectiveReport
    stored: NDArray[Any] | None = None
    used: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Point:
    """An operating point of one score: accept where confidence >= threshold."""

    threshold: float  # of the confidence as the file holds it, if it does
    accepted: int
    errors: int
    coverage: float
    risk: float


@functools.cache
def measure_example(name: str) -> Analysis:
    """A released checkpoint, fitted on its validation and measured on its test split."""
    folder = released_checkpoint(EXAMPLES[name]) / "logits"
    validation, test = read_logits(folder, "validation"), read_logits(folder, "test")
    report = evaluate_logits(*test, validation=validation)
    parts = f"the {len(test[1]):,} samples of the test split", f"the {len(validation[1]):,} of the validation split"
    return Analysis(f"CIFAR-10, {name}", _split(report, *parts), report)


def measure_upload(test: Sequence[str] | None, validation: Sequence[str] | None = None, **told: str) -> Analysis:
    """Uploaded predictions; without validation files of their own, half of them are for fitting.

    Args:
        test: paths of one file, or of a pair of `.npy`.
        validation: the same of other samples, or none.
        **told: as `read_predictions`, of both, each as it was typed; empty where names and values tell.

    Raises:
        InputError: anything that is wrong with the data; the sentence names files, never folders of the server.
    """
    tested, others = (list(map(Path, paths or ())) for paths in (test, validation))
    files = [*tested, *others]
    with without_folders(files), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_limits(files)
        analysis = _measure(tested, others, as_told(told))
    warned = sorted({str(warning.message) for warning in caught})
    return replace(analysis, notes=(*warned, *analysis.notes))


def _measure(tested: list[Path], others: list[Path], told: dict[str, Any]) -> Analysis:
    if not tested:
        raise InputError("there is no test file: choose one, then measure it")
    predictions = read_upload(tested, **told)
    analysis = _measure_all(predictions, tested, others, told) if others else _measure_alone(predictions)
    used = (f"{called(tested)}: {predictions.used}", *analysis.used)
    return replace(analysis, name=called(tested), used=used)


def _measure_all(test: Predictions, tested: list[Path], others: list[Path], told: dict[str, Any]) -> Analysis:
    """All of the test samples, with what is fitted on the validation files."""
    if test.values is None:
        raise InputError(f"a confidence that is given leaves nothing to fit: {EMPTY}")
    validation = read_upload(others, **told)
    if _are_same(test.values, validation.values):
        raise InputError(f"{called(others)} holds the test samples too: give other samples, or {EMPTY}")
    parts = f"all {len(test):,} samples of {called(tested)}", f"the {len(validation):,} of {called(others)}"
    analysis = _analysis(test, validation, *parts)
    return replace(analysis, used=(f"{called(others)}: {validation.used}",))


def _measure_alone(predictions: Predictions) -> Analysis:
    """All samples of a confidence, which has nothing to fit; else one half, with what is fitted on the other."""
    if predictions.values is None:
        return _analysis_of_confidence(predictions)
    if len(predictions) < 2:
        raise InputError("there is 1 sample, but at least 2 are needed: one half is for fitting, the other measured")
    fit, test = hold_out(predictions, 0.5, seed=SEED)
    parts = f"{len(test):,} of the samples", f"the other, random half ({len(fit):,}, drawn with seed {SEED})"
    return _analysis(test, fit, *parts)


def _analysis(test: Predictions, validation: Predictions, measured: str, fitted_on: str) -> Analysis:
    report = evaluate_predictions(test, validation)
    return Analysis("", _split(report, measured, fitted_on), report, _largest(test), notes=report.notes)


def _split(report: SelectiveReport, measured: str, fitted_on: str) -> str:
    fitted = "the repair and the temperature are" if report.repaired else "nothing could be"
    return f"Everything is measured on {measured}; {fitted} fitted on {fitted_on}."


def _analysis_of_confidence(predictions: Predictions) -> Analysis:
    report = evaluate_predictions(predictions)
    split = (
        f"Everything is measured on all {len(predictions):,} samples; there is nothing to fit of a given confidence."
    )
    return Analysis("", split, report, predictions.confidence, notes=report.notes)


def _largest(test: Predictions) -> NDArray[Any] | None:
    """(N,) the largest probability of each sample as it is stored; None of logits."""
    if test.input != "probabilities":
        return None
    rows = test.values
    if rows.shape[1] == 1:
        rows = torch.cat([1 - rows.double(), rows.double()], dim=1)
    largest = rows.amax(dim=1)
    return (largest.double() if largest.dtype == torch.bfloat16 else largest).numpy()  # which NumPy does not have


def _are_same(values: torch.Tensor, others: torch.Tensor | None) -> bool:
    return others is not None and values.shape == others.shape and bool((values == others).all())


def operating_point(analysis: Analysis, score: str, percent: float) -> Point:
    """The operating point of the score with this label at the smallest coverage of at least so many percent."""
    result = results(analysis)[score]
    curve = result.curve
    index = min(int(np.searchsorted(curve.coverage, percent / 100 - 1e-9)), len(curve.coverage) - 1)
    accepted, risk = int(curve.accepted[index]), float(curve.risk[index])
    is_accepted = result.confidence >= curve.threshold[index]
    held = result.confidence if analysis.stored is None or result is not analysis.report.msp else analysis.stored
    below = held[~is_accepted].max() if accepted < len(held) else held.dtype.type(-np.inf)
    threshold = shortest_between(float(below), float(held[is_accepted].min()), held.dtype)
    return Point(threshold, accepted, round(risk * accepted), float(curve.coverage[index]), risk)


def results(analysis: Analysis) -> dict[str, ScoreResult]:
    """Label of each score that makes a curve of its own -> what was measured of it."""
    found = [analysis.report.msp, analysis.report.repaired]
    return {result.label: result for result in found if result and not result.falls_back}


def answer(measure: Callable[..., Analysis], *given: Any, **told: Any) -> tuple[Analysis | None, str]:
    """(analysis, ""), or (None, what is wrong with the data in words)."""
    try:
        return measure(*given, **told), ""
    except InputError as error:
        sentence = str(error)
    except MemoryError:
        sentence = "the data needs more memory than this page has: give fewer rows"
    first, last = LONGEST
    return None, sentence if len(sentence) <= first + last else f"{sentence[:first]} … {sentence[-last:]}"
