"""Measure data larger than memory may be, beside a bare loop: `python benchmarks/large.py [--rows N] [--folder F]`.

Writes a Parquet file of N × 1000 logits in float32 (4 GB where N is a million) in pieces, and lets each case run in a
process of its own, which says its peak memory beyond what the imports take. The results are in `large.json`, from
which `docs/scale.py` renders its table. The folder is emptied again.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from scipy import optimize, special

from abstain import scores, select_threshold
from abstain._files import write_json
from abstain.inference import AbstentionRule
from abstain.logits import read_or_open
from abstain.report import evaluate_batches

RESULTS = Path(__file__).parent / "large.json"
N_CLASSES, GROUP, N_VALIDATION = 1000, 2**16, 50_000
ROUNDS = 2
WRITE = "write the files"
USED = (optimize, special)
"""Imported here, so that they count as imports and not as work."""


def write(path: Path, n_rows: int, *, seed: int) -> None:
    """Logits of which about a quarter of the labels are missed, a group at a time."""
    kinds = pa.schema({"logits": pa.list_(pa.float32(), N_CLASSES), "label": pa.int64()})
    generator = np.random.default_rng(seed)
    with pq.ParquetWriter(path, kinds, compression="none", use_dictionary=False) as file:
        for start in range(0, n_rows, GROUP):
            n = min(GROUP, n_rows - start)
            labels = generator.integers(0, N_CLASSES, n)
            logits = generator.standard_normal((n, N_CLASSES), dtype=np.float32)
            logits[np.arange(n), labels] += 4
            rows = pa.FixedSizeListArray.from_arrays(pa.array(logits.ravel()), N_CLASSES)
            file.write_table(pa.table({"logits": rows, "label": labels}, schema=kinds), row_group_size=GROUP)


def bare_loop(folder: Path) -> float:
    """What `pyarrow` needs to read the groups, and `scores.msp` to score them; nothing more."""
    confidence = []
    with pq.ParquetFile(folder / "test.parquet") as file:
        for group in range(file.num_row_groups):
            column = file.read_row_group(group, columns=["logits"])["logits"].combine_chunks()
            confidence.append(scores.msp(column.flatten().to_numpy().reshape(-1, N_CLASSES)))
    return float(np.concatenate(confidence).mean())


def msp_alone(folder: Path) -> float:
    """As `abstain evaluate test.parquet`: error, AURC with its interval, coverages, NLL, Brier score and ECE."""
    test = read_or_open(folder / "test.parquet", large=0)
    return float(evaluate_batches(test.in_batches()).msp.metrics["aurc"] or 0)


def with_normalisation(folder: Path) -> float:
    """As `abstain evaluate test.parquet --validation validation.parquet`."""
    test, validation = (read_or_open(folder / f"{name}.parquet") for name in ("test", "validation"))
    return float(evaluate_batches(test.in_batches(), validation.in_batches()).results[1].metrics["aurc"] or 0)


def a_threshold(folder: Path) -> float:
    """As `abstain threshold test.parquet --target-risk 0.05`."""
    test = read_or_open(folder / "test.parquet", large=0).in_batches()
    rule = AbstentionRule.choose_in_batches(scores.SoftmaxScore(), test, partial(select_threshold, target_risk=0.05))
    return rule.operating_point.coverage


CASES: dict[str, Callable[[Path], float]] = {
    "pyarrow and scores.msp in a bare loop": bare_loop,
    "MSP alone": msp_alone,
    "a threshold on MSP": a_threshold,
    f"with logit normalisation, {N_VALIDATION:,} validation samples": with_normalisation,
}


def measured(name: str, folder: Path) -> dict[str, float]:
    """Seconds, seconds of processor time, and MB of peak memory beyond the imports, of one case in this process."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, processor = time.perf_counter(), time.process_time()
    value = CASES[name](folder)
    return {
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - processor,
        "peak_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 1e6,
        "value": value,
    }


def in_a_process(name: str, folder: Path, n_rows: int) -> dict[str, float]:
    """The same in a new process, which inherits the peak of this one: so this one does nothing but wait."""
    command = [sys.executable, __file__, "--case", name, "--folder", str(folder), "--rows", str(n_rows)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    print(f"{name}: {found}", file=sys.stderr)
    return found


def main() -> None:
    """Write the files, run every case in turns, and keep the best round of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--folder", type=Path, help="where there is room for the files")
    parser.add_argument("--case", choices=[WRITE, *CASES], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case == WRITE:
        write(arguments.folder / "test.parquet", arguments.rows, seed=0)
        write(arguments.folder / "validation.parquet", N_VALIDATION, seed=1)
        print("{}")
        return
    if arguments.case:
        print(json.dumps(measured(arguments.case, arguments.folder)))
        return
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        in_a_process(WRITE, folder, arguments.rows)
        rounds = [{case: in_a_process(case, folder, arguments.rows) for case in CASES} for _ in range(arguments.rounds)]
    rows = []
    for case in CASES:
        runs = [one[case] for one in rounds]
        best = min(runs, key=lambda run: run["processor_seconds"])
        rows.append({"case": case, **best, "peak_mb": max(run["peak_mb"] for run in runs)})
    machine = {"cores": os.cpu_count(), "torch threads": torch.get_num_threads()}
    shape = {"n_rows": arguments.rows, "n_classes": N_CLASSES, "rounds": arguments.rounds}
    write_json(RESULTS, {"machine": machine, **shape, "rows": rows})


if __name__ == "__main__":
    main()
