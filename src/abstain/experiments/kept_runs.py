"""What is kept of a run for good: its results, and of each test sample its error and its rank, small and exact."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from abstain._checks import InputError, first_line
from abstain._files import RESULTS_FILE, whole_file
from abstain.experiments.samples import SAMPLES_FILE, RunSamples, read_samples

RANKS_FILE = "ranks.parquet"
SMALLEST = {"compression": "zstd", "compression_level": 19, "use_dictionary": False, "write_statistics": False}
"""How ranks are written: bytes of equal weight lie together, of which the upper ones repeat."""


@dataclass(frozen=True, eq=False)
class RunRanks:
    """Of each test sample its place in the order of acceptance, all that a risk-coverage curve needs.

    Attributes:
        msp: (N,) uint32, from 0 for the lowest score `msp`; equal scores share a rank, so that ties stay ties.
        max_logit_pnorm: (N,) uint32, of the repair as it was fitted: as `msp` where it fell back.
        error: (N,) bool.
    """

    msp: NDArray[np.uint32]
    max_logit_pnorm: NDArray[np.uint32]
    error: NDArray[np.bool_]

    @classmethod
    def of(cls, samples: RunSamples) -> RunRanks:
        """Those of a run's samples."""
        return cls(_ranks(samples.msp), _ranks(samples.max_logit_pnorm), samples.error.astype(bool))


def write_ranks(folder: str | Path, ranks: RunRanks) -> Path:
    """Write `folder/ranks.parquet`; ranks of a repair that fell back are not written twice.

    Raises:
        InputError: it cannot be written.
    """
    path = Path(folder) / RANKS_FILE
    scores = {"msp": ranks.msp}
    if not np.array_equal(ranks.msp, ranks.max_logit_pnorm):
        scores["max_logit_pnorm"] = ranks.max_logit_pnorm
    encodings = dict.fromkeys(scores, "BYTE_STREAM_SPLIT")
    with whole_file(path) as partial:
        pq.write_table(pa.table(scores | {"error": ranks.error}), partial, column_encoding=encodings, **SMALLEST)
    return path


def read_ranks(folder: str | Path) -> RunRanks:
    """What was kept of each test sample of a run.

    Args:
        folder: of a kept run.

    Raises:
        InputError: there is no `ranks.parquet`, or it has other columns.
    """
    path = Path(folder) / RANKS_FILE
    if not path.is_file():
        raise InputError(f"{str(folder)!r} holds no {RANKS_FILE}: give the folder of a kept run")
    try:
        table = pq.read_table(path)
        msp = table["msp"].to_numpy().astype(np.uint32)
        fell_back = "max_logit_pnorm" not in table.column_names
        repaired = msp if fell_back else table["max_logit_pnorm"].to_numpy().astype(np.uint32)
        return RunRanks(msp, repaired, table["error"].to_numpy().astype(bool))
    except (pa.ArrowException, KeyError) as error:
        what = f"{str(path)!r} cannot be read ({first_line(error)})"
        raise InputError(f"{what}: its columns must be msp and error, and may have max_logit_pnorm") from error


def keep_run(run: str | Path, folder: str | Path) -> None:
    """Copy `results.json` of a run, and the ranks of its samples if it has any, to a folder where they stay.

    Args:
        run: the folder of a run that is done.
        folder: of its own; it is made if need be, and what it holds of another run is replaced. Of the same run it
            stays as it is, with what was added to its results later.

    Raises:
        InputError: the results tell a path of this machine, or something cannot be read or written.
    """
    run, folder = Path(run), Path(folder)
    results = json.loads((run / RESULTS_FILE).read_text(encoding="utf-8"))
    paths = [text for text in _texts(results) if text.startswith(("/", "~/")) or str(Path.cwd()) in text]
    if paths:
        raise InputError(f"the results of {run.name!r} tell a path of this machine, {paths[0]!r}: take it out first")
    has_samples = (run / SAMPLES_FILE).is_file()
    if _is_kept(results, folder / RESULTS_FILE) and (folder / RANKS_FILE).is_file() == has_samples:
        return
    if has_samples:
        write_ranks(folder, RunRanks.of(read_samples(run)))
    with whole_file(folder / RESULTS_FILE) as partial:  # last: where it is, the rest is whole
        shutil.copyfile(run / RESULTS_FILE, partial)


def _is_kept(results: dict[str, Any], kept: Path) -> bool:
    """Whether this run lies there, which says all that these results do."""
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else None
    return known is not None and {**known, **results} == known


def _ranks(score: NDArray[np.float32]) -> NDArray[np.uint32]:
    return np.unique(score, return_inverse=True)[1].astype(np.uint32)


def _texts(values: Any) -> Iterator[str]:
    if isinstance(values, str):
        yield values
    elif isinstance(values, dict | list):
        for value in values.values() if isinstance(values, dict) else values:
            yield from _texts(value)
