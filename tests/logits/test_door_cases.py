import json

import numpy as np
import pytest

from abstain import InputError, risk_coverage_curve, scores
from abstain.logits import read_predictions
from abstain.report.evaluate import evaluate_values
from abstain.report.given import evaluate_confidence

OPTIONS = {
    "logits.npy": {"labels": "labels_float.npy"},
    "ignored.parquet": {"ignore_index": -100},
    "tokens.npz": {"class_axis": -1, "ignore_index": -100},
}
"""What has to be told of a file in ../shared/cases/door."""


def told(door, name):
    how = dict(OPTIONS.get(name, {}))
    return how | ({"labels": door / how["labels"]} if "labels" in how else {})


def confidence_and_error(predictions):
    """By the definition, apart from the package: the largest probability as stored, or the log-odds of the logits."""
    if predictions.values is None:
        return predictions.confidence, predictions.error
    values = predictions.values.numpy().astype(np.float64)
    if predictions.kind == "one probability":
        values = np.column_stack([1 - values[:, 0], values[:, 0]])
    error = values.argmax(axis=1) != predictions.labels
    return (scores.msp(values) if "logit" in predictions.kind else values.max(axis=1)), error


def measured(predictions):
    curve = risk_coverage_curve(*confidence_and_error(predictions))
    covered = {f"cov@{100 * risk:g}": curve.coverage_at_risk(risk) for risk in (0.05, 0.01)}
    return {"risk": curve.risk[-1], "aurc": curve.aurc(), **covered}


def reported(predictions):
    if predictions.values is None:
        return evaluate_confidence(predictions.confidence, predictions.error)
    return evaluate_values(predictions.of_classes())


NAMES = """
    plain.csv index.csv id_and_fold.csv prediction_column.csv shuffled_columns.csv class_names.csv image_id.csv
    semicolon.csv tab.tsv plain.csv.gz rows.jsonl probabilities_rounded.csv probabilities.npz one_probability.csv
    prediction_and_confidence.csv correct_and_confidence.csv y_true.npz logits.npy tensors.safetensors labels.parquet
    wide.parquet class_label.parquet ignored.parquet tokens.npz
""".split()


def test_every_small_file_is_tried(door):
    tried = {*NAMES, "probabilities_percent.csv", "labels_float.npy", "labels_onehot.npy", "expected.json"}
    assert {path.name for path in door.iterdir()} == tried


@pytest.mark.parametrize("name", NAMES)
def test_every_small_file_gives_the_right_numbers(door, name):
    expected = json.loads((door / "expected.json").read_text())[name]
    predictions = read_predictions(door / name, **told(door, name))
    assert ("probabilit" in predictions.kind) == expected.get("probabilities", False)
    right = {key: expected["values"][key] for key in ("risk", "aurc", "cov@5", "cov@1")}
    assert measured(predictions) == pytest.approx(right, rel=1e-6)
    metrics = reported(predictions).msp.metrics
    assert {key: metrics[key] for key in expected["values"]} == pytest.approx(expected["values"], rel=1e-5)


def test_what_counts_is_said(door):
    used = {
        "id_and_fold.csv": "4 logits: logit_0 … logit_3; labels: label; not used: id, fold",
        "index.csv": "4 logits: logit_0 … logit_3; labels: label; not used: an unnamed column",
        "shuffled_columns.csv": "4 logits: logit_0 … logit_3; labels: label",
        "class_names.csv": "4 logits: cat, dog, owl, yak; labels: label",
        "prediction_and_confidence.csv": "confidence: confidence; prediction: y_pred; labels: y_true",
        "class_label.parquet": "4 logits: logits; labels: label",
        "ignored.parquet": "4 logits: logits; labels: label; samples left out: 30",
        "one_probability.csv": "one probability: probability; labels: label",
    }
    for name, sentence in used.items():
        assert read_predictions(door / name, **told(door, name)).used == sentence


@pytest.mark.parametrize(
    ("name", "how", "message"),
    [
        ("probabilities_percent.csv", {}, "but none that holds logits or probabilities by its name.*logit_columns"),
        ("probabilities_percent.csv", {"logit_columns": "a,b,c,d"}, "sum to 100, as percent do, and may be logits too"),
        ("tokens.npz", {"ignore_index": -100}, "on axis 1 or 2, which the shapes do not tell: give class_axis"),
        ("ignored.parquet", {}, "a label is -100.*ignore_index=-100"),
        ("logits.npy", {}, "but no labels by their name.*labels="),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(door, name, how, message):
    with pytest.raises(InputError, match=message):
        read_predictions(door / name, **how)


def test_percent_are_right_once_they_are_told_to_be_probabilities(door):
    right = json.loads((door / "expected.json").read_text())["probabilities_percent.csv"]["values"]
    path = door / "probabilities_percent.csv"
    predictions = read_predictions(path, logit_columns="a,b,c,d", input="probabilities")
    assert predictions.used.startswith("4 probabilities, in percent and divided by 100: a, b")
    metrics = reported(predictions).msp.metrics
    assert {key: metrics[key] for key in right} == pytest.approx(right, rel=1e-5)
    assert read_predictions(path, logit_columns="a,b,c,d", input="logits").values.max() > 99


def test_one_hot_labels_are_the_same_labels(door):
    first, second = (
        read_predictions(door / "logits.npy", labels=door / f"labels_{how}.npy") for how in ("float", "onehot")
    )
    assert np.array_equal(first.labels, second.labels) and first.labels.dtype == np.int64
