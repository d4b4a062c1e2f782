"""Fold a folder of Parquet logits into one risk-coverage sketch with Dask: `python docs/sketch_dask.py FOLDER`."""

import operator
import sys
from pathlib import Path

import dask.bag
import numpy as np
import pyarrow.parquet

from abstain import RiskCoverageSketch, scores


def sketch_of(path: Path) -> RiskCoverageSketch:
    """The sketch of one file with the columns `logits` (fixed-size list of float) and `label`."""
    sketch = RiskCoverageSketch()
    for batch in pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=65_536, columns=["logits", "label"]):
        logits = np.asarray(batch["logits"].flatten()).reshape(len(batch), -1)
        sketch.update(scores.msp(logits), scores.classification_error(logits, np.asarray(batch["label"])))
    return sketch


def main(folder: str) -> None:
    """Print the AURC of all files in `folder` together, with its certified bounds."""
    files = sorted(Path(folder).rglob("*.parquet"))
    if not files:
        sys.exit(f"there is no Parquet file in {folder!r}: give the folder of a logits data set")
    sketch = dask.bag.from_sequence(files).map(sketch_of).fold(operator.add).compute()
    low, high = sketch.aurc_bounds()
    print(f"{sketch.n_samples} samples in {len(files)} files: AURC {sketch.aurc():.6f}, within [{low:.6f}, {high:.6f}]")
    print(f"coverage at 5 % risk: {sketch.coverage_at_risk(0.05):.4f}")


if __name__ == "__main__":  # Dask's worker processes import this file too
    main(sys.argv[1])
