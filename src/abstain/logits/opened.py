"""Predictions that may be more than memory holds: opened, told what they are, and read batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from tqdm.auto import tqdm

from abstain._checks import InputError, Row, counting_rows
from abstain.logits.groups import column_of_rows, rows_that_share
from abstain.logits.names import SAMPLE
from abstain.logits.opening import Opening, stacked
from abstain.logits.predictions import Predictions, read_whole
from abstain.scores.batches import BATCH_ELEMENTS, Pair, ValueBatches
from abstain.scores.blocks import BLOCK_ELEMENTS
from abstain.scores.kind_names import Input, Kind
from abstain.scores.kinds import are_told_percent, divided_by_100, kind_of_rows
from abstain.scores.layout import rows_and_labels, whole_labels
from abstain.scores.one_column import kind_of_column
from abstain.scores.recognition import Recognised
from abstain.scores.running_kind import RunningKind

FEW = 64
"""Rows that show how many columns there are."""


class OpenPredictions:
    """Predictions in a file or data set, one row of values a sample, of which only a batch is in memory at once.

    What they are is decided by all rows: probabilities only if every row is. A row outside [0, 1] and a positive value
    leave only logits, so that `kind` mostly needs the first batch; if most rows look like probabilities or percent
    nevertheless, the first full pass ends with the refusal that `read_predictions` gives, before a number is out.
    Where no row rules them out, all are gone through, and up to three times.

    Attributes:
        class_names: in the order of the classes, where the source has them.
        of_percent: whether the values are what the source holds divided by 100, once `kind` is known.
    """

    def __init__(self, opening: Opening, taken: NDArray[np.bool_] | None = None) -> None:
        assert opening.choice.values is not None and opening.choice.label is not None  # see `open_predictions`
        self._opening, self._taken, self._values = opening, taken, opening.choice.values
        self._label = opening.choice.label
        self.of_percent = False
        self.class_names = opening.class_names(self._values)
        self._in_doubt = True

    @cached_property
    def n_columns(self) -> int:
        """K, of the first rows."""
        return int(next(self._read(FEW))[0].shape[1])

    @cached_property
    def _counts(self) -> NDArray[np.bool_] | None:
        """Which rows count; None where all do."""
        ignored, source = self._opening.ignore_index, self._opening.source
        if ignored is None or source.batches is None:
            return None
        counts, start = list[NDArray[np.bool_]](), 0
        with source.naming(), counting_rows(lambda row: _later(row, start)):
            for batch in source.batches([self._label], BATCH_ELEMENTS):
                counts.append(_class_of_each(self._indices(batch[self._label])) != ignored)
                start += len(counts[-1])
        return np.concatenate(counts)

    @property
    def n_ignored(self) -> int:
        """Samples left out because of their label."""
        if self._counts is None or self._taken is not None:  # of a part they were left out before
            return 0
        return int((~self._counts).sum())

    def __len__(self) -> int:
        if self._taken is not None:
            return int(self._taken.sum())
        return self._opening.source.n_rows - self.n_ignored

    @cached_property
    def sample(self) -> NDArray[Any] | None:
        """(N,) what rows that depend on each other share, as of `Predictions`."""
        shared = rows_that_share(self._opening.source, self._opening.source.n_rows)
        if shared is not None and self._counts is not None:
            shared = shared[self._counts]
            shared = shared if len(np.unique(shared)) < len(shared) else None
        return shared if shared is None or self._taken is None else shared[self._taken]

    @cached_property
    def source(self) -> NDArray[Any] | None:
        """(N,) where each sample comes from, as of `Predictions`."""
        if self._opening.source_column is None:
            return None
        found = column_of_rows(self._opening.source, self._opening.source_column)
        found = found if self._counts is None else found[self._counts]
        return found if self._taken is None else found[self._taken]

    @cached_property
    def kind(self) -> Kind:
        """What the values are: `"logits"`, `"log-probabilities"`, `"probabilities"`, or one of a kind.

        Raises:
            InputError: as `read_predictions`.
        """
        said, seen, labels = self._values.said, RunningKind(), set[int]()
        told = cast("Input | None", self._opening.input)
        for rows, classes in self._pass("looking"):
            with self._counting():
                seen.add(rows)
            labels |= {int(classes.min()), int(classes.max())}
            if rows.shape[1] > 1 and {told, said} <= {None, "logits"} and (told or seen.are_no_probabilities):
                return "logits"
        self._in_doubt = False
        with self._counting():
            if self.n_columns == 1:
                return kind_of_column(seen.column, told, said, of_both=len(labels) > 1)
            return self._kind_of_all()

    @property
    def used(self) -> str:
        """A sentence: which columns count, and which do not."""
        names = self._opening.ordered_names(self._values, self.n_columns)
        return self._opening.describe_values(
            self.kind,
            self.n_columns,
            self._values,
            names=names,
            grouped=self.sample is not None and SAMPLE in self._opening.source.holds,
            n_ignored=self.n_ignored,
            of_percent=self.of_percent,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """None: what has to be known of values is told by whoever measures them."""
        return ()

    def in_batches(self) -> ValueBatches:
        """The values of the classes, as `report.evaluate_batches` takes them.

        Raises:
            InputError: as `kind`.
        """
        return ValueBatches(self.kind, len(self), self.n_columns, self._settled, self.n_ignored)

    def batches(self) -> Iterator[Predictions]:
        """One pass over all samples, in their order.

        Raises:
            InputError: as `read_predictions`, where a part cannot be read or the values have two readings.
        """
        for values in self.in_batches().batches():
            yield Predictions(self.kind, values.rows, values.labels, class_names=self.class_names)

    def taken(self, rows: NDArray[np.bool_]) -> Self:
        """Those samples alone where `rows` (N,) is true, in their order."""
        some = np.full(len(self), True) if self._taken is None else self._taken.copy()
        some[some] = rows
        part = type(self)(self._opening, some)
        part.__dict__["kind"], part._in_doubt, part.of_percent = self.kind, self._in_doubt, self.of_percent
        part.__dict__["_counts"] = self._counts
        return part

    def whole(self) -> Predictions:
        """All of it in memory, as `read_predictions` gives it."""
        found = read_whole(self._opening)
        return found if self._taken is None else found.taken(self._taken)

    def _indices(self, labels: Any) -> Any:
        return self._opening.indices(labels, self._values)

    def _read(self, length: int) -> Iterator[Pair]:
        """One pass over the rows that count, in batches of about so many."""
        source, names = self._opening.source, [self._label, *self._values.columns]
        assert source.batches is not None  # see `open_predictions`
        n_read, n_counted, told = 0, 0, {"class_axis": self._opening.class_axis}
        for batch in source.batches(names, length):
            with source.naming(), counting_rows(partial(_later, start=n_read)):
                array, labels = stacked(batch, self._values), self._indices(batch[self._label])
            taken = np.full(len(array), True) if self._counts is None else self._counts[n_read : n_read + len(array)]
            if self._taken is not None:
                n_counted, taken = n_counted + int(taken.sum()), taken.copy()
                taken[taken] = self._taken[n_counted - int(taken.sum()) : n_counted]
            if not taken.all():
                array, labels = array[taken], labels[taken]
            if len(array):
                with source.naming(), counting_rows(partial(_later, start=n_read, some=taken)):
                    rows, classes, _ = rows_and_labels(array, labels, **told)
                yield rows, classes
            n_read += len(taken)
        if not n_read or (self._counts is not None and not self._counts.any()):
            found = f"every label is {self._opening.ignore_index}, which is ignored" if n_read else "there is no row"
            raise InputError(f"{found}, but at least one sample is needed")

    def _pass(self, what: str, length: int | None = None) -> Iterator[Pair]:
        """The same with a bar on terminals."""
        length = length or max(1, BATCH_ELEMENTS // self.n_columns)
        with tqdm(total=len(self), desc=what, unit=" samples", unit_scale=True, leave=False, disable=None) as bar:
            for rows, labels in self._read(length):
                yield rows, labels
                bar.update(len(rows))

    def _settled(self, length: int) -> Iterator[Pair]:
        """A pass that ends with a refusal where all rows together have two readings."""
        seen = RunningKind() if self._in_doubt else None
        for rows, labels in self._pass("reading", length):
            if seen is not None:
                with self._counting():
                    seen.add(rows)
            yield divided_by_100(rows) if self.of_percent else rows, labels
        if seen is not None and self._opening.input is None and not seen.are_surely_logits:
            whole = OpenPredictions(self._opening)  # of which this may be a part
            with whole._counting():
                whole._kind_of_all()
        self._in_doubt = False

    @contextmanager
    def _counting(self) -> Iterator[None]:
        """Errors of rows of `_read` name the source, and the row by its number in it."""
        with self._opening.source.naming(), counting_rows(self._number):
            yield

    def _number(self, row: int) -> int:
        for some in (self._taken, self._counts):
            row = row if some is None else int(np.flatnonzero(some)[row])
        return row

    def _kind_of_all(self) -> Kind:
        first, _ = next(self._read(FEW))
        small = max(1, BLOCK_ELEMENTS // self.n_columns)

        def blocks() -> Iterator[Tensor]:
            return (block for rows, _ in self._pass("looking") for block in rows.split(small))

        found = Recognised(len(self), self.n_columns, first.dtype, blocks)
        if are_told_percent(found, cast("Input | None", self._opening.input)):
            self.of_percent = True
            return "probabilities"
        return kind_of_rows(found, cast("Input | None", self._opening.input), self._values.said)


def _later(row: Row, start: int, some: NDArray[np.bool_] | None = None) -> int:
    """The number of a row of a batch that begins at row `start`, or of those rows of it that are true in `some`."""
    row = row if isinstance(row, int) else row[0]  # of labels with a column a class
    return start + (row if some is None else int(np.flatnonzero(some)[row]))


def _class_of_each(labels: Any) -> NDArray[np.int64]:
    """(n,) of labels (n,), (n, 1) or one-hot (n, K)."""
    classes = whole_labels(labels)
    if classes.ndim == 2:
        return classes[:, 0] if classes.shape[1] == 1 else classes.argmax(axis=1)
    return classes
