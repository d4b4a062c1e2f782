"""Of every test sample of a run its confidence and its error, small enough to be kept with the results for good."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from abstain._checks import InputError, first_line
from abstain._files import whole_file
from abstain.report.selective_report import SelectiveReport

SAMPLES_FILE = "samples.parquet"
TYPES = {"msp": np.float32, "max_logit_pnorm": np.float32, "error": np.int8}


@dataclass(frozen=True, eq=False)
class RunSamples:
    """What was measured of each test sample, in the order of the test split.

    Attributes:
        msp: (N,) float32, the score `msp`; larger is accepted first.
        max_logit_pnorm: (N,) float32, the repair as it was fitted: `msp` again where it fell back.
        error: (N,) int8 in {0, 1}.
    """

    msp: NDArray[np.float32]
    max_logit_pnorm: NDArray[np.float32]
    error: NDArray[np.int8]

    @classmethod
    def of(cls, report: SelectiveReport) -> RunSamples:
        """Those of a report with validation data."""
        confidence = {result.name: result.confidence for result in report.results}
        values = {"msp": confidence["msp"], "max_logit_pnorm": confidence["max_logit_pnorm"], "error": report.error}
        return cls(**{name: value.astype(TYPES[name]) for name, value in values.items()})


def write_samples(folder: str | Path, samples: RunSamples) -> Path:
    """Write `folder/samples.parquet`; an older one is replaced once the new one is whole.

    Raises:
        InputError: it cannot be written.
    """
    path = Path(folder) / SAMPLES_FILE
    with whole_file(path) as partial:
        pq.write_table(pa.table(asdict(samples)), partial, compression="zstd", use_dictionary=False)  # no value repeats
    return path


def read_samples(folder: str | Path) -> RunSamples:
    """What a run kept of each of its test samples.

    Args:
        folder: of a run, or of a model card.

    Raises:
        InputError: there is no `samples.parquet` (runs on pixels have none), or it has other columns.
    """
    path = Path(folder) / SAMPLES_FILE
    if not path.is_file():
        raise InputError(f"{str(folder)!r} holds no {SAMPLES_FILE}: give the folder of a run whose samples were kept")
    try:
        table = pq.read_table(path)
        return RunSamples(**{name: table[name].to_numpy().astype(kind) for name, kind in TYPES.items()})
    except (pa.ArrowException, KeyError) as error:
        raise InputError(
            f"{str(path)!r} cannot be read ({first_line(error)}): its columns must be {', '.join(TYPES)}"
        ) from error
