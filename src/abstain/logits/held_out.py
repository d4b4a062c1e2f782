"""Validation samples and test samples that are not the same ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from abstain._arguments import check_whole
from abstain._checks import ArgumentError, InputError, check_inner_fraction
from abstain.logits.predictions import CONFIDENCE
from abstain.logits.shared_samples import n_shared
from abstain.scores.batches import ValueBatches


class Samples(Protocol):
    """Predictions, in memory or opened, which can be told apart and divided."""

    @property
    def kind(self) -> str:
        """What they are."""

    @property
    def sample(self) -> NDArray[Any] | None:
        """(N,) what rows that depend on each other share; None where each row is its own."""

    @property
    def source(self) -> NDArray[Any] | None:
        """(N,) where each sample comes from; None where nothing tells."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be known of them, in sentences."""

    def __len__(self) -> int: ...

    def taken(self, rows: NDArray[np.bool_]) -> Self:
        """Those samples alone where `rows` (N,) is true, in their order."""

    def in_batches(self) -> ValueBatches:
        """The values of the classes."""


Read = TypeVar("Read", bound=Samples)
Place = tuple[str | None, str | None, str | None]
"""A source, the source of its labels where they lie apart, and the split."""


def read_apart(
    read: Callable[[str, str | None, str | None], Read],
    test: tuple[str, str | None, str | None],
    validation: Place,
    *,
    fraction: float | None,
    seed: int,
    fits: bool = True,
) -> tuple[Read, Read | None]:
    """(test, validation) samples, told apart before anything is looked at.

    Args:
        read: reads a source, its labels and its split.
        test: where the samples lie that are measured.
        validation: where those lie that are fitted on; a split alone is one of the same source, nothing at all none.
        fraction: of the test samples to hold out instead.
        seed: of the draw.
        fits: whether these are for what is fitted alone, of which a given confidence leaves nothing.

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
    if fits and measured.kind == CONFIDENCE and (apart or fraction is not None):
        why = "; ".join(measured.notes) or "a confidence that is given leaves nothing to fit"
        raise ArgumentError(f"{why}: leave out the validation samples")
    if fraction is not None:
        return hold_out(measured, fraction, seed=seed)[::-1]
    if not apart:
        return measured, None
    try:
        fitted_on = read(source or test[0], labels if source else test[1], split)
    except InputError as error:  # whose labels and split are those of the validation samples
        raise type(error)(re.sub(r"\b(labels|split)=", r"validation_\1=", str(error))) from error
    check_apart(fitted_on, measured)
    return measured, fitted_on


def hold_out(predictions: Read, fraction: float, *, seed: int) -> tuple[Read, Read]:
    """(validation, test): a random fraction of the samples, and the others, both in their order.

    Rows that belong together, such as the pixels of one image, stay together.

    Args:
        predictions: all samples.
        fraction: of them (or of what they belong to) for validation, in (0, 1).
        seed: of the draw; the same seed draws the same samples.

    Raises:
        InputError: a fraction outside (0, 1), or one that leaves no sample on one side.
    """
    check_inner_fraction("validation_fraction", fraction)
    check_whole("seed", seed, at_least=0)
    shared = np.arange(len(predictions)) if predictions.sample is None else predictions.sample
    groups, group = np.unique(shared, return_inverse=True)
    n = round(fraction * len(groups))
    if not 0 < n < len(groups):
        raise ArgumentError(
            f"validation_fraction is {fraction:g} of {len(groups)} samples, but both parts need at least one: give "
            "another fraction, or more samples"
        )
    drawn = np.isin(group, np.random.default_rng(seed).permutation(len(groups))[:n])
    return predictions.taken(drawn), predictions.taken(~drawn)


def check_apart(validation: Samples, test: Samples) -> None:
    """Refuse validation samples that are the test samples: what is fitted on them would be measured too well.

    Raises:
        InputError: more are the same than come twice by chance, see `n_shared`, or they are of different kinds.
    """
    if validation.kind != test.kind:
        raise InputError(
            f"the validation samples are {validation.kind} and the test samples {test.kind}: give the same"
        )
    shared = n_shared(validation, test)
    if shared:
        some = "the" if shared == len(validation) else f"{shared:,} of {len(validation):,}"
        raise InputError(
            f"{some} validation samples are the test samples: give others, or let a share of the file be held out "
            "(validation_fraction=0.5)"
        )
