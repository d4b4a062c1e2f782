import json

import numpy as np
import pyarrow as pa
import pytest
import torch

from abstain import InputError
from abstain.logits.source import by_field, of_arrays, of_arrow, reading


def columns_of(**columns):
    table = pa.table(columns)
    return of_arrow("the table", table.schema, table.select)


def test_what_columns_hold_is_told_by_their_types():
    source = columns_of(
        i=[1],
        b=[True],
        f=[0.5],
        d=pa.array(["1.5"]).cast(pa.decimal128(5, 2)),
        t=["x"],
        c=pa.array(["x"]).dictionary_encode(),
        l=[[1.0, 2.0]],
        n=[[[1.0], [2.0]]],
        w=[["a"]],
        s=[{"bytes": b""}],
    )
    kinds = "integers integers numbers numbers texts texts lists lists other other".split()
    assert list(source.holds.values()) == kinds
    read = source.read(["d", "c", "l", "n"])
    assert read["d"].tolist() == [1.5] and read["c"].tolist() == ["x"]
    assert read["l"].shape == (1, 2) and read["n"].tolist() == [[[1], [2]]]


def test_lists_of_a_slice_and_of_a_fixed_size_are_their_rows():
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), 3)
    table = pa.table({"fixed": fixed, "free": fixed.cast(pa.list_(pa.float32()))}).slice(1, 2)
    source = of_arrow("the table", table.schema, table.select)
    for read in source.read(["fixed", "free"]).values():
        assert np.array_equal(read, values[1:3]) and read.dtype == np.float32


def test_classes_are_those_that_datasets_writes_down():
    features = {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}, "x": {"dtype": "int64", "_type": "Value"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    schema = pa.schema({"label": pa.int64(), "x": pa.int64()}, metadata=metadata)
    assert of_arrow("it", schema, lambda names: None).class_names == {"label": ("no", "yes")}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1.0, None]}, "the column 'a' of the table has 1 empty cell, the first in row 1"),
        ({"a": [[1.0, 2.0], [None, 2.0]]}, "has 1 empty cell, the first in row 1"),
        ({"a": [[1.0, 2.0], None, None]}, "has 2 empty cells, the first in row 1"),
        ({"a": [[1.0], [1.0, 2.0]]}, "has rows of 1 and of 2 numbers"),
        ({"a": pa.array([], pa.float64())}, "the table has no row"),
    ],
)
def test_empty_cells_and_ragged_rows_are_said(columns, message):
    with pytest.raises(InputError, match=message):
        columns_of(**columns).read(["a"])


def test_two_columns_of_one_name_are_refused_once_they_are_used():
    table = pa.table([[1], [2], [3]], names=["label", "label", "logit"])
    source = of_arrow(
        "the table", table.schema, table.select, read_batches=lambda names, _: iter([table.select(names)]), n_rows=1
    )
    assert source.read(["logit"])["logit"].tolist() == [3] and list(source.holds) == ["label", "logit"]
    for use in (source.read, source.records, lambda names: next(source.batches(names, 1))):
        with pytest.raises(InputError, match="has several columns called 'label': rename all but one of each"):
            use(["logit", "label"])


@pytest.mark.parametrize("kind", [pa.list_view, pa.large_list_view, pa.large_list])
def test_rows_of_every_kind_of_list_are_read(kind):
    rows = pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], kind(pa.float32()))
    table = pa.table({"z": rows.take(pa.array([2, 0])), "part": rows[1:]})
    source = of_arrow("the table", table.schema, table.select)
    assert source.holds == {"z": "lists", "part": "lists"}
    assert source.read(["z"])["z"].tolist() == [[5, 6], [1, 2]]
    assert source.read(["part"])["part"].tolist() == [[3, 4], [5, 6]]
    maps = pa.table({"m": pa.array([[[1.0, 2.0], [3.0, 4.0]]], kind(kind(pa.float32())))})
    assert of_arrow("it", maps.schema, maps.select).read(["m"])["m"].tolist() == [[[1, 2], [3, 4]]]
    odd = pa.table({"z": pa.array([[1.0], [1.0, 2.0]], kind(pa.float32()))})
    with pytest.raises(InputError, match="rows of 1 and of 2 numbers"):
        of_arrow("it", odd.schema, odd.select).read(["z"])


def test_arrays_are_taken_as_they_are():
    tensor = torch.ones(2, 3, dtype=torch.bfloat16)
    source = of_arrays(
        "it", {"t": tensor, "y": [0, 1], "w": np.array(["a", "b"], dtype=object), "x": 3.0, "m": [[1], [2]]}
    )
    assert list(source.holds.values()) == ["lists", "integers", "texts", "other", "lists"]
    assert source.read(["t"])["t"] is tensor
    with pytest.raises(InputError, match="y of it is masked at 1 places"):
        of_arrays("it", {"y": np.ma.array([1, 2], mask=[0, 1])})
    assert of_arrays("it", {"y": np.ma.array([1, 2])}).holds == {"y": "integers"}


def test_what_a_library_raises_becomes_one_sentence():
    why = r"\(first, and more\): it is damaged, cut short or of another kind, so write or download it anew"
    with pytest.raises(InputError, match=rf"^the file cannot be read as \.csv {why}$"), reading("the file", ".csv"):
        raise IndexError("first. and more.\nsecond")
    with pytest.raises(InputError, match=r"\(no comma in row 3, counted from 0\): mend or take out that line"):
        with reading("the file", ".jsonl"):
            raise ValueError("no comma in row 3")
    with (
        pytest.raises(InputError, match=r"^the list cannot be read as a table: first$"),
        reading("the list", "a table"),
    ):
        raise IndexError("first")
    with pytest.raises(MemoryError), reading("the file", ".csv"):
        raise MemoryError


def test_a_source_without_columns_is_empty():
    for empty in (lambda: of_arrays("the dict", {}), lambda: columns_of()):
        with pytest.raises(InputError, match="is empty: it has no column, but must hold values and labels"):
            empty()


def test_fields_of_a_structured_array_are_its_columns():
    array = np.array([(1, 0.5), (0, 2.5)], dtype=[("label", "i4"), ("p", "f8")])
    columns = by_field(array)
    assert list(columns) == ["label", "p"] and columns["p"].tolist() == [0.5, 2.5]
    assert of_arrays("it", columns).holds == {"label": "integers", "p": "numbers"}
