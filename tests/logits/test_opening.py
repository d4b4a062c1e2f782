import numpy as np
import pandas as pd
import pytest

from abstain import InputError
from abstain.logits.opening import open_columns, stacked
from abstain.logits.value_columns import ValueColumns

FRAME = pd.DataFrame({"b": [1.0, 2.0], "a": [3.0, 4.0], "label": ["a", "b"], "id": [7, 8]})


def test_columns_called_as_the_labels_are_chosen_by_them(tmp_path):
    FRAME.to_parquet(tmp_path / "test.parquet")
    for in_batches in (False, True):
        opening = open_columns(tmp_path / "test.parquet", in_batches=in_batches)
        assert opening.choice.values.columns == ("a", "b") and opening.choice.label == "label"
        assert opening.classes == ("a", "b") and opening.in_batches == in_batches
        assert opening.ordered_names(opening.choice.values, 2) is None, "the columns' names tell the order"
    assert "not used: id" in opening.describe([], grouped=False, n_ignored=0)


def test_of_labels_only_the_names_are_read(tmp_path):
    pd.concat([FRAME] * 100).to_parquet(tmp_path / "test.parquet", row_group_size=3)
    opening = open_columns(tmp_path / "test.parquet", in_batches=True)
    assert opening.labels.tolist() == ["a", "b"]
    assert len(open_columns(tmp_path / "test.parquet", in_batches=False).labels) == 200
    assert open_columns(FRAME, in_batches=True).labels.tolist() == ["a", "b"], "in memory as they are"


@pytest.mark.parametrize("in_batches", [False, True])
def test_values_without_labels_are_refused(tmp_path, in_batches):
    pd.DataFrame({"logits": [[1.0, 2.0]]}).to_parquet(tmp_path / "test.parquet")
    with pytest.raises(InputError, match=r"holds values .logits., but no labels by their name"):
        open_columns(tmp_path / "test.parquet", in_batches=in_batches)


@pytest.mark.parametrize("in_batches", [False, True])
def test_labels_of_texts_and_numbers_are_refused_wherever_they_stand(tmp_path, in_batches):
    frame = pd.DataFrame({"logit_0": np.zeros(9), "logit_1": np.ones(9), "label": ["1"] * 8 + ["dog"]})
    frame.to_parquet(tmp_path / "test.parquet", row_group_size=4)
    with pytest.raises(InputError, match="hold the number 1 and the text 'dog'"):
        open_columns(tmp_path / "test.parquet", in_batches=in_batches)


def test_columns_are_stacked_in_the_order_of_the_classes():
    columns = {"p": np.array([1.0, 2.0]), "q": np.array([3.0, 4.0])}
    assert stacked(columns, ValueColumns(("q", "p"))).tolist() == [[3, 1], [4, 2]]
    assert stacked(columns, ValueColumns(("p",))).tolist() == [[1], [2]]
    assert stacked({"z": np.eye(2)}, ValueColumns(("z",))).tolist() == np.eye(2).tolist()


def test_values_and_labels_of_two_splits_are_refused_unless_both_are_named(tmp_path):
    np.savez(tmp_path / "data.npz", val_logits=np.eye(2), test_labels=[0, 1])
    with pytest.raises(InputError, match="has test_labels and val_logits, whose names are of two splits: name the lab"):
        open_columns(tmp_path / "data.npz", in_batches=False)
    told = {"label_column": "test_labels", "logit_columns": "val_logits"}
    assert open_columns(tmp_path / "data.npz", in_batches=False, **told).choice.label == "test_labels"
    for values, labels in (("valid_logits", "y_val"), ("test_logits", "labels"), ("logits", "test_labels")):
        assert open_columns({values: np.eye(2), labels: [0, 1]}, in_batches=False).choice.label == labels
    classes = {"dev_ops": [1.0, 0.5], "test_bed": [0.2, 0.1], "test_labels": ["dev_ops", "test_bed"]}
    assert open_columns(classes, in_batches=False).choice.values.columns == ("dev_ops", "test_bed")
    assert open_columns({"test_logits": np.eye(2)}, in_batches=False, labels=[0, 1]).choice.label == "labels"


STARS = pd.DataFrame({"prob_1": [0.75, 0.0, 0.0], "prob_2": [0.25, 1.0, 0.0], "prob_3": [0.0, 0.0, 1.0]})


@pytest.mark.parametrize("in_batches", [False, True])
@pytest.mark.parametrize(
    ("labels", "told", "names", "indices"),
    [
        ([1, 2, 3], {}, ("1", "2", "3"), [0, 1, 2]),
        (["1", "2", "3"], {}, ("1", "2", "3"), [0, 1, 2]),
        ([1, -100, 3], {"ignore_index": -100}, ("1", "2", "3"), [0, -100, 2]),
        ([1, 2, 3], {"logit_columns": "prob_3,prob_1,prob_2"}, ("3", "1", "2"), [1, 2, 0]),
        ([1, 2, 2], {"class_names": "1,2,3"}, ("1", "2", "3"), [0, 1, 1]),
        ([1, 2, 2], {"class_names": "0,1,2", "logit_columns": "prob"}, ("0", "1", "2"), [1, 2, 2]),
        ([0, 2, 2], {"logit_columns": "prob"}, None, [0, 2, 2]),
        (["b", "a", "a"], {"class_names": "a,b,c"}, ("a", "b", "c"), [1, 0, 0]),
    ],
)
def test_columns_numbered_from_one_are_of_the_labels_with_their_numbers(
    tmp_path, in_batches, labels, told, names, indices
):
    STARS.assign(label=labels).to_parquet(tmp_path / "test.parquet", row_group_size=2)
    opening = open_columns(tmp_path / "test.parquet", in_batches=in_batches, **told)
    assert opening.class_names(opening.choice.values) == names
    column = opening.source.read(["label"])["label"]
    assert opening.indices(column, opening.choice.values).tolist() == indices


@pytest.mark.parametrize("in_batches", [False, True])
@pytest.mark.parametrize(
    ("labels", "told", "message"),
    [
        ([1, 2, 2], {}, "give class_names=1,2,3 or class_names=0,1,2"),
        ([1, 2, 2], {"logit_columns": "prob_1,prob_2,prob_3"}, "give class_names=1,2,3 or class_names=0,1,2"),
        ([0, 1, 2], {}, "but 0 is not there once"),
        (["a", "b", "c"], {}, "but 0 is not there once"),
        (["a", "b", "c"], {"ignore_index": -100}, "ignore_index is -100, but the labels 'label' are names: leave it"),
        ([1, 2, 3], {"class_names": "a,b,a"}, "class_names holds 'a' twice, but each names one class"),
    ],
)
def test_columns_whose_classes_nothing_tells_are_refused(tmp_path, in_batches, labels, told, message):
    STARS.assign(label=labels).to_parquet(tmp_path / "test.parquet", row_group_size=2)
    with pytest.raises(InputError, match=message):
        open_columns(tmp_path / "test.parquet", in_batches=in_batches, **told)
