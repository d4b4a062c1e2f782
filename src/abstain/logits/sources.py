"""Any source of predictions, a file, a folder, a name on the Hub or an object, as named columns."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from abstain._arrays import check_same_order, to_numpy
from abstain._checks import ArgumentError, InputError
from abstain._tables import is_frame
from abstain.logits.choice import find_label
from abstain.logits.data_set_on_hub import OnHub, download, load, on_hub
from abstain.logits.files import READERS, UNNAMED, read_files
from abstain.logits.folders import files_of, pick_split
from abstain.logits.labels_file import check_header, check_same_rows
from abstain.logits.source import Source, by_field, of_arrays, of_arrow, reading

STREAMED_ROWS = 10_000
"""That are read from a stream at once."""
LABELS = "labels"
"""What labels that are given apart are called."""


def open_source(
    source: Any,
    *,
    split: str | None = None,
    revision: str | None = None,
    config_name: str | None = None,
    in_batches: bool = False,
) -> Source:
    """The named columns of any source.

    Args:
        source: a path, a name on the Hub, a table, or arrays (see `read_predictions`).
        split: which one, of a source with several.
        revision: of a data set on the Hub.
        config_name: of a data set on the Hub with several configurations.
        in_batches: whether a large file of text is left in its place.

    Raises:
        InputError: it is none of these, does not exist, cannot be read, or has other splits.
    """
    if isinstance(source, str | Path):
        return _named(str(source), split, revision, config_name, in_batches)
    for what, value in (("revision", revision), ("configuration", config_name)):
        if value is not None:
            raise ArgumentError(f"a {what} is given, but only a data set on the Hub has one: leave it out")
    opened = _of_datasets(source, split)
    if opened is not None:
        return opened
    if split is not None:
        raise ArgumentError(f"a split is named, but {type(source).__name__} has none: leave it out")
    return _object(source)


def labels_apart(source: Source, label: str | None, labels: Any) -> tuple[Source, str]:
    """The source with labels that are given apart, and what they are called in it.

    Args:
        source: without labels of its own.
        label: the column of labels that it has all the same, which is refused.
        labels: an array (N,), or a file or table of them: a `.npy`, or one with a column of a usual name.

    Raises:
        InputError: the source has its own labels, these cannot be read, or a column of both tells other pairs.
    """
    label = LABELS if label is None and LABELS in source.holds else label
    if label is not None:
        raise ArgumentError(f"labels are given apart, but {source.title} holds its own ({label}): leave them out")
    apart = open_source(labels)
    name = next(iter(apart.holds)) if len(apart.holds) == 1 else find_label(apart, None)
    if name is None:
        raise InputError(f"{apart.title} holds {', '.join(apart.holds)}, but no labels: call a column label")
    if isinstance(labels, str | Path):
        check_header(apart, name)
    check_same_rows(source, apart, name)

    def read(names: Sequence[str]) -> dict[str, Any]:
        wanted = [name for name in names if name != LABELS]
        own = source.read(wanted) if wanted else {}
        return {**own, LABELS: apart.read([name])[name]} if LABELS in names else own

    def batches(names: Sequence[str], rows: int) -> Iterator[dict[str, Any]]:
        assert source.batches is not None
        given, start = apart.read([name])[name], 0
        if len(given) != source.n_rows:
            raise InputError(f"{source.title} has {source.n_rows} rows, and there are {len(given)} labels: not equal")
        if list(names) == [LABELS]:
            yield {LABELS: given}
            return
        for own in source.batches([wanted for wanted in names if wanted != LABELS], rows):
            n = len(next(iter(own.values())))
            yield {**own, LABELS: given[start : start + n]} if LABELS in names else own
            start += n

    known = {LABELS: apart.class_names[name]} if name in apart.class_names else {}
    holds = {**source.holds, LABELS: apart.holds[name]}
    in_batches = batches if source.batches else None
    beside = tuple(column for column in apart.holds if column != name)
    about: dict[str, Any] = {"beside": beside, "twice": source.twice}
    about["labels_title"] = apart.title if isinstance(labels, str | Path) else None
    return Source(source.title, holds, read, known, in_batches, source.n_rows, **about), LABELS


def check_paired(values: Any, labels: Any) -> None:
    """Refuse objects of pandas, one or a dictionary of them, that may be paired with the labels by their index too."""
    columns = values if isinstance(values, Mapping) else {"values": values}
    check_same_order(**{str(name): column for name, column in columns.items()} | {"labels": labels})


def _named(name: str, split: str | None, revision: str | None, config_name: str | None, in_batches: bool) -> Source:
    if not name:
        raise ArgumentError("the source is '', but must be the path of a file or folder, or a name on the Hub")
    path = Path(name).expanduser()
    if (not path.exists() and not name.lower().endswith(tuple(READERS))) or name.startswith("hf://"):
        wanted = on_hub(name, revision, config_name)
        if wanted is not None:
            return _from_hub(wanted, split, in_batches)
    for what, value in (("revision", revision), ("configuration", config_name)):
        if value is not None:
            raise ArgumentError(f"a {what} is given, but {name!r} is a path: only a data set on the Hub has one")
    if path.is_dir():
        return _folder(path, split, in_batches)
    if split is not None and path.is_file():
        raise _no_splits(name)
    return read_files([path], in_batches=in_batches)


def _no_splits(name: str) -> ArgumentError:
    return ArgumentError(f"{name!r} is one file, but a split is named: leave out split=")


def _folder(path: Path, split: str | None, in_batches: bool) -> Source:
    if (path / "dataset_dict.json").is_file() or (path / "state.json").is_file():
        from datasets import load_from_disk

        with reading(repr(str(path)), "a folder of save_to_disk"):
            opened = _of_datasets(load_from_disk(str(path)), split, repr(str(path)))
            assert opened is not None
            return opened
    return read_files(files_of(path, split, READERS), in_batches=in_batches)


def _from_hub(wanted: OnHub, split: str | None, in_batches: bool) -> Source:
    if wanted.file is not None:
        if split is not None:
            raise _no_splits(wanted.name)
        return read_files([download(wanted)], in_batches=in_batches)
    opened = _of_datasets(load(wanted, split), None, wanted.name)
    assert opened is not None
    return opened


def _of_datasets(source: Any, split: str | None, title: str | None = None) -> Source | None:
    """The columns of an object of `datasets`; None of any other, without importing it."""
    datasets = sys.modules.get("datasets")
    if datasets is None:
        return None
    title = title or f"the {type(source).__name__}"
    if isinstance(source, datasets.DatasetDict | datasets.IterableDatasetDict):
        return _of_datasets(source[pick_split(source, split, title)], None, title)
    if not isinstance(source, datasets.Dataset | datasets.IterableDataset):
        return None
    if split is not None:
        raise ArgumentError(f"a split is named, but {title} is one split: leave it out")
    if isinstance(source, datasets.IterableDataset):
        return _of_stream(source, title)
    return of_arrow(
        title,
        source.features.arrow_schema,
        lambda names: source.select_columns(names).with_format("arrow")[:],
        read_batches=lambda names, rows: source.select_columns(names).with_format("arrow").iter(batch_size=rows),
        n_rows=len(source),
    )


def _of_stream(source: Any, title: str) -> Source:
    """The columns of a streamed data set, read in one pass: a second one can have another order."""
    if source.features is None:
        raise InputError(f"{title} does not tell its columns before it is read: stream it from Parquet files")
    schema = source.features.arrow_schema

    @cache
    def whole() -> pa.Table:
        parts = source.with_format("arrow").iter(batch_size=STREAMED_ROWS)
        return pa.concat_tables([schema.empty_table(), *(part.cast(schema) for part in parts)])

    return of_arrow(title, schema, lambda names: whole().select(names))


def _object(source: Any) -> Source:
    title = f"the {type(source).__name__}"
    if hasattr(source, "label_ids") and hasattr(source, "predictions"):
        return _of_trainer(source, title)
    if isinstance(source, tuple):
        return _of_pair(source)
    named = _named_columns(source, title)
    if named is not None:
        return named
    if isinstance(source, np.ndarray | list) or hasattr(source, "detach") or hasattr(source, "__array__"):
        return of_arrays("the array", {UNNAMED: source})
    raise ArgumentError(f"predictions are {type(source).__name__}, but must be a path, a Hub name, a table, or arrays")


def _of_pair(pair: tuple[Any, ...]) -> Source:
    if len(pair) != 2:
        raise InputError(f"a tuple of {len(pair)} is given, but must be the pair (values, labels)")
    values, labels = pair
    check_paired(values, labels)
    named = _of_datasets(values, None, "the pair") or _named_columns(values, "the pair")
    if named is None:
        return of_arrays("the pair", {UNNAMED: values, LABELS: labels})
    return labels_apart(named, None, labels)[0]  # names tell whose the columns are, and not their order


def _named_columns(source: Any, title: str) -> Source | None:
    """The columns of an object in memory that have names; None of an object without."""
    if is_frame(source):
        return _of_frame(source, title)
    if isinstance(source, pa.RecordBatch):
        source = pa.Table.from_batches([source])
    elif hasattr(source, "columns") and hasattr(source, "__arrow_c_stream__"):  # of polars, say
        with reading(title, "a table"):
            source = pa.table(source)
    if isinstance(source, pa.Table):
        return of_arrow(title, source.schema, source.select)
    if isinstance(source, np.ndarray) and source.dtype.names:
        return of_arrays(title, by_field(source))
    if isinstance(source, Mapping):
        return of_arrays(title, source)
    if isinstance(source, list) and source and isinstance(source[0], Mapping):
        return _of_rows(source, title)
    return None


def _of_rows(rows: list[Mapping[Any, Any]], title: str) -> Source:
    """Of dictionaries, one a sample; what one of them lacks is an empty cell."""
    odd = next((row for row in rows if not isinstance(row, Mapping)), None)
    if odd is not None:
        raise InputError(f"{title} holds dictionaries and {type(odd).__name__}, but must hold a dictionary a sample")
    columns: dict[str, pa.Array] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        with reading(f"{name!r} of {title}", "a column"):
            columns[str(name)] = pa.array([_as_cell(row.get(name)) for row in rows])
    table = pa.table(columns)
    return of_arrow(title, table.schema, table.select)


def _as_cell(value: Any) -> Any:
    """A tensor or array as Arrow takes it for a cell."""
    if not hasattr(value, "detach") and not isinstance(value, np.ndarray):
        return value
    array = to_numpy(value, "a cell")
    return array if array.ndim == 1 else array[()] if array.ndim == 0 else array.tolist()


def _of_trainer(output: Any, title: str) -> Source:
    """What `Trainer.predict` returns."""
    if isinstance(output.predictions, tuple):
        n = len(output.predictions)
        raise InputError(
            f"the predictions of {title} are a tuple of {n} outputs, but must be logits alone: give the pair "
            "(output.predictions[0], output.label_ids)"
        )
    if output.label_ids is None:
        raise InputError(f"{title} has no label_ids: predict on a data set with labels")
    return of_arrays(title, {UNNAMED: output.predictions, LABELS: output.label_ids})


def _of_frame(frame: Any, title: str) -> Source:
    names = [str(name) for name in frame.columns]
    unique = names if len({*names}) == len(names) else [str(place) for place in range(len(names))]
    frame = frame.set_axis(unique, axis=1)  # Arrow takes no name twice
    with reading(title, "a table"):
        table = pa.Table.from_pandas(frame, preserve_index=False).rename_columns(names)
    return of_arrow(title, table.schema, table.select)
