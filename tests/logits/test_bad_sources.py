import gzip

import datasets
import numpy as np
import pandas as pd
import pytest
from transformers.trainer_utils import PredictionOutput

from abstain import InputError
from abstain.logits import read_or_open, read_predictions

LOGITS = np.array([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0], [1.5, 1.25, 0.0], [0.0, 4.0, 1.0]], dtype=np.float32)
LABELS = np.array([0, 2, 1, 1])
FRAME = pd.DataFrame({"logits": list(LOGITS), "label": LABELS})


def test_a_header_that_is_no_header_is_never_dropped(tmp_path):
    (tmp_path / "a.csv").write_text("# made by me\nlabel,logit_0,logit_1\n0,1.0,2.0\n")
    with pytest.raises(InputError):
        read_predictions(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("label,logit_0,logit_1\n#0,1.0,2.0\n1,0.5,2.0\n")
    with pytest.raises(InputError, match="'#0'"):
        read_predictions(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("z0,z1,label\n1,2,0\n3,oops,1\n", "holds 'oops', but must hold numbers|none that holds"),
        ("z0,z1,label\n1,2,0\n3,,1\n", "the column 'z1' of .* has 1 empty cell, the first in row 1"),
        ("logit_0,logit_1,kind\n1,2,0\n", "holds values .*, but no labels by their name"),
        ("z0,z1,label\n1,2,0.5\n", "a label is 0.5, but must be a whole number"),
        ("z0,z1,label\n", "at least one sample"),
        (
            "z0,z1,label\n1,2\n3,4\n",
            "cannot be read as .csv: row 0 .counted from 0. has 2 cells, but there are 3 columns",
        ),
        ("z0,z1,label,label\n1,2,0,0\n", "several columns called 'label': rename all but one"),
        ("z0,z1,label,target\n1,2,0,0\n", "'label' and 'target', which can both be the labels: .*label_column"),
        ("logit_0,logit_1,prob_0,prob_1,label\n1,2,0,1,0\n", "logit_0, logit_1|can all be the values.*logit_columns"),
        ("logit_0,logit_2,label\n1,2,0\n", "numbers should be those of the classes, from 0 to 1, but 1 is not there"),
        ("logit_1,logit_2,label\n1,2,0\n", "but 0 is not there once"),
        ("label,score\n1,0.2\n0,0.4\n", "one column within .0, 1. may be the probability of class 1, or a logit"),
        ("label,prediction,probability\n1,1,0.8\n", "as values of the classes .* and as a confidence .*input="),
        ("prob_0,prob_1,label\n3,-2,0\n", "the names say probabilities, but the values are logits"),
        ("correct,confidence\n2,0.5\n", "must be 1 where a sample is right and 0 elsewhere"),
        ("label,prediction,correct,confidence\n1,1,0,0.8\n", "disagree on the errors, on 1 samples"),
        ("label,prediction,confidence\n-100,1,0.8\n", "ignore_index=-100"),
        ("confidence\n1\n", "but none that holds logits"),
        (",logit_0,logit_1\n0,1,2\n", "but no labels by their name"),
        ("label,logit_0,logit_1\n,1,2\n0,1,2\n", "has 1 empty cell, the first in row 0"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path, text, message):
    (tmp_path / "data.csv").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_predictions(tmp_path / "data.csv")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "how", "message"),
    [
        (LOGITS, {}, "but no labels by their name"),
        ((LOGITS, LABELS, LABELS), {}, "a tuple of 3 is given, but must be the pair"),
        ((LOGITS, LABELS), {"labels": LABELS}, "labels are given apart, but the pair holds its own"),
        ((LOGITS, LABELS), {"split": "test"}, "a split is named, but tuple has none"),
        ((LOGITS, LABELS), {"revision": "main"}, "only a data set on the Hub has one"),
        ((LOGITS, LABELS), {"input": "logit"}, "unknown input 'logit': did you mean 'logits'"),
        (FRAME, {"label_column": "lable"}, "has no column 'lable' .label_column.: did you mean 'label'"),
        (FRAME, {"logit_columns": "logit"}, "has no column 'logit' .logit_columns.: did you mean 'logits'"),
        (FRAME, {"logit_columns": 3}, "logit_columns is 3, but must be names, or a text"),
        (FRAME, {"logit_columns": []}, "logit_columns is .., but must be names, or a text"),
        (FRAME, {"label_column": 3}, "has no column '3' .label_column."),
        (FRAME, {"input": "confidence"}, "but no confidence with what tells the errors"),
        (PredictionOutput((LOGITS, LOGITS), LABELS, {}), {}, "are a tuple of 2 outputs.*output.predictions.0."),
        (PredictionOutput(LOGITS, None, {}), {}, "has no label_ids"),
        (7, {}, "predictions are int, but must be a path"),
        ((np.ma.array(LOGITS, mask=LOGITS > 3), LABELS), {}, "is masked at 1 places"),
        (([[1.0, 2.0], [1.0]], [0, 1]), {}, "lists of unequal lengths"),
        (pd.DataFrame({"logits": [[1.0, 2.0], [1.0]], "label": [0, 1]}), {}, "has rows of 1 and of 2 numbers"),
        (pd.DataFrame({"logits": [[1.0, 2.0], None], "label": [0, 1]}), {}, "has 1 empty cell, the first in row 1"),
        (
            datasets.DatasetDict(a=datasets.Dataset.from_pandas(FRAME), b=datasets.Dataset.from_pandas(FRAME)),
            {},
            "a, b",
        ),
        ("no/such/file.csv", {}, "there is no file or folder 'no/such/file.csv'"),
        ("nobody/nothing", {}, "neither a file or folder here nor to be had from the Hub"),
        ("hf://datasets/nobody/nothing@v1/data/test.parquet", {}, "nor to be had from the Hub"),
        ("file.pkl", {}, "there is no file or folder 'file.pkl'"),
    ],
)
def test_a_bad_source_is_one_sentence(source, how, message):
    with pytest.raises(InputError, match=message) as caught:
        read_predictions(source, **how)
    assert "\n" not in str(caught.value)


def test_a_gz_file_that_is_none_is_one_sentence(tmp_path):
    (tmp_path / "a.csv.gz").write_text("label,logit_0,logit_1\n")
    with pytest.raises(InputError, match=r"cannot be read as \.csv\.gz"):
        read_predictions(tmp_path / "a.csv.gz")
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write("label,logit_0,logit_1\n1,0.5,2.5\n")
    assert read_predictions(tmp_path / "a.csv.gz").values.tolist() == [[0.5, 2.5]]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("label", 9, r"a label is 9, but .*: mend row 7 \(counted from 0\)"),
        ("label", -3, r"a label is -3, but .*: mend row 7 \(counted from 0\), or if .* ignore_index=-3"),
        ("logit_1", np.inf, r"1 of .* rows.* hold NaN or infinite values.*the first is row 7 \(counted from 0\)"),
        ("logit_1", 1e35, r"a value is 1e\+35.*the first is row 7 \(counted from 0\)"),
        ("logit_1", "oops", r"'logit_1' holds 'oops', but must hold numbers: mend row 7 \(counted from 0\)"),
    ],
)
@pytest.mark.parametrize("ignored", [None, -1])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_file_is_named_once_and_the_first_wrong_row_as_it_is_counted_there(
    tmp_path, kind, ignored, column, value, said
):
    rows = np.random.default_rng(0).normal(scale=5, size=(20, 3))
    frame = pd.DataFrame(rows, columns=["logit_0", "logit_1", "logit_2"]).assign(label=[0, 1, 2, 1] * 5)
    if ignored is not None:
        frame.loc[[0, 3], "label"] = ignored
    frame[column] = frame[column].astype(object if isinstance(value, str) else frame[column].dtype)
    frame.loc[7, column] = value
    frame[column] = frame[column].astype(str) if isinstance(value, str) else frame[column]
    path = tmp_path / f"bad.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    for read in (read_predictions, read_or_open, lambda *a, **k: read_or_open(*a, large=1, **k)):
        with pytest.raises(InputError, match=said) as caught:
            found = read(path, ignore_index=ignored)
            list(found.in_batches().batches())
        assert str(caught.value).startswith(f"in '{path}' ") and str(caught.value).count(str(tmp_path)) == 1


@pytest.mark.parametrize("ignored", [None, -1])
@pytest.mark.parametrize("name", ["probability", "score"])
def test_one_column_of_probabilities_names_the_first_row_that_is_none(tmp_path, name, ignored):
    frame = pd.DataFrame({name: np.linspace(0.1, 0.9, 20), "label": [0, 1] * 10})
    if ignored is not None:
        frame.loc[[0, 3], "label"] = ignored
    frame.loc[[7, 9], name] = 1.5
    frame.to_csv(tmp_path / "bad.csv", index=False)
    told = {"input": "probabilities"} if name == "score" else {}
    for read in (read_predictions, lambda *a, **k: read_or_open(*a, large=1, **k)):
        with pytest.raises(InputError, match=r"row 7 \(counted from 0\)"):
            list(read(tmp_path / "bad.csv", ignore_index=ignored, **told).in_batches().batches())


def test_labels_of_another_file_are_named_beside_the_values(tmp_path):
    np.save(tmp_path / "z.npy", np.eye(3))
    np.save(tmp_path / "y.npy", [0, 1, 7])
    with pytest.raises(InputError, match=r"^in '.*z\.npy' with the labels of '.*y\.npy' a label is 7, .* mend row 2 "):
        read_predictions(tmp_path / "z.npy", labels=tmp_path / "y.npy")
    (tmp_path / "y.npy").write_bytes(b"")
    with pytest.raises(InputError, match=r"^'[^']*y\.npy' is empty, of 0 bytes, but must hold values and labels"):
        read_predictions(tmp_path / "z.npy", labels=tmp_path / "y.npy")
