r"""Train and measure every run of a grid of data sets, ways of training and seeds; the same command goes on with it.

    python training_scripts/run_grid.py training_scripts/grids/tables.yaml --jobs 2 \
        --data online_shoppers=../data/online_shoppers --data bank_marketing=../data/bank_marketing \
        --keep model_cards/recipes

A grid is a YAML file (see `training_scripts/grids`). Runs that are done, in the output folder or among those that are
kept, are skipped; one of the same name with other settings is refused. Those that were stopped continue from their last
checkpoint. Each run is a process of its own, whose log lies beside its folder. The exit status is 1 if a run failed;
the others go on.
"""

from __future__ import annotations

import argparse
import math
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tqdm import tqdm

from abstain.experiments import (
    ENDED,
    ArgumentError,
    GridRun,
    InputError,
    Job,
    TimeLeft,
    check_output_folder,
    device_name,
    is_done,
    keep_run,
    last_line,
    log_of,
    read_grid,
    run_jobs,
    run_script,
    with_folders,
)

SCRIPTS = Path(__file__).parent


def main() -> None:
    """Read the grid, say what is left of it, and run that."""
    options = read_options()
    runs = with_folders(read_grid(options.grid, scripts=SCRIPTS), named_folders(options.data))
    runs = [run.with_options(["--disable_tqdm", "true", *options.extra]) for run in runs]
    folders = [options.output_dir, *([options.keep] if options.keep else [])]
    done = [run for run in runs if is_done(run, folders)]
    left = [run for run in runs if run not in done]
    time_left = TimeLeft(done, left, folders, device=device_name(), jobs=options.jobs)
    if options.dry_run:
        print(*(shlex.join(run.command(options.output_dir)) for run in left), sep="\n")
        return
    check_output_folder(options.output_dir)
    failed = {run.name: not_kept for run in done if (not_kept := keep(run, options))}
    print(time_left.table(), flush=True)
    failed |= run_all(left, time_left, options, n_done=len(done))
    print(time_left.table())
    for name, why in failed.items():
        print(f"error: {name} failed: {why}", file=sys.stderr)
    sys.exit(1 if failed else 0)


def read_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("grid", type=Path, metavar="GRID.yaml")
    parser.add_argument("--output_dir", type=Path, default=Path("runs"), help="one folder a run (default: runs)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="runs at once (default: 1)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads of a run (default: 1)")
    parser.add_argument(
        "--data", action="extend", nargs="+", default=[], metavar="NAME=FOLDER", help="where a data set lies"
    )
    parser.add_argument("--extra", default="", metavar="OPTIONS", help="of all runs, such as '--save_strategy no'")
    parser.add_argument("--limit_hours", type=float, metavar="X", help="begin no run that would end later")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="copy results and ranks of what is done there")
    parser.add_argument("--dry_run", action="store_true", help="print the commands that are left, and stop")
    options = parser.parse_args()
    for name in ("jobs", "threads"):
        if getattr(options, name) < 1:
            raise ArgumentError(f"{name} is {getattr(options, name)}, but must be at least 1")
    if options.limit_hours is not None and not 0 <= options.limit_hours < math.inf:
        raise ArgumentError(f"limit_hours is {options.limit_hours:g}, but must be finite and at least 0")
    try:
        options.extra = shlex.split(options.extra)
    except ValueError as error:
        raise ArgumentError(f"--extra is {options.extra!r}, whose quotes do not match ({error})") from error
    return options


def named_folders(given: list[str]) -> dict[str, str]:
    """Name of a data set -> its folder, from NAME=FOLDER."""
    if unnamed := [text for text in given if "=" not in text]:
        raise ArgumentError(f"--data is {unnamed[0]!r}, but must be NAME=FOLDER")
    folders = dict(text.split("=", 1) for text in given)
    for name, folder in folders.items():
        if folder.startswith((".", "/", "~")) and not Path(folder).expanduser().exists():  # others may be on the Hub
            raise ArgumentError(f"the data set {name} is to be at {folder!r}, which does not exist: give its folder")
    return folders


def run_all(left: list[GridRun], time_left: TimeLeft, options: argparse.Namespace, *, n_done: int) -> dict[str, str]:
    """Run what is left; returns the name of each run that failed or could not be kept, and why."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops as Ctrl-C does
    environment = os.environ | dict.fromkeys(["OMP_NUM_THREADS", "RAYON_NUM_THREADS"], str(options.threads))
    by_name, failed = {run.name: run for run in left}, {}
    ended = run_jobs(in_time(left, time_left, options), options.jobs, environment=environment)
    bar = tqdm(total=n_done + len(left), initial=n_done, unit="run", disable=None)
    with bar, closing(ended):
        for one in ended:
            run = by_name[one.job.name]
            if one.status == 0:
                time_left.count(run, one.seconds)
                if not_kept := keep(run, options):
                    failed[run.name] = not_kept
            else:
                failed[run.name] = f"{last_line(one.job.log)} ({one.job.log})"
            with one.job.log.open("a", encoding="utf-8") as log:
                print(ENDED.format(status=one.status, seconds=one.seconds), file=log)
            bar.write(f"{run.name}: exit status {one.status} after {one.seconds:.0f} s; {time_left.sentence()}")
            bar.update()
    return failed


def in_time(left: list[GridRun], time_left: TimeLeft, options: argparse.Namespace) -> Iterator[Job]:
    """A job for each run, but for those that would end after the limit."""
    started = time.monotonic()
    for run in left:
        ends = time.monotonic() - started + (time_left.seconds(run) or 0)
        if options.limit_hours is None or ends < options.limit_hours * 3600:
            yield Job(run.name, tuple(run.command(options.output_dir)), log_of(run, options.output_dir))


def keep(run: GridRun, options: argparse.Namespace) -> str | None:
    """Copy what is kept of a run that is done here, and not elsewhere; returns why it could not be, if so."""
    if options.keep and is_done(run, [options.output_dir]):
        try:
            keep_run(options.output_dir / run.name, options.keep / run.name)
        except InputError as error:
            return str(error)
    return None


if __name__ == "__main__":
    try:
        run_script(main)
    except KeyboardInterrupt:
        sys.exit("stopped; the same command goes on")
