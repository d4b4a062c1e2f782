import gzip
import subprocess
import sys

import datasets
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_tensors
from sample_logs import THREE, line, write_log
from transformers.trainer_utils import PredictionOutput

from abstain import InputError, write_logits
from abstain.logits import open_predictions, read_or_open, read_predictions

LOGITS = np.array([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0], [1.5, 1.25, 0.0], [0.0, 4.0, 1.0]], dtype=np.float32)
LABELS = np.array([0, 2, 1, 1])
FRAME = pd.DataFrame({"logits": list(LOGITS), "label": LABELS})
WIDE = pd.DataFrame(LOGITS, columns=["z0", "z1", "z2"]).assign(target=LABELS)


def write_pushed(folder):
    """As `Dataset.push_to_hub` lays the files."""
    (folder / "data").mkdir(parents=True)
    for shard in range(2):
        FRAME[2 * shard : 2 * shard + 2].to_parquet(folder / "data" / f"test-0000{shard}-of-00002.parquet")
    return folder


def write_npy(folder):
    np.save(folder / "z.npy", LOGITS)
    return folder / "z.npy"


def write_by(method):
    def write(folder):
        method(folder / "file")
        return folder / "file"

    return write


def written(name, method):
    def write(folder):
        method(folder / name)
        return folder / name

    return write


FILES = {
    "csv": written("a.csv", lambda path: WIDE.to_csv(path, index=False)),
    "csv with pandas' index": written("a.csv", lambda path: WIDE.to_csv(path)),
    "csv by spaces": written("a.csv", lambda path: WIDE.to_csv(path, index=False, sep=" ")),
    "csv by bars, quoted": written("a.csv", lambda path: WIDE.to_csv(path, index=False, sep="|", quoting=1)),
    "csv of a spreadsheet": written(
        "a.csv", lambda path: WIDE.to_csv(path, index=False, encoding="utf-8-sig", sep=";")
    ),
    "csv with decimal commas": written("a.csv", lambda path: WIDE.to_csv(path, index=False, sep=";", decimal=",")),
    "csv of text in quotes": written("a.csv", lambda path: WIDE.astype(str).to_csv(path, index=False, quoting=2)),
    "csv.gz": written("a.csv.gz", lambda path: WIDE.to_csv(path, index=False)),
    "tsv.gz": written("a.tsv.gz", lambda path: WIDE.to_csv(path, index=False, sep="\t")),
    "jsonl": written("a.jsonl", lambda path: FRAME.to_json(path, orient="records", lines=True)),
    "jsonl.gz": written("a.jsonl.gz", lambda path: FRAME.to_json(path, orient="records", lines=True)),
    "parquet of lists": written("a.parquet", FRAME.to_parquet),
    "wide parquet": written("a.parquet", WIDE.to_parquet),
    "wide parquet of texts": written("a.parquet", WIDE.astype(str).to_parquet),
    "labels as floats": written("a.parquet", FRAME.astype({"label": float}).to_parquet),
    "labels as lists of one": written("a.parquet", FRAME.assign(label=LABELS[:, None].tolist()).to_parquet),
    "labels one-hot": written("a.parquet", FRAME.assign(label=np.eye(3)[LABELS].tolist()).to_parquet),
    "labels called Y": written("a.parquet", FRAME.rename(columns={"label": "Y"}).to_parquet),
    "unique ids called sample": written("a.parquet", FRAME.assign(sample=[*"abcd"]).to_parquet),
    "npz": written("a.npz", lambda path: np.savez(path, logits=LOGITS, Targets=LABELS, features=np.ones((4, 7)))),
    "npz of a split": written("a.npz", lambda path: np.savez_compressed(path, test_logits=LOGITS, y_test=LABELS)),
    "safetensors of torch": written(
        "a.safetensors",
        lambda path: save_tensors({"logits": torch.tensor(LOGITS), "labels": torch.tensor(LABELS)}, path),
    ),
    "safetensors": written("a.safetensors", lambda path: save_file({"logits": LOGITS, "y_true": LABELS}, path)),
    "logits data set": lambda folder: write_logits(folder, "test", LOGITS, LABELS),
    "folder of one split": lambda folder: write_logits(folder, "test", LOGITS, LABELS).parent,
    "push_to_hub": write_pushed,
    "save_to_disk in shards": written(
        "saved", lambda path: datasets.Dataset.from_pandas(FRAME).save_to_disk(path, num_shards=2)
    ),
    "save_to_disk": written("saved", lambda path: datasets.Dataset.from_pandas(FRAME).save_to_disk(path)),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_file_gives_the_same(tmp_path, kind):
    predictions = read_predictions(str(FILES[kind](tmp_path)))
    assert predictions.kind == "logits" and np.allclose(predictions.values.numpy(), LOGITS, rtol=1e-7)
    assert predictions.labels.tolist() == LABELS.tolist() and len(predictions) == 4


OBJECTS = {
    "pair of arrays": (LOGITS, LABELS),
    "pair of tensors": (torch.tensor(LOGITS, requires_grad=True), torch.tensor(LABELS)),
    "dictionary": {"logits": LOGITS.tolist(), "labels": LABELS.tolist()},
    "frame": FRAME,
    "wide frame": WIDE,
    "frame of numbered columns": pd.DataFrame(LOGITS).assign(label=LABELS),
    "pair of a table and a series": (WIDE.drop(columns="target"), pd.Series(LABELS)),
    "data set": datasets.Dataset.from_pandas(FRAME),
    "data set of tensors": datasets.Dataset.from_pandas(FRAME).with_format("torch"),
    "data set with other rows": datasets.Dataset.from_pandas(pd.concat([FRAME, FRAME])).select(range(4, 8)),
    "splits of one": datasets.DatasetDict(test=datasets.Dataset.from_pandas(WIDE)),
    "Trainer.predict": PredictionOutput(LOGITS, LABELS, {}),
}


@pytest.mark.parametrize("kind", OBJECTS)
def test_every_kind_of_object_gives_the_same(kind):
    predictions = read_predictions(OBJECTS[kind])
    assert np.array_equal(predictions.values.numpy(), LOGITS) and predictions.labels.tolist() == LABELS.tolist()


def test_what_predict_proba_returns_is_read_with_labels_apart():
    from sklearn.linear_model import LogisticRegression

    features, labels = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2
    probabilities = LogisticRegression().fit(features, labels).predict_proba(features)
    assert read_predictions(probabilities, labels=labels).kind == "probabilities"
    names = np.array(["spam", "ham"])[labels]
    model = LogisticRegression().fit(features, names)
    with pytest.raises(InputError, match=r"nothing tells which of them each value of values is of: .* class_names="):
        read_predictions(model.predict_proba(features), labels=names)
    predictions = read_predictions(model.predict_proba(features), labels=names, class_names=model.classes_)
    assert predictions.class_names == ("ham", "spam") and predictions.labels.tolist() == (1 - labels).tolist()
    assert predictions.used.endswith("labels: labels (0 = ham, 1 = spam)")


@pytest.mark.parametrize("labels", [["b", "c", "b", "a"], ["b", "c", "b", "b"]])
def test_names_of_classes_find_the_columns_called_so(labels):
    frame = pd.DataFrame({"label": labels, "logit_c": [0, 9, 0, 0], "logit_a": [0, 0, 0, 8], "logit_b": [7, 1, 7, 1]})
    if "a" in labels:
        predictions = read_predictions(frame.astype({"logit_a": float}))
        assert predictions.class_names == ("a", "b", "c") and predictions.labels.tolist() == [1, 2, 1, 0]
        assert predictions.values[1].tolist() == [0, 1, 9]
    else:  # what no label is called is a class all the same, and comes last
        predictions = read_predictions(frame.astype({"logit_a": float}))
        assert predictions.class_names == ("b", "c", "a") and predictions.labels.tolist() == [0, 1, 0, 0]
        assert predictions.values[1].tolist() == [1, 9, 0]


def test_names_in_another_order_than_the_columns_are_not_guessed():
    frame = pd.DataFrame({"label": ["b", "a"], "one": [0.0, 1.0], "two": [1.0, 3.0]})
    with pytest.raises(InputError, match="call the columns as the classes, or give labels from 0 to K - 1"):
        read_predictions(frame, logit_columns="one,two")
    frame = pd.DataFrame({"label": ["b", "a", "c"], "logits": [[0.0, 1.0]] * 3})
    with pytest.raises(InputError, match=r"are 3 names .* but there are 2 values a sample"):
        read_predictions(frame, class_names="a,b,c")


def test_names_of_the_classes_in_the_order_of_the_values_are_told():
    frame = pd.DataFrame(
        {"label": ["yak", "cat", "owl"], "logit_0": [5.0, 0, 0], "logit_1": [0, 5.0, 0], "logit_2": [0, 0, 5.0]}
    )
    with pytest.raises(InputError, match=r"\(cat, owl, yak\), and nothing tells which"):
        read_predictions(frame)
    predictions = read_predictions(frame, class_names=["yak", "cat", "owl"])
    assert predictions.labels.tolist() == [0, 1, 2] and predictions.class_names == ("yak", "cat", "owl")
    assert predictions.used.endswith("labels: label (0 = yak, 1 = cat, 2 = owl)")
    with pytest.raises(InputError, match="a label in 'label' is 'cat', but the classes are yak, dog, owl"):
        read_predictions(frame, class_names="yak, dog, owl")
    column = pd.DataFrame({"label": ["normal", "anomaly"], "probability": [0.1, 0.9]})
    assert read_predictions(column, class_names="normal,anomaly").labels.tolist() == [0, 1]


def test_unique_samples_are_no_pixels_and_tokens_of_one_text_belong_together():
    assert read_predictions({"logits": LOGITS, "label": LABELS, "sample": [3, 4, 5, 6]}).sample is None
    pixels = read_predictions({"logits": LOGITS, "label": LABELS, "sample": [0, 0, 1, 1]})
    assert pixels.sample.tolist() == [0, 0, 1, 1] and "rows that belong together: sample" in pixels.used
    values, labels = np.arange(24.0).reshape(2, 4, 3), np.array([[0, 1, -100, 2], [1, -100, -100, 0]])
    tokens = read_predictions((values, labels), ignore_index=-100)
    assert tokens.sample.tolist() == [0, 0, 0, 1, 1] and tokens.labels.tolist() == [0, 1, 2, 1, 0]
    assert tokens.values[3].tolist() == [12, 13, 14] and tokens.n_ignored == 3


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
        ("z0,z1,label\n1,2,0\n3,,1\n", "the column 'z1' of .* has 1 empty cells, the first in row 1"),
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
        ("label,logit_0,logit_1\n,1,2\n0,1,2\n", "has 1 empty cells, the first in row 0"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path, text, message):
    (tmp_path / "data.csv").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_predictions(tmp_path / "data.csv")
    assert "\n" not in str(caught.value)


def test_two_readings_are_decided_by_the_options():
    columns = {"label": [1, 1], "target": [0, 1], "prediction": [1, 0], "probability": [0.8, 0.6]}
    how = {"label_column": "target"}
    one = read_predictions(columns, **how, input="probabilities")
    assert one.kind == "one probability" and one.labels.tolist() == [0, 1] and "not used: label" in one.used
    given = read_predictions(columns, **how, input="confidence")
    assert given.kind == "confidence" and given.error.tolist() == [1, 1] and given.confidence.tolist() == [0.8, 0.6]
    rows = {"label": [0], "logit_0": [1.0], "logit_1": [2.0], "prob_0": [0.25], "prob_1": [0.75], "b": [9.0]}
    assert read_predictions(rows, logit_columns="prob").values.tolist() == [[0.25, 0.75]]
    assert read_predictions(rows, logit_columns="b, logit_1").values.tolist() == [[9, 2]]
    assert read_predictions(rows, logit_columns="logit_*").kind == "logits"
    frame = pd.DataFrame(LOGITS).assign(label=LABELS)
    assert np.array_equal(read_predictions(frame, logit_columns=[2, 1, 0]).values.numpy(), LOGITS[:, ::-1])
    logits = {"label": [0], "logits": [[0.5, 0.5]]}
    with pytest.raises(InputError, match="the names say logits, but the values are probabilities"):
        read_predictions(logits)
    assert read_predictions(logits, input="logits").kind == "logits"


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
        (pd.DataFrame({"logits": [[1.0, 2.0], None], "label": [0, 1]}), {}, "has 1 empty cells, the first in row 1"),
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


def test_a_log_of_a_language_model_is_a_confidence_or_logits(tmp_path):
    predictions = read_predictions(write_log(tmp_path / "a.jsonl", THREE))
    assert (predictions.kind, predictions.score, len(predictions)) == ("confidence", "msp", 3)
    assert predictions.confidence == pytest.approx([2, 0, 2]) and predictions.error.tolist() == [0, 1, 1]
    assert predictions.notes[0].startswith("logit normalisation is left out, since the questions have from 2 to 3")
    assert read_predictions(write_log(tmp_path / "b.jsonl", THREE), choice="acc_norm").error.tolist() == [0, 1, 0]
    predictions = read_predictions(write_log(tmp_path / "c.jsonl", [line(0, [-1.0, -3.0, -2.0], 1, acc=0.0)]))
    assert predictions.kind == "logits" and predictions.values.tolist() == [[-1, -3, -2]]
    assert predictions.labels.tolist() == [1] and "of 3 choices a question" in predictions.used


def test_other_options_than_the_choice_mean_nothing_of_such_a_log(tmp_path):
    log = write_log(tmp_path / "a.jsonl", THREE)
    for how in ({"labels": [0, 1, 0]}, {"label_column": "target"}, {"input": "logits"}, {"ignore_index": -100}):
        with pytest.raises(InputError, match=f"{next(iter(how))} is given, but .* is a sample log of lm-eval"):
            read_predictions(log, **how)
    with pytest.raises(InputError, match="choice is 'acc', but the DataFrame holds no answers of a language model"):
        read_predictions(FRAME, choice="acc")


def test_reading_numbers_waits_for_nothing_that_trains_models():
    heavy = ["accelerate", "datasets", "pandas", "timm", "transformers"]
    program = f"import sys, abstain.logits.predictions; sys.exit(sorted(set({heavy}) & set(sys.modules)) or 0)"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr


def test_a_gz_file_that_is_none_is_one_sentence(tmp_path):
    (tmp_path / "a.csv.gz").write_text("label,logit_0,logit_1\n")
    with pytest.raises(InputError, match=r"cannot be read as \.csv\.gz"):
        read_predictions(tmp_path / "a.csv.gz")
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write("label,logit_0,logit_1\n1,0.5,2.5\n")
    assert read_predictions(tmp_path / "a.csv.gz").values.tolist() == [[0.5, 2.5]]


def test_samples_keep_where_they_come_from(tmp_path):
    columns = {"logits": 4 * np.eye(4), "label": [0, 1, 2, -1], "site": ["b", "a", "b", "a"]}
    told = {"source_column": "site", "ignore_index": -1}
    read = read_predictions(columns, **told)
    assert read.source.tolist() == ["b", "a", "b"] and "where rows come from: site" in read.used
    assert "not used" not in read.used and read_predictions(columns, ignore_index=-1).source is None
    assert read.taken(np.array([True, False, True])).source.tolist() == ["b", "b"]
    path = tmp_path / "some.parquet"
    pd.DataFrame({**columns, "logits": list(4 * np.eye(4))}).to_parquet(path)
    opened = open_predictions(str(path), **told)
    assert opened.source.tolist() == ["b", "a", "b"] == opened.whole().source.tolist()
    assert opened.taken(np.array([False, True, True])).source.tolist() == ["a", "b"]
    np.savez(tmp_path / "some.npz", confidence=[3, 2], correct=[1, 0], site=[4, 5])
    assert read_predictions(str(tmp_path / "some.npz"), source_column="site").source.tolist() == [4, 5]


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


def test_labels_of_another_file_are_named_beside_the_values(tmp_path):
    np.save(tmp_path / "z.npy", np.eye(3))
    np.save(tmp_path / "y.npy", [0, 1, 7])
    with pytest.raises(InputError, match=r"^in '.*z\.npy' with the labels of '.*y\.npy' a label is 7, .* mend row 2 "):
        read_predictions(tmp_path / "z.npy", labels=tmp_path / "y.npy")
    (tmp_path / "y.npy").write_bytes(b"")
    with pytest.raises(InputError, match=r"^'[^']*y\.npy' is empty, of 0 bytes, but must hold values and labels"):
        read_predictions(tmp_path / "z.npy", labels=tmp_path / "y.npy")
