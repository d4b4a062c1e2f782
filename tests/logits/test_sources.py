import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from abstain import InputError
from abstain.logits import read_predictions
from abstain.logits.sources import labels_apart, open_source

FRAME = pd.DataFrame({"logits": [[0.0, 2.0], [3.0, 1.0]], "label": [1, 0]})


def test_a_saved_folder_is_its_rows_and_its_splits(tmp_path):
    data = datasets.Dataset.from_pandas(FRAME).cast_column("label", datasets.ClassLabel(names=["no", "yes"]))
    data.save_to_disk(tmp_path / "one")
    source = open_source(tmp_path / "one")
    assert source.read(["label"])["label"].tolist() == [1, 0] and source.class_names["label"] == ("no", "yes")
    datasets.DatasetDict(a=data, b=data.select([1])).save_to_disk(tmp_path / "two")
    assert open_source(tmp_path / "two", split="b").read(["label"])["label"].tolist() == [0]
    with pytest.raises(InputError, match=r"holds the splits a, b: name one with split="):
        open_source(tmp_path / "two")
    (tmp_path / "two" / "dataset_dict.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read as a folder of save_to_disk"):
        open_source(tmp_path / "two", split="b")


def test_a_stream_is_read_in_one_pass_whatever_its_order():
    rows, random = 500, np.random.default_rng(0)
    logits = random.normal(size=(rows, 3)).astype(np.float32)
    data = datasets.Dataset.from_dict({"logits": list(logits), "label": logits.argmax(axis=1), "id": list("ab" * 250)})
    stream = data.to_iterable_dataset(num_shards=5).shuffle(buffer_size=100)  # without a seed, each pass has its own
    for source, how in ((stream, {}), (datasets.IterableDatasetDict(test=stream), {"split": "test"})):
        found = read_predictions(source, **how)
        assert found.used == "3 logits: logits; labels: label; not used: id"
        assert len(found.labels) == rows and (found.values.numpy().argmax(axis=1) == found.labels).all()


def test_only_what_is_wanted_of_a_data_set_is_decoded():
    class Undecodable(Exception):
        pass

    def fail(batch):
        raise Undecodable

    data = datasets.Dataset.from_pandas(FRAME.assign(image=["x", "y"])).with_transform(fail)
    assert open_source(data).read(["label"])["label"].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("source", "how", "message"),
    [
        (
            datasets.IterableDataset.from_generator(iter, gen_kwargs={}),
            {},
            "does not tell its columns before it is read",
        ),
        (datasets.Dataset.from_pandas(FRAME), {"split": "test"}, "a split is named, but the Dataset is one split"),
        ("nobody/nothing", {"split": "test"}, "neither a file or folder here nor to be had from the Hub"),
        ("hf://datasets/nobody/nothing", {}, "neither a file or folder here nor to be had from the Hub"),
        ("nowhere/data.csv", {}, "there is no file or folder 'nowhere/data.csv'"),
        ("nowhere", {}, "there is no file or folder 'nowhere': give a path that exists, or a data set on the Hub"),
        (object(), {}, "predictions are object, but must be a path, a Hub name, a table, or arrays"),
    ],
)
def test_what_is_no_source_is_one_sentence(source, how, message):
    with pytest.raises(InputError, match=message) as caught:
        open_source(source, **how)
    assert "\n" not in str(caught.value)


def test_a_table_may_have_two_columns_of_one_name_that_are_not_used():
    source = open_source(pd.DataFrame([[1, 2, 3.5]], columns=["a", "a", "b"]))
    assert list(source.holds) == ["a", "b"] and source.read(["b"])["b"].tolist() == [3.5]
    with pytest.raises(InputError, match="several columns called 'a'"):
        source.read(["a"])


def test_a_path_has_neither_split_nor_revision(tmp_path):
    (tmp_path / "a.csv").write_text("label,score\n1,2\n")
    for how, message in (
        ({"split": "x"}, "is one file, but a split is named: leave out split="),
        ({"revision": "x"}, "is a path: only a data set"),
    ):
        with pytest.raises(InputError, match=message):
            open_source(tmp_path / "a.csv", **how)


def test_an_existing_folder_is_no_name_on_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "user" / "name").mkdir(parents=True)
    FRAME.to_parquet("user/name/test.parquet")
    assert list(open_source("user/name").holds) == ["logits", "label"]


def test_labels_may_lie_apart_in_an_array_or_a_file(tmp_path):
    source = open_source(np.eye(2))
    (tmp_path / "y.csv").write_text("id,Target\n7,1\n8,0\n")
    for labels in (np.array([1, 0]), pa.table({"anything": [1, 0]}), tmp_path / "y.csv"):
        joined, name = labels_apart(source, None, labels)
        assert joined.read([name, "values"])[name].tolist() == [1, 0] and list(joined.holds) == ["values", name]
    with pytest.raises(InputError, match=r"holds its own .label.: leave them out"):
        labels_apart(source, "label", [0, 1])
    (tmp_path / "y.csv").write_text("id,kind\n7,1\n")
    with pytest.raises(InputError, match="holds id, kind, but no labels: call a column label"):
        labels_apart(source, None, tmp_path / "y.csv")
    with pytest.raises(InputError, match=r"there is no file or folder '.*nothing\.npy'"):
        labels_apart(source, None, tmp_path / "nothing.npy")


def test_a_pair_with_a_table_keeps_the_names_of_its_columns():
    names = np.array(["cat", "dog", "eel"])
    values, labels = pd.DataFrame(np.eye(3) * 9, columns=["eel", "cat", "dog"]), names[[2, 0, 1]]
    predictions = read_predictions((values, pd.Series(labels)))
    assert predictions.class_names == ("cat", "dog", "eel") and predictions.values.argmax(dim=1).tolist() == [2, 0, 1]
    assert predictions.labels.tolist() == [2, 0, 1]
    with pytest.raises(InputError, match="'label' and 'labels', which can both be the labels"):
        read_predictions((values.assign(label=labels), labels))


class Derived(pd.DataFrame):
    """A table as other libraries derive it."""


class Exported:
    """A table as that of polars: its columns have names, and Arrow takes them."""

    columns = ("id", "logit_1", "logit_0")

    def __init__(self, frame):
        self._table = pa.Table.from_pandas(frame)

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)

    def __array__(self, *args, **kwargs):
        raise AssertionError("its names would be lost")


WIDE = pd.DataFrame({"id": [7, 8, 9], "logit_1": [1.0, 2.0, 3.0], "logit_0": [4.0, 0.0, 5.0]})
TABLES = {
    "frame": WIDE,
    "derived": Derived(WIDE),
    "Arrow table": pa.Table.from_pandas(WIDE),
    "record batch": pa.RecordBatch.from_pandas(WIDE),
    "exported": Exported(WIDE),
    "data set": datasets.Dataset.from_pandas(WIDE),
    "records": WIDE.to_records(index=False),
    "dictionary": {name: WIDE[name].to_numpy() for name in WIDE},
    "list of dictionaries": WIDE.to_dict("records"),
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_columns_of_every_table_go_by_their_names(table):
    for predictions in (read_predictions((table, [0, 1, 0])), read_predictions(table, labels=[0, 1, 0])):
        assert predictions.values.tolist() == [[4, 1], [0, 2], [5, 3]] and predictions.labels.tolist() == [0, 1, 0]
        assert predictions.used == "2 logits: logit_0, logit_1; labels: labels; not used: id"


def test_the_columns_of_every_table_may_hold_the_labels():
    labelled = WIDE.assign(label=[0, 1, 0])
    for table in (Derived(labelled), pa.RecordBatch.from_pandas(labelled), labelled.to_records(), Exported(labelled)):
        predictions = read_predictions(table)
        assert predictions.values.tolist() == [[4, 1], [0, 2], [5, 3]] and predictions.labels.tolist() == [0, 1, 0]


def test_dictionaries_of_samples_hold_what_models_give():
    rows = [
        {"logits": torch.tensor([0.25, 2.0]), "label": torch.tensor(1), "image": np.zeros((2, 2)), "text": "x"},
        {"label": np.int64(0), "logits": torch.tensor([3.0, 1.5]), "image": np.ones((2, 2)), "text": "y"},
    ]
    predictions = read_predictions(rows)
    assert predictions.values.tolist() == [[0.25, 2.0], [3.0, 1.5]] and predictions.labels.tolist() == [1, 0]
    for row, message in (
        ({"label": 1}, "the column 'logits' of the list has 1 empty cell, the first in row 2"),
        ({"label": 1, "logits": object()}, "'logits' of the list cannot be read as a column"),
        (7, "the list holds dictionaries and int, but must hold a dictionary a sample"),
    ):
        with pytest.raises(InputError, match=message):
            read_predictions([*rows, row])


def test_a_dictionary_of_series_is_paired_by_place_only_where_that_is_clear():
    series = {"logits": pd.Series([[0.0, 1.0], [2.0, 0.0]])}
    labels = pd.Series([1, 0], index=[1, 0])
    for pair in (lambda: read_predictions((series, labels)), lambda: read_predictions(series, labels=labels)):
        with pytest.raises(InputError, match="the indexes of logits and labels hold the same rows in another order"):
            pair()


def test_labels_beside_a_column_of_that_name_are_refused():
    with pytest.raises(InputError, match=r"the pair holds its own .labels.: leave them out"):
        read_predictions((WIDE.assign(labels=[1, 1, 1]), [0, 1, 0]))
