"""How much of a grid is left, and how long it will take by what is done."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from abstain.experiments.grid import GridRun
from abstain.experiments.grid_state import seconds_of
from abstain.report.tables import markdown_table

COLUMNS = ["data set", "done", "left", "minutes a run", "minutes left"]


class TimeLeft:
    """Counts the runs of each data set, and their time.

    Args:
        done: runs that are done.
        left: runs to be done.
        folders: where runs are: of those that are done their time is looked up there.
        jobs: how many run at once.
    """

    def __init__(
        self, done: Iterable[GridRun], left: Iterable[GridRun], folders: Iterable[Path], *, jobs: int = 1
    ) -> None:
        done, left, folders = list(done), list(left), list(folders)
        self.jobs = jobs
        self._done = Counter(run.data_set for run in done)
        self._left = Counter(run.data_set for run in left)
        self._took: dict[str, list[float]] = defaultdict(list)
        for run in done:
            seconds = seconds_of(run, folders)
            if seconds is not None:
                self._took[run.data_set].append(seconds)

    def count(self, run: GridRun, seconds: float) -> None:
        """Count a run that is done now, after so many seconds."""
        self._done[run.data_set] += 1
        self._left[run.data_set] -= 1
        self._took[run.data_set].append(seconds)

    def seconds(self, data_set: str) -> float | None:
        """How long a run of a data set takes, the median (some may have waited); None if none is done."""
        took = self._took[data_set]
        return median(took) if took else None

    def left(self, data_set: str) -> float | None:
        """Seconds until the runs of a data set are done, if nothing else runs; None where no run of it is done."""
        seconds = self.seconds(data_set)
        return seconds * self._left[data_set] / self.jobs if seconds is not None else None

    def sentence(self) -> str:
        """How many runs are left, and how long they will take."""
        data_sets = [name for name, count in self._left.items() if count]
        known = [left for name in data_sets if (left := self.left(name)) is not None]
        if not known:
            return f"{sum(self._left.values())} left" + (", for a time not known yet" if data_sets else "")
        at_least = "at least" if len(known) < len(data_sets) else "about"
        return f"{sum(self._left.values())} left, {at_least} {sum(known) / 60:.1f} minutes"

    def table(self) -> str:
        """One row a data set, in Markdown; a `?` where no run of it is done yet."""
        names = dict.fromkeys([*self._done, *self._left])
        rows = [
            [
                name,
                str(self._done[name]),
                str(self._left[name]),
                _minutes(self.seconds(name)),
                _minutes(self.left(name)),
            ]
            for name in names
        ]
        return f"{markdown_table([COLUMNS, *rows], 'lrrrr')}\n\n{self.sentence()}"


def _minutes(seconds: float | None) -> str:
    return "?" if seconds is None else f"{seconds / 60:.2f}"
