"""Validation samples and test samples that are not the same ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from abstain._arguments import check_whole
from abstain._checks import ArgumentError, InputError, check_fraction
from abstain.logits.predictions import Predictions

Place = tuple[str | None, str | None, str | None]
"""A source, the source of its labels where they lie apart, and the split."""


def read_apart(
    read: Callable[[str, str | None, str | None], Predictions],
    test: tuple[str, str | None, str | None],
    validation: Place,
    *,
    fraction: float | None,
    seed: int,
) -> tuple[Predictions, Predictions | None]:
    """(test, validation) samples, told apart before anything is looked at.

    Args:
        read: reads a source, its labels and its split.
        test: where the samples lie that are measured.
        validation: where those lie that are fitted on; a split alone is one of the same source, nothing at all none.
        fraction: of the test samples to hold out instead.
        seed: of the draw.

    Raises:
        InputError: both ways are asked for, or the samples are the same.
    """
    source, labels, split = validation
    apart = source is not None or split is not None
    if labels is not None and source is None:
        raise ArgumentError("validation_labels are given without validation=, whose labels they are: give both")
    if fraction is not None and apart:
        raise ArgumentError("both validation_fraction and other validation samples are given: leave out one of them")
    if apart and (source or test[0], split) == (test[0], test[2]):
        raise ArgumentError("the validation samples are the test samples: give others, or validation_fraction=0.5")
    measured = read(*test)
    if measured.values is None and (apart or fraction is not None):
        raise ArgumentError("a confidence that is given leaves nothing to fit: leave out the validation samples")
    if fraction is not None:
        return hold_out(measured, fraction, seed=seed)[::-1]
    if not apart:
        return measured, None
    fitted_on = read(source or test[0], labels if source else test[1], split)
    check_apart(fitted_on, measured)
    return measured, fitted_on


def hold_out(predictions: Predictions, fraction: float, *, seed: int) -> tuple[Predictions, Predictions]:
    """(validation, test): a random fraction of the samples, and the others, both in their order.

    Rows that belong together, such as the pixels of one image, stay together.

    Args:
        predictions: all samples.
        fraction: of them (or of what they belong to) for validation, in (0, 1).
        seed: of the draw; the same seed draws the same samples.

    Raises:
        InputError: a fraction outside (0, 1), or one that leaves no sample on one side.
    """
    check_fraction("validation_fraction", fraction, open_below=True, open_above=True)
    check_whole("seed", seed, at_least=0)
    every = np.arange(len(predictions))
    groups, group = np.unique(every if predictions.sample is None else predictions.sample, return_inverse=True)
    n = round(fraction * len(groups))
    if not 0 < n < len(groups):
        raise ArgumentError(
            f"validation_fraction is {fraction:g} of {len(groups)} samples, but both parts need at least one: give "
            "another fraction, or more samples"
        )
    drawn = np.isin(group, np.random.default_rng(seed).permutation(len(groups))[:n])
    return _taken(predictions, every[drawn]), _taken(predictions, every[~drawn])


def check_apart(validation: Predictions, test: Predictions) -> None:
    """Refuse validation samples that are the test samples: what is fitted on them would be measured too well.

    Raises:
        InputError: both hold the same numbers, or are of different kinds.
    """
    if validation.kind != test.kind:
        raise InputError(
            f"the validation samples are {validation.kind} and the test samples {test.kind}: give the same"
        )
    values, others = validation.values, test.values
    if values is not None and others is not None and values.shape == others.shape and bool((values == others).all()):
        raise InputError(
            "the validation samples are the test samples: give others, or let a share of the file be held out "
            "(validation_fraction=0.5)"
        )


def _taken(predictions: Predictions, rows: NDArray[np.intp]) -> Predictions:
    held = {name: getattr(predictions, name) for name in ("labels", "confidence", "error", "sample")}
    values = None if predictions.values is None else predictions.values[torch.from_numpy(rows)]
    taken: dict[str, Any] = {name: None if column is None else column[rows] for name, column in held.items()}
    return replace(predictions, values=values, **taken)
