"""Predictions of any source: in memory if they are small, and opened where they are larger."""

from __future__ import annotations

from typing import Any

from abstain.logits.opened import FEW, OpenPredictions
from abstain.logits.opening import Opening, open_columns, stacked
from abstain.logits.predictions import Predictions, read_whole

LARGE = 2**25
"""Values of a source, N times K, from which on `read_or_open` leaves it in its place: 128 MiB in float32."""


def open_predictions(source: Any, **told: Any) -> OpenPredictions | None:
    """Open predictions that are read in batches; None of what is in memory, or has to be.

    That are files of Parquet, large ones of CSV, TSV and JSON Lines, data sets of `datasets` and of the Hub, with one
    row of values a sample. NumPy and safetensors files, small ones of text, tables and arrays are in memory once they
    are opened; a confidence with its errors is no larger than what is kept of it; and values of several labels a sample
    have to be seen whole.

    Args:
        source: as `read_predictions`.
        **told: as `read_predictions`.

    Raises:
        InputError: as `read_predictions`, while nothing but names and the first rows are looked at.

    Example:
        >>> open_predictions({"logits": [[0.2, 1.4], [3.0, -1.0]], "label": [1, 0]}) is None
        True
    """
    return _opened(open_columns(source, in_batches=True, **told))


def read_or_open(source: Any, *, large: int = LARGE, **told: Any) -> Predictions | OpenPredictions:
    """Predictions in memory if they are small, and opened where they are larger and can be read in batches.

    The size alone decides, never the memory that is free: so the same file always takes the same way. The numbers are
    the same on both; of less than a hundred MiB it is faster to read once: fits go over validation data many times.

    Args:
        source: as `read_predictions`.
        large: N times K, from which on it is read in batches.
        **told: as `read_predictions`.

    Raises:
        InputError: as `read_predictions`.
    """
    opening = open_columns(source, in_batches=True, **told)
    opened = _opened(opening)
    if opened is not None and opening.source.n_rows * opened.n_columns >= large:
        return opened
    return read_whole(opening)


def _opened(opening: Opening) -> OpenPredictions | None:
    values, source = opening.choice.values, opening.source
    if values is None or opening.choice.label is None or source.batches is None:
        return None
    if opening.class_axis in (0, -2):  # which a batch of rows cannot have
        return None
    with source.naming():
        first = next(source.batches([opening.choice.label, *values.columns], FEW), None)
        if first is None or stacked(first, values).ndim > 2:
            return None
    return OpenPredictions(opening)
