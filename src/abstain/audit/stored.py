"""What lies beside predictions in the folder of a model, and how they come into memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from abstain.logits.predictions import Predictions

PIECE = 2**20
"""Values that are read at once, on their way to where they stay: what Arrow needs grows with it, several times over."""
MOST_VALUES = 2**28
"""N times K, up to which predictions come into memory: 1 GiB in float32. More are gone over where they lie."""


def class_names_beside(source: str) -> tuple[str, ...] | None:
    """The names of the classes in the configuration of the model whose folder this is; None without one.

    A single name is that of class 1 of two.
    """
    try:
        config = json.loads((Path(source).expanduser() / "config.json").read_text(encoding="utf-8"))
        names = {int(place): str(name) for place, name in config["id2label"].items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
    if sorted(names) != list(range(len(names))):
        return None
    return (f"not {names[0]}", names[0]) if len(names) == 1 else tuple(names[place] for place in range(len(names)))


def in_memory(predictions: Any) -> Any:
    """The same predictions in memory where they are not too many: an audit goes over them a dozen times.

    Args:
        predictions: as `logits.read_or_open` gives them; they are read in pieces, into the memory where they stay.
    """
    if isinstance(predictions, Predictions):
        return predictions
    values = predictions.in_batches()
    if values.n_samples * values.n_columns > MOST_VALUES:
        return predictions
    labels, rows, start = np.empty(values.n_samples, np.int64), torch.empty(0), 0
    for piece, of_piece in values.read(max(1, PIECE // values.n_columns)):
        stop = start + len(of_piece)
        if not start:
            rows = torch.empty((values.n_samples, values.n_columns), dtype=piece.dtype)
        rows[start:stop], labels[start:stop] = piece, of_piece
        start = stop
    pa.default_memory_pool().release_unused()  # it would keep what the pieces were read into
    told = {
        name: getattr(predictions, name)
        for name in ("class_names", "sample", "source", "used", "n_ignored", "of_percent")
    }
    return Predictions(values.kind, rows, labels, **told)
