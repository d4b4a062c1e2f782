"""Several programs at once, each with its log; they end with the one that started them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from abstain._checks import InputError
from abstain._files import as_path

if sys.platform != "win32":
    import fcntl

LOOKS = 0.1
"""Seconds between two looks whether a program has ended."""
TO_END = 10.0
"""Seconds that a program has to end when it is asked to."""


@dataclass(frozen=True)
class Job:
    """A program to run.

    Attributes:
        name: what it is called.
        command: the program and its arguments.
        log: a file to which all that it prints is added.
    """

    name: str
    command: tuple[str, ...]
    log: Path


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes:
        job: which one.
        status: its exit status; negative where a signal ended it.
        seconds: since it was started.
    """

    job: Job
    status: int
    seconds: float


@dataclass(frozen=True)
class _Running:
    job: Job
    process: subprocess.Popen[bytes]
    started: float


def run_jobs(jobs: Iterable[Job], n_at_once: int, *, environment: Mapping[str, str]) -> Iterator[Ended]:
    """Run programs, `n_at_once` of them at a time, and tell of each when it has ended, whatever its exit status.

    An iterator that is closed early, by Ctrl-C say, ends the programs that still run.

    Args:
        jobs: in their order; the next one is asked for when it can begin.
        n_at_once: at least 1.
        environment: the variables of the programs, all of them.

    Raises:
        InputError: a program still runs that somebody else has started with this log.
    """
    waiting, running = iter(jobs), deque[_Running]()
    try:
        while True:
            while len(running) < n_at_once and (job := next(waiting, None)) is not None:
                running.append(_start(job, environment))
            if not running:
                return
            for one in [one for one in running if one.process.poll() is not None]:
                running.remove(one)
                yield Ended(one.job, one.process.returncode, time.monotonic() - one.started)
            time.sleep(LOOKS)
    finally:
        _end(running)


def _start(job: Job, environment: Mapping[str, str]) -> _Running:
    as_path(job.log).parent.mkdir(parents=True, exist_ok=True)
    with job.log.open("ab") as log:
        _claim(job, log)
        process = subprocess.Popen(
            job.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,  # Ctrl-C is for the program that started it, which ends it
        )
    return _Running(job, process, time.monotonic())


def _claim(job: Job, log: IO[bytes]) -> None:
    """Lock the log for as long as the program has it open, which may outlive a killed process that started it."""
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(
            f"{job.name} still runs, started by another command (its log is {str(job.log)!r}): wait until it has "
            "ended, or end it"
        ) from error
    except OSError:  # of a file system without locks
        return


def _end(running: Iterable[_Running]) -> None:
    for one in running:
        one.process.terminate()
    for one in running:
        with suppress(subprocess.TimeoutExpired):
            one.process.wait(TO_END)
        one.process.kill()  # nothing where it has ended
        one.process.wait()


def last_line(log: Path) -> str:
    """The last line of a log that is not empty; of an exception that ended the program, its message."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line and not line.startswith("run_grid: ")), "nothing was printed")
