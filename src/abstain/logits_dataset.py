"""Logits data sets, the seam between training and evaluation: one Parquet file a split, with `logits` and `label`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from abstain._checks import InputError, check_folder, check_labels, check_logits, to_numpy


def write_logits(folder: str | Path, split: str, logits: Any, labels: Any, *, sample: Any = None) -> Path:
    """Write `folder/split.parquet`, replacing it only once the new file is whole.

    Args:
        folder: made if it does not exist.
        split: `validation`, `test`, ….
        logits: (N, K), stored as a fixed-size list of float32.
        labels: (N,) int in [0, K).
        sample: (N,) int, of pixels the image that each comes from; None leaves the column `sample` out.

    Returns:
        The path of the file.

    Raises:
        InputError: bad logits or labels, or a `sample` of another length.
    """
    logits = check_logits(check_logits(logits).float()).cpu().numpy()  # again: float32 is narrower
    labels = check_labels(labels, n_samples=len(logits), n_logits=logits.shape[1])
    rows = pa.FixedSizeListArray.from_arrays(pa.array(logits.ravel()), logits.shape[1])
    columns = {"logits": rows, "label": labels}
    if sample is not None:
        columns["sample"] = to_numpy(sample, "sample")
        if columns["sample"].shape != labels.shape:
            raise InputError(
                f"there are {len(labels)} labels and sample has shape {columns['sample'].shape}: not equal"
            )
    path = Path(folder).expanduser() / f"{split}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".parquet.partial")
    pq.write_table(pa.table(columns), partial)
    return partial.replace(path)


def read_logits(folder: str | Path, split: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Logits (N, K) float32 and labels (N,) int64 of one split.

    Raises:
        InputError: there is no such folder or split, or as `read_parquet`.
    """
    path = check_folder(folder, "the folder of the logits data set") / f"{split}.parquet"
    if not path.is_file():
        splits = ", ".join(sorted(file.stem for file in path.parent.glob("*.parquet"))) or "none"
        raise InputError(f"there is no split {split!r} in {str(folder)!r}: it has {splits}")
    return read_parquet(path)


def read_parquet(path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """As `read_logits`, of one file.

    Raises:
        InputError: the file holds no row, or not the columns `logits` (K of them in every row) and `label`.
    """
    try:
        columns = pq.read_schema(path).names
    except pa.ArrowInvalid as error:
        raise InputError(f"{str(path)!r} cannot be read as Parquet: {str(error).splitlines()[0]}") from error
    if not {"logits", "label"} <= set(columns):
        raise InputError(f"{str(path)!r} has the columns {', '.join(columns)}, but must have `logits` and `label`")
    table = pq.read_table(path, columns=["logits", "label"])
    if not table.num_rows:
        raise InputError(f"{str(path)!r} holds no row, but at least one sample is needed")
    kind = table.schema.field("logits").type
    if not (pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind) or pa.types.is_large_list(kind)):
        raise InputError(f"the column `logits` of {str(path)!r} holds {kind}, but must hold lists of numbers")
    rows = table["logits"].combine_chunks()
    values = rows.flatten()
    if rows.null_count or values.null_count or table["label"].null_count:
        raise InputError(f"{str(path)!r} has empty cells, but every sample needs all its logits and a label")
    if pc.count_distinct(pc.list_value_length(rows)).as_py() != 1:
        raise InputError(f"{str(path)!r} has rows with different numbers of logits, but all must have K")
    logits = values.to_numpy(zero_copy_only=False).reshape(len(rows), -1).astype(np.float32, copy=False)
    labels = check_labels(table["label"].to_numpy(), n_samples=len(rows), n_logits=logits.shape[1])
    return check_logits(logits).numpy(), labels
