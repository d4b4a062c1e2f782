"""What values and labels are taken for: kinds, forms, layouts, and small inputs with their right numbers."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import abstain
from abstain import InputError, evaluate_logits
from abstain.report.evaluate import evaluate_values


@pytest.fixture
def probabilities(halves):
    return tuple((torch.from_numpy(logits).double().softmax(dim=1).numpy(), labels) for logits, labels in halves)


def test_probabilities_are_measured_as_their_logits_are(halves, probabilities):
    of_logits = evaluate_logits(*halves[1], validation=halves[0])
    report = evaluate_logits(*probabilities[1], validation=probabilities[0])
    assert (of_logits.input, of_logits.notes, report.input) == ("logits", (), "probabilities")
    expected = {result.name: result for result in of_logits.results}
    assert [result.name for result in report.results] == ["msp", "max_logit_pnorm", "temperature_scaling"]
    for result in report.results:
        assert result.metrics == pytest.approx(expected[result.name].metrics, rel=1e-4)
    assert report.logit_norm == of_logits.logit_norm
    assert report.notes == (
        "the uncentred p-norm is left out, since it reads the shift of a row of logits, which probabilities have lost",
    )
    assert report.to_dict()["input"] == "probabilities" and report.to_dict()["notes"] == list(report.notes)
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False)) == report.to_dict()


def test_a_repair_of_probabilities_that_falls_back_keeps_the_stored_order(probabilities):
    pair = [(values[:, :2] / values[:, :2].sum(axis=1, keepdims=True), labels % 2) for values, labels in probabilities]
    report = evaluate_logits(*pair[1], validation=pair[0])
    _, norm, _, _ = report.results
    assert norm.falls_back and norm.metrics == report.msp.metrics
    np.testing.assert_array_equal(norm.confidence, report.msp.confidence)


def test_exact_zeros_leave_msp_alone_and_say_why(probabilities):
    rounded = [
        ((values**3 / (values**3).sum(axis=1, keepdims=True)).round(2), labels) for values, labels in probabilities
    ]
    report = evaluate_logits(*rounded[1], validation=rounded[0])
    assert [result.name for result in report.results] == ["msp"] and report.gain() is None
    n_clipped = int((rounded[1][0][np.arange(150), rounded[1][1]] == 0).sum())
    assert n_clipped > 0 and report.notes[0].startswith(f"in {n_clipped} of 150 test samples the label has")
    assert report.notes[1].startswith("only MSP was measured: ") and "exactly 0" in report.notes[1]
    assert report.unrepaired in report.notes[1] and len(report.notes) == 2


def test_log_probabilities_are_logits_without_a_shift(halves):
    logs = [(torch.from_numpy(logits).log_softmax(dim=1), labels) for logits, labels in halves]
    report, of_logits = (evaluate_logits(*test, validation=validation) for validation, test in (logs, halves))
    assert report.input == "log-probabilities" and len(report.results) == 3 and "uncentred" in report.notes[0]
    assert report.msp.metrics == pytest.approx(of_logits.msp.metrics, rel=1e-4)
    for kind in (logs, [(values.exp(), labels) for values, labels in logs]):
        with pytest.raises(InputError, match="center=False, the uncentred p-norm, reads the shift"):
            evaluate_logits(*kind[1], validation=kind[0], center=False)


def test_test_and_validation_must_be_of_one_kind(halves, probabilities):
    with pytest.raises(InputError, match="test values are logits and the validation values probabilities"):
        evaluate_logits(*halves[1], validation=probabilities[0])


def test_ignored_samples_do_not_count_and_are_told(halves):
    (logits, labels), test = halves
    marked = np.where(np.arange(150) < 30, -100, labels)
    report = evaluate_logits(*test, validation=(logits, marked), ignore_index=-100)
    assert report.logit_norm == evaluate_logits(*test, validation=(logits[30:], labels[30:])).logit_norm
    assert report.notes == ("30 validation samples have the label to be ignored, and do not count",)
    of_test = evaluate_logits(logits, marked, ignore_index=-100)
    assert of_test.n_samples == 120 and of_test.notes[0].startswith("30 test samples")
    with pytest.raises(InputError, match="ignore_index=-100"):
        evaluate_logits(logits, marked)


@pytest.fixture
def door(root):
    folder = Path(root).parent / "shared" / "cases" / "door"
    if not folder.is_dir():
        pytest.skip("needs ../shared/cases/door, which is not part of the project")
    return folder, json.loads((folder / "expected.json").read_text())


def of_csv(path):
    table = pd.read_csv(path)
    return table.drop(columns="label").to_numpy(), table["label"].to_numpy()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("plain.csv", {}),
        ("probabilities_rounded.csv", {}),
        ("probabilities.npz", {}),
        ("one_probability.csv", {"input": "probabilities"}),
        ("ignored.parquet", {"ignore_index": -100}),
        ("tokens.npz", {"class_axis": -1, "ignore_index": -100}),
    ],
)
def test_the_numbers_of_small_inputs_are_right(door, name, told):
    folder, expected = door
    if name.endswith(".csv"):
        values, labels = of_csv(folder / name)
    elif name.endswith(".parquet"):
        table = pd.read_parquet(folder / name)
        values, labels = np.stack(table["logits"]), table["label"].to_numpy()
    else:
        values, labels = np.load(folder / name).values()
    metrics = evaluate_logits(values, labels, **told).msp.metrics
    wanted = expected[name]["values"]
    assert {key: metrics[key] for key in wanted} == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "match"), [("probabilities_percent.csv", "percent"), ("one_probability.csv", "probability of class 1")]
)
def test_ambiguous_inputs_are_refused(door, name, match):
    with pytest.raises(InputError, match=match):
        evaluate_logits(*of_csv(door[0] / name))


def test_tokens_whose_axis_cannot_be_told_are_refused(door):
    with pytest.raises(InputError, match="class_axis=1 or class_axis=2"):
        evaluate_logits(*np.load(door[0] / "tokens.npz").values())


@pytest.mark.parametrize("form", ["LABEL_{}", "{}", "{}.0"])
def test_labels_that_number_their_classes_as_texts_are_read_as_read_predictions_reads_them(logits_and_labels, form):
    logits, labels = logits_and_labels
    texts = [form.format(label) for label in labels]
    expected = evaluate_logits(logits, labels).to_dict()
    assert evaluate_logits(logits, texts).to_dict() == expected
    read = abstain.read_predictions((logits, texts))
    assert read.labels.tolist() == labels.tolist() and evaluate_values(read.of_classes()).to_dict() == expected
    with pytest.raises(InputError, match="labels hold names, but must be whole numbers"):
        evaluate_logits(logits, ["cat", *texts[1:]])


@pytest.mark.parametrize("clusters", [None, np.arange(150) // 5])
@pytest.mark.parametrize("form", ["one-hot", "(N, 1)", "texts"])
def test_labels_in_another_form_are_in_the_same_clusters(halves, clusters, form):
    _, (logits, labels) = halves
    forms = {"one-hot": np.eye(logits.shape[1])[labels], "(N, 1)": labels[:, None], "texts": [*map(str, labels)]}
    for ignore_index in (None, int(labels[0])):
        how = {"clusters": clusters, "ignore_index": ignore_index}
        report, expected = evaluate_logits(logits, forms[form], **how), evaluate_logits(logits, labels, **how)
        assert report.to_dict() == expected.to_dict()
        assert report.to_dict()["n_clusters"] == (None if clusters is None else 30)
