import numpy as np
import pandas as pd
import pytest
import torch

from abstain import InputError
from abstain.logits import read_predictions
from abstain.logits.labels_file import check_header, check_same_rows
from abstain.logits.source import of_arrays

VALUES = pd.DataFrame({"id": [7, 8, 9], "logit_0": [0.0, 3.0, 1.0], "logit_1": [1.0, 0.0, 2.0]})
LABELS = pd.DataFrame({"id": [7, 8, 9], "label": [1, 0, 0]})


@pytest.fixture
def written(tmp_path):
    """Both as files; the labels in the order that is asked for."""

    def write(labels):
        labels.to_csv(tmp_path / "labels.csv", index=False)
        VALUES.to_csv(tmp_path / "values.csv", index=False)
        VALUES.to_parquet(tmp_path / "values.parquet")
        return tmp_path

    return write


@pytest.mark.parametrize("name", ["values.csv", "values.parquet"])
def test_labels_of_other_rows_are_refused_and_of_the_same_rows_taken(written, name):
    folder = written(LABELS)
    predictions = read_predictions(folder / name, labels=folder / "labels.csv")
    assert predictions.labels.tolist() == [1, 0, 0]
    assert predictions.used == "2 logits: logit_0, logit_1; labels: labels; not used: id; not used of the labels: id"
    written(LABELS[::-1])
    with pytest.raises(InputError, match=r"both have a column 'id', .*\(row 0, counted from 0: 7 and 9\).*one order"):
        read_predictions(folder / name, labels=folder / "labels.csv")


def test_tables_in_memory_are_compared_too():
    for shuffled in (LABELS[::-1].reset_index(drop=True), LABELS.assign(id=["7", "8", "x"])):
        with pytest.raises(InputError, match="both have a column 'id', whose values differ"):
            read_predictions((VALUES, shuffled))
    assert read_predictions((VALUES, LABELS.assign(id=["7", "8", "9"]))).labels.tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("name", "own", "given", "are_refused"),
    [
        ("id", ["a", "b"], ["b", "a"], True),
        ("id", [0.5, 1.5], [0.5, 2.5], True),
        ("id", torch.tensor([1, 2]), [1, 3], True),
        ("id", [1, 2], [1, 2, 3], False),  # another sentence tells lengths
        ("logit_0", [0.5, 1.5], [0.5, 2.5], False),  # of another model
        ("prediction", [0, 1], [1, 1], False),
        ("tokens", [[1], [2]], [[1], [3]], False),
        ("", [0, 1], [5, 6], False),  # counted anew
        ("", [0, 1], [1, 0], True),
        ("label", [0, 1], [1, 0], False),
    ],
)
def test_a_column_of_both_tells_the_rows_unless_a_model_gave_it(name, own, given, are_refused):
    source, apart = (
        of_arrays("the values", {name: own}),
        of_arrays("the labels", {name: given, "label": [0] * len(given)}),
    )
    if are_refused:
        with pytest.raises(InputError, match="whose values differ"):
            check_same_rows(source, apart, "label")
    else:
        check_same_rows(source, apart, "label")


def test_a_column_with_empty_cells_tells_nothing():
    values = VALUES.assign(note=["x", None, None])
    assert read_predictions((values, LABELS.assign(note=[None, "x", "y"]))).labels.tolist() == [1, 0, 0]


@pytest.mark.parametrize("lines", ["1\n0\n0\n", "1.0\n0\n0\n", "cat\ncat\ndog\n"])
def test_a_file_of_labels_without_a_header_is_refused(tmp_path, lines):
    (tmp_path / "labels.csv").write_text(lines)
    with pytest.raises(InputError, match="which may be the first label of a file without a header: give it a header"):
        read_predictions(np.eye(2), labels=tmp_path / "labels.csv", class_names="cat,dog")


def test_a_column_of_any_other_name_is_one():
    for name in ("label", "7th", "model 2"):
        check_header(of_arrays("it", {name: ["cat", "dog"]}), name)
    assert read_predictions(np.eye(2), labels=pd.DataFrame([1, 0])).labels.tolist() == [1, 0]
