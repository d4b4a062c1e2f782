"""What the page of this Space measures: released or uploaded logits in, an `Analysis` without the logits out."""

from __future__ import annotations

import contextlib
import functools
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from abstain import (
    InputError,
    RiskCoverageCurve,
    SelectiveReport,
    evaluate_logits,
    read_logits,
    released_checkpoint,
)
from abstain.logits import Predictions, hold_out, read_predictions

EXAMPLES = {"without label smoothing (CE)": "resnet20_cifar10_ce", "with label smoothing (LS)": "resnet20_cifar10_ls"}
SEED = 0
"""Of the split of an upload into halves, so that the same file always gives the same numbers."""
MEGABYTE = 10**6
LIMIT_MB = 200
UNPACKED_LIMIT_MB = 1000
"""A small compressed file may unpack to more memory than the machine has."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """What the page knows of the data: measurements, never the logits."""

    name: str
    split: str  # a sentence: which rows are which
    report: SelectiveReport
    warning: str = ""


@dataclass(frozen=True)
class Point:
    """An operating point of one score: accept where confidence >= threshold."""

    threshold: float
    accepted: int
    errors: int
    coverage: float
    risk: float


@functools.cache
def measure_example(name: str) -> Analysis:
    """A released checkpoint, fitted on its validation and measured on its test split."""
    folder = released_checkpoint(EXAMPLES[name]) / "logits"
    validation, test = read_logits(folder, "validation"), read_logits(folder, "test")
    split = (
        f"Logit normalisation and temperature are fitted on the {len(validation[1]):,} rows of the validation split; "
        f"all numbers are measured on the {len(test[1]):,} of the test split."
    )
    return Analysis(f"CIFAR-10, {name}", split, evaluate_logits(*test, validation=validation))


def measure_upload(paths: Sequence[str]) -> Analysis:
    """An uploaded file, or a pair of `.npy`; half of the rows are for fitting.

    Raises:
        InputError: anything that is wrong with the data; the sentence names files, never folders of the server.
    """
    files = [Path(path) for path in paths]
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            report, split = _measure_halves(_read(files))
    except InputError as error:
        sentence = str(error)
        for file in files:
            sentence = sentence.replace(f"{file.parent}/", "")
        raise InputError(sentence) from error
    name = " + ".join(file.name for file in files)
    return Analysis(name, split, report, " ".join(sorted({f"Warning: {w.message}." for w in caught})))


def _read(files: list[Path]) -> Predictions:
    kinds = [file.suffix.lower() for file in files]
    if len(files) != (2 if ".npy" in kinds else 1) or len(set(kinds)) > 1:
        found = " and ".join(file.name for file in files) or "empty"
        raise InputError(
            f"the upload is {found}, but must be one .csv, .parquet, .npz, .jsonl or .safetensors file, or two .npy "
            "files at once, with the logits and the labels"
        )
    for limit, size, how in ((LIMIT_MB, _stored_size, "in size"), (UNPACKED_LIMIT_MB, _unpacked_size, "unpacked")):
        found = sum(map(size, files)) / MEGABYTE
        if found > limit:
            raise InputError(f"the upload is {found:,.0f} MB {how}, but at most {limit} MB are taken: give fewer rows")
    values, *labels = sorted(files, key=_dimensions, reverse=True)
    return read_predictions(values, labels=labels[0] if labels else None)


def _dimensions(file: Path) -> int:
    """Of an array, by which logits are told from labels."""
    with contextlib.suppress(Exception):  # of a damaged file; the reader says in words what is wrong
        if file.suffix.lower() == ".npy":
            return np.load(file, mmap_mode="r", allow_pickle=False).ndim
    return 0


def _stored_size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0  # the reader says in words what is missing


def _unpacked_size(file: Path) -> int:
    with contextlib.suppress(Exception):  # of a damaged file; the reader says in words what is wrong
        if file.suffix.lower() == ".npz":
            with zipfile.ZipFile(file) as archive:
                return sum(member.file_size for member in archive.infolist())
        if file.suffix.lower() == ".parquet":
            groups = pq.read_metadata(file).to_dict()["row_groups"]
            return 8 * sum(column["num_values"] for group in groups for column in group["columns"])
    return 0


def _measure_halves(predictions: Predictions) -> tuple[SelectiveReport, str]:
    if predictions.values is None:
        raise InputError("the upload holds a confidence alone, but the page needs logits or probabilities: give these")
    if len(predictions) < 2:
        raise InputError("there is 1 sample, but at least 2 are needed: one half is for fitting, the other measured")
    fit, test = hold_out(predictions, 0.5, seed=SEED)
    report = evaluate_logits(test.values, test.labels, validation=(fit.values, fit.labels), input=predictions.input)
    return report, (
        f"Logit normalisation and temperature are fitted on a random half of the rows ({len(fit):,}, drawn with seed "
        f"{SEED}), the validation half; all numbers are measured on the other {len(test):,}."
    )


def operating_point(analysis: Analysis, score: str, percent: float) -> Point:
    """The operating point of the score with this label at the smallest coverage of at least so many percent."""
    curve = curves(analysis)[score]
    index = min(int(np.searchsorted(curve.coverage, percent / 100 - 1e-9)), len(curve.coverage) - 1)
    below = curve.threshold[index + 1] if index + 1 < len(curve.threshold) else -np.inf
    accepted, risk = int(curve.accepted[index]), float(curve.risk[index])
    threshold = _shortest_between(float(below), float(curve.threshold[index]))
    return Point(threshold, accepted, round(risk * accepted), float(curve.coverage[index]), risk)


def curves(analysis: Analysis) -> dict[str, RiskCoverageCurve]:
    """Label of each score that makes a curve of its own -> its curve."""
    results = [analysis.report.msp, analysis.report.normalized]
    return {result.label: result.curve for result in results if result and not result.falls_back}


def _shortest_between(below: float, threshold: float) -> float:
    """The number with the fewest digits in (below, threshold], which accepts the same samples as `threshold`."""
    rounded = (float(f"{threshold:.{digits}g}") for digits in range(3, 17))
    return next((number for number in rounded if below < number <= threshold), threshold)


def answer(measure: Callable[[Any], Analysis], given: Any) -> tuple[Analysis | None, str]:
    """(analysis, ""), or (None, what is wrong with the data in words)."""
    try:
        return measure(given), ""
    except InputError as error:
        sentence = str(error)
    except MemoryError:
        sentence = "the data needs more memory than this page has: give fewer rows"
    return None, sentence if len(sentence) <= 500 else f"{sentence[:500]} …"


def forget(paths: Sequence[str]) -> None:
    """Delete uploaded files, each with the folder that was made for it alone."""
    for path in map(Path, paths):
        with contextlib.suppress(OSError):  # gone already, or not alone in its folder
            path.unlink()
            path.parent.rmdir()
