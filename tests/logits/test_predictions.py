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
from abstain.logits import open_predictions, read_predictions

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
