import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

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
        (datasets.Dataset.from_pandas(FRAME).to_iterable_dataset(), {}, "which has no rows yet: write it to Parquet"),
        (datasets.Dataset.from_pandas(FRAME), {"split": "test"}, "a split is named, but the Dataset is one split"),
        ("nobody/nothing", {"split": "test"}, "neither a file or folder here nor to be had from the Hub"),
        ("hf://datasets/nobody/nothing", {}, "neither a file or folder here nor to be had from the Hub"),
        ("nowhere/data.csv", {}, "the file 'nowhere/data.csv' does not exist"),
        ("nowhere", {}, "unknown kind of file 'nowhere'"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), {}, "Duplicate column names|several columns called 'a'"),
        (object(), {}, "predictions are object, but must be a path, a Hub name, a table, or arrays"),
    ],
)
def test_what_is_no_source_is_one_sentence(source, how, message):
    with pytest.raises(InputError, match=message) as caught:
        open_source(source, **how)
    assert "\n" not in str(caught.value)


def test_a_path_has_neither_split_nor_revision(tmp_path):
    (tmp_path / "a.csv").write_text("label,score\n1,2\n")
    for how, message in (
        ({"split": "x"}, "is one file: leave it out"),
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
    with pytest.raises(InputError, match=r"the file '.*nothing\.npy' does not exist"):
        labels_apart(source, None, tmp_path / "nothing.npy")


def test_a_pair_with_a_table_keeps_the_names_of_its_columns():
    names = np.array(["cat", "dog", "eel"])
    values, labels = pd.DataFrame(np.eye(3) * 9, columns=["eel", "cat", "dog"]), names[[2, 0, 1]]
    predictions = read_predictions((values, pd.Series(labels)))
    assert predictions.class_names == ("cat", "dog", "eel") and predictions.values.argmax(dim=1).tolist() == [2, 0, 1]
    assert predictions.labels.tolist() == [2, 0, 1]
    with pytest.raises(InputError, match="'label' and 'labels', which can both be the labels"):
        read_predictions((values.assign(label=labels), labels))
