"""One shape for whatever predictions lie in: named columns, of which only those that are wanted are read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from abstain._arrays import check_same_order, to_numpy
from abstain._checks import ArgumentError, InputError, RowError, first_line

INTEGERS, NUMBERS, TEXTS, LISTS, OTHER = "integers", "numbers", "texts", "lists", "other"
"""What a column holds, a row: an integer or boolean, a real number, a text, several numbers, or none of these."""


@dataclass(frozen=True, eq=False)
class Source:
    """Named columns of one length.

    Attributes:
        title: what messages call it.
        holds: column -> `INTEGERS`, `NUMBERS`, `TEXTS`, `LISTS` or `OTHER`, in the order of the source.
        read: names of columns -> their values, NumPy or torch, (N,) or (N, …), none missing.
        class_names: column of labels -> the classes' names where the source knows them.
        batches: names of columns and about how many rows to read at once -> one pass over their values, which need not
            fit into memory together; None where they are in memory anyway.
        n_rows: how many rows there are, where there are batches.
        records: names of columns -> the rows as they are, one dictionary each, where columns are no arrays of numbers.
        beside: columns that lie beside labels which are given apart; none of them counts.
        twice: names that several columns have; nothing is read of these.
        labels_title: what messages call the file of labels that are given apart.
    """

    title: str
    holds: Mapping[str, str]
    read: Callable[[Sequence[str]], dict[str, Any]]
    class_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    batches: Callable[[Sequence[str], int], Iterator[dict[str, Any]]] | None = None
    n_rows: int = 0
    records: Callable[[Sequence[str]], Sequence[Mapping[str, Any]]] | None = None
    beside: tuple[str, ...] = ()
    twice: frozenset[str] = frozenset()
    labels_title: str | None = None

    @contextmanager
    def naming(self) -> Iterator[None]:
        """What is wrong with the data says in which source, where it does not say so already.

        What is wrong with an argument does not: it would be with other data.
        """
        try:
            yield
        except ArgumentError:
            raise
        except InputError as error:
            titles = [title for title in (self.title, self.labels_title) if title]
            if not any(title.rstrip("'\"") in str(error) for title in titles):  # of a folder also one of its files
                error.args = (f"in {' with the labels of '.join(titles)} {error}",)
            if isinstance(error, RowError):
                error.settle()
            raise

    def check_once(self, names: Sequence[str]) -> None:
        """Refuse names that several columns have; of columns that are not used, that does not matter."""
        meant = [repr(name) for name in dict.fromkeys(names) if name in self.twice]
        if meant:
            raise InputError(f"{self.title} has several columns called {', '.join(meant)}: rename all but one of each")


@contextmanager
def reading(title: str, kind: str) -> Iterator[None]:
    """What a damaged file makes libraries raise, which is nearly anything, as one sentence.

    Raises:
        InputError: the block raised anything but that, or an error of memory.
    """
    try:
        yield
    except (InputError, MemoryError):
        raise  # one sentence already, or not the fault of the file
    except Exception as error:
        why = first_line(error)
        if "pickle" in why:  # NumPy recommends to load it, which runs what is in it
            why = (
                "it holds no arrays of numbers, but something else or Python objects: save the arrays of numbers alone"
            )
        raise InputError(f"{title} cannot be read as {kind}{_because(kind, why)}") from error


def _because(kind: str, why: str) -> str:
    """The reason, and of a file what to do: nobody mends bytes."""
    if "save the arrays" in why or not kind.startswith("."):
        return f": {why}"
    why = why.rstrip(".").replace(". ", ", ")  # of several sentences one
    if kind.startswith(".jsonl") and " in row " in why:
        return f" ({why}, counted from 0): mend or take out that line, as each must be one JSON object like the others"
    return f" ({why}): it is damaged, cut short or of another kind, so write or download it anew"


def of_arrays(title: str, arrays: Mapping[str, Any]) -> Source:
    """The source of arrays or tensors by their names.

    Raises:
        InputError: there is none, or one is masked: what its mask hides would count.
    """
    _check_not_empty(arrays, title)
    check_same_order(**{str(name): values for name, values in arrays.items()})
    for name, values in arrays.items():
        if np.ma.isMaskedArray(values) and np.ma.getmaskarray(values).any():
            hidden = int(np.ma.getmaskarray(values).sum())
            raise InputError(f"{name} of {title} is masked at {hidden} places: leave out these samples first")
    tensors = {name: values if hasattr(values, "detach") else to_numpy(values, name) for name, values in arrays.items()}
    holds = {name: _holds_of_array(values) for name, values in tensors.items()}
    return Source(title, holds, lambda names: {name: tensors[name] for name in names})


def by_field(array: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The columns of a structured array by the names of its fields."""
    return {name: array[name] for name in array.dtype.names or ()}


def _holds_of_array(values: Any) -> str:
    if values.ndim != 1:
        return LISTS if values.ndim else OTHER
    if hasattr(values, "detach"):
        return NUMBERS if values.is_floating_point() else INTEGERS
    if values.dtype == object and len(values) and isinstance(values[0], str):
        return TEXTS
    return {"b": INTEGERS, "i": INTEGERS, "u": INTEGERS, "f": NUMBERS, "U": TEXTS}.get(values.dtype.kind, OTHER)


def of_arrow(
    title: str,
    schema: pa.Schema,
    read_table: Callable[[list[str]], pa.Table],
    *,
    read_batches: Callable[[list[str], int], Iterator[pa.Table]] | None = None,
    n_rows: int = 0,
) -> Source:
    """The source of an Arrow table of which `read_table` reads the columns that it is given.

    Args:
        title: what messages call it.
        schema: of the table.
        read_table: names of columns -> these, whole.
        read_batches: the same in parts of about so many rows; None where all is in memory anyway.
        n_rows: of the table, where there are batches.

    Raises:
        InputError: there is no column; or, once they are read, columns of which several have that name.
    """
    _check_not_empty(schema.names, title)

    def read(names: Sequence[str]) -> dict[str, NDArray[Any]]:
        source.check_once(names)
        with reading(title, "a table"):
            table = check_rows(read_table(list(dict.fromkeys(names))), title)
            return {name: _values(table[name], f"the column {name!r} of {title}") for name in table.column_names}

    def records(names: Sequence[str]) -> list[dict[str, Any]]:
        source.check_once(names)
        return check_rows(read_table(list(names)), title).to_pylist()

    def batches(names: Sequence[str], rows: int) -> Iterator[dict[str, NDArray[Any]]]:
        assert read_batches is not None
        source.check_once(names)
        start, widths = 0, dict[str, int]()
        for table in read_batches(list(dict.fromkeys(names)), rows):
            with reading(title, "a table"):
                columns = {name: f"the column {name!r} of {title}" for name in table.column_names}
                values = {name: _values(table[name], what, first_row=start) for name, what in columns.items()}
                for name in (name for name, array in values.items() if array.ndim > 1 and len(array)):
                    width = values[name].shape[1]
                    _check_width(width, widths.setdefault(name, width), columns[name], start)
            start += table.num_rows
            yield values

    source = Source(
        title,
        {field.name: _holds(field.type) for field in schema},
        read,
        class_names_of(schema),
        batches if read_batches else None,
        n_rows,
        records=records,
        twice=frozenset(name for name, count in Counter(schema.names).items() if count > 1),
    )
    return source


def _check_not_empty(names: Sized, title: str) -> None:
    if not len(names):
        raise InputError(f"{title} is empty: it has no column, but must hold values and labels")


def check_rows(table: pa.Table, title: str) -> pa.Table:
    """`table` if it has any row."""
    if not table.num_rows:
        raise InputError(f"{title} has no row, but at least one sample is needed")
    return table


def _holds(kind: pa.DataType) -> str:
    if isinstance(kind, pa.BaseExtensionType):
        return _holds(kind.storage_type)
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return INTEGERS
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return NUMBERS
    if pa.types.is_dictionary(kind):
        return _holds(kind.value_type)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return TEXTS
    if _is_list(kind) and _holds(kind.value_type) in (INTEGERS, NUMBERS, LISTS):
        return LISTS
    return OTHER


def _is_list(kind: pa.DataType) -> bool:
    contiguous = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(is_kind(kind) for is_kind in (*contiguous, pa.types.is_list_view, pa.types.is_large_list_view))


def class_names_of(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """Of columns that are a `ClassLabel`, as `datasets` writes it into the file; no need to wait for its import."""
    written = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    features = (written.get("info") or {}).get("features") or {}
    named = {name: feature for name, feature in features.items() if isinstance(feature, dict)}
    return {name: tuple(it["names"]) for name, it in named.items() if it.get("_type") == "ClassLabel" and "names" in it}


def _values(column: pa.ChunkedArray | pa.Array, what: str, *, first_row: int | None = None) -> NDArray[Any]:
    """(N,) or (N, …) of a column without empty cells; of a part of one, with the number of its first row."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    _check_cells(column, what, first_row=first_row)
    if _is_list(column.type):
        return _rows(column, what, first_row=first_row)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    return column.to_numpy(zero_copy_only=False)


def _check_cells(cells: pa.Array, what: str, *, first_row: int | None, in_a_row: int = 1) -> None:
    if cells.null_count:
        row = (first_row or 0) + pc.index(cells.is_null(), True).as_py() // in_a_row
        n = cells.null_count
        empty = "empty cells" if first_row is not None else f"{n:,} empty cell{'' if n == 1 else 's'}"
        raise InputError(  # of a part the number says nothing
            f"{what} has {empty}, the first in row {row} (counted from 0): fill them or leave out these rows"
        )


def _check_width(one: int, other: int, what: str, row: int) -> None:
    if one != other:
        least, most = sorted([one, other])
        raise InputError(
            f"{what} has rows of {least} and of {most} numbers, but all must have as many: row {row} (counted from 0) "
            "is the first that differs"
        )


def _rows(lists: pa.Array, what: str, *, first_row: int | None) -> NDArray[Any]:
    of_rows = pc.list_value_length(lists)
    lengths = pc.unique(of_rows).to_pylist()  # in the order in which they come
    if len(lengths) > 1:
        row = (first_row or 0) + pc.index(of_rows, lengths[1]).as_py()
        _check_width(lengths[0], lengths[1], what, row)
    _check_cells(lists.flatten(), what, first_row=first_row, in_a_row=max(lengths, default=1) or 1)
    inner = _values(lists.flatten(), what)
    return inner.reshape(len(lists), -1 if lengths and len(lists) and inner.size else 0, *inner.shape[1:])
