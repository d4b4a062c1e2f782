"""Logits data sets, the seam between training and evaluation: one Parquet file a split, with `logits` and `label`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, Features, List, Value, load_dataset
from numpy.typing import NDArray

from abstain._checks import InputError, check_folder, check_labels, check_logits

BATCH_ROWS = 65_536
"""Rows read at once."""


def write_logits(folder: str | Path, split: str, logits: Any, labels: Any) -> Path:
    """Write `folder/split.parquet`, replacing it only once the new file is whole.

    Args:
        folder: made if it does not exist.
        split: `validation`, `test`, ….
        logits: (N, K), stored as a fixed-size list of float32.
        labels: (N,) int in [0, K).

    Returns:
        The path of the file.

    Raises:
        InputError: bad logits or labels.
    """
    logits = check_logits(logits).float().cpu().numpy()
    labels = check_labels(labels, n_samples=len(logits), n_logits=logits.shape[1])
    features = Features({"logits": List(Value("float32"), length=logits.shape[1]), "label": Value("int64")})
    path = Path(folder) / f"{split}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".parquet.partial")
    Dataset.from_dict({"logits": logits, "label": labels}, features=features).to_parquet(str(partial))
    return partial.replace(path)


def read_logits(folder: str | Path, split: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Logits (N, K) float32 and labels (N,) int64 of one split.

    Raises:
        InputError: there is no such folder or split, or the columns are not `logits` and `label`.
    """
    path = check_folder(folder, "the folder of the logits data set") / f"{split}.parquet"
    if not path.is_file():
        splits = ", ".join(sorted(file.stem for file in path.parent.glob("*.parquet"))) or "none"
        raise InputError(f"there is no split {split!r} in {str(folder)!r}: it has {splits}")
    stream = load_dataset("parquet", data_files=str(path), split="train", streaming=True)
    tables = list(stream.with_format("arrow").iter(batch_size=BATCH_ROWS))
    if not tables or not {"logits", "label"} <= set(tables[0].column_names):
        raise InputError(f"{str(path)!r} is empty or lacks the columns `logits` and `label` of a logits data set")
    logits = [np.asarray(chunk.flatten()).reshape(len(chunk), -1) for t in tables for chunk in t["logits"].chunks]
    return np.concatenate(logits), np.concatenate([np.asarray(table["label"]) for table in tables])
