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
        device: the name of what will train; runs that were trained on another one tell nothing of time.
        jobs: how many run at once.
    """

    def __init__(
        self,
        done: Iterable[GridRun],
        left: Iterable[GridRun],
        folders: Iterable[Path],
        *,
        device: str,
        jobs: int = 1,
    ) -> None:
        done, folders = list(done), list(folders)
        self.jobs = jobs
        self._done = Counter(run.data_set for run in done)
        self._left = list(left)
        self._took: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for run in done:
            seconds = seconds_of(run, folders, device=device)
            if seconds is not None:
                self._took[run.data_set][run.recipe].append(seconds)

    def count(self, run: GridRun, seconds: float) -> None:
        """Count a run that is done now, after so many seconds."""
        self._done[run.data_set] += 1
        self._left.remove(run)
        self._took[run.data_set][run.recipe].append(seconds)

    def seconds(self, run: GridRun) -> float | None:
        """How long a run will take: the median of its recipe (some may have waited), or else of its data set.

        Returns:
            None where no run of its data set is done on this device.
        """
        of_recipe = self._took[run.data_set][run.recipe]
        return median(of_recipe) if of_recipe else self._usual_seconds(run.data_set)

    def left(self, data_set: str) -> float | None:
        """Seconds until the runs of a data set are done, if nothing else runs; None where no run of it is done."""
        each = [self.seconds(run) for run in self._left if run.data_set == data_set]
        known = [seconds for seconds in each if seconds is not None]
        return sum(known) / self.jobs if len(known) == len(each) else None

    def sentence(self) -> str:
        """How many runs are left, and how long they will take."""
        data_sets = dict.fromkeys(run.data_set for run in self._left)
        known = [left for name in data_sets if (left := self.left(name)) is not None]
        if not known:
            return f"{len(self._left)} left" + (", for a time not known yet" if data_sets else "")
        at_least = "at least" if len(known) < len(data_sets) else "about"
        return f"{len(self._left)} left, {at_least} {sum(known) / 60:.1f} minutes"

    def table(self) -> str:
        """One row a data set, in Markdown; a `?` where no run of it is done yet on this device."""
        n_left = Counter(run.data_set for run in self._left)
        rows = [
            [
                name,
                str(self._done[name]),
                str(n_left[name]),
                _minutes(self._usual_seconds(name)),
                _minutes(self.left(name)),
            ]
            for name in dict.fromkeys([*self._done, *n_left])
        ]
        return f"{markdown_table([COLUMNS, *rows], 'lrrrr')}\n\n{self.sentence()}"

    def _usual_seconds(self, data_set: str) -> float | None:
        """The median over the runs of a data set; None where none is done."""
        took = [seconds for of_recipe in self._took[data_set].values() for seconds in of_recipe]
        return median(took) if took else None


def _minutes(seconds: float | None) -> str:
    return "?" if seconds is None else f"{seconds / 60:.2f}"
