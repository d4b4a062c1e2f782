import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import abstain
from abstain import InputError, LogitNorm, evaluate_logits, scores
from abstain.report.evaluate import evaluate_batches, evaluate_values
from abstain.report.selective_report import comparison_table
from abstain.scores.batches import ValueBatches
from abstain.scores.by_kind import score_of
from abstain.scores.calibration import calibration_metrics
from abstain.scores.temperature import TemperatureScaling

"""What is said of the errors of the second half."""


@pytest.fixture
def halves(logits_and_labels):
    logits, labels = logits_and_labels
    return (logits[:150], labels[:150]), (logits[150:], labels[150:])


def test_the_report_holds_what_the_core_computes(halves):
    validation, (logits, labels) = halves
    report = evaluate_logits(logits, labels, validation=validation)
    error = scores.classification_error(logits, labels)
    curve = abstain.risk_coverage_curve(scores.msp(logits), error)
    assert report.msp.metrics == {
        "risk": float(error.mean()),
        "aurc": curve.aurc(),
        "cov@5": curve.coverage_at_risk(0.05),
        "cov@1": curve.coverage_at_risk(0.01),
        "aurc_low": curve.aurc_interval()[0],
        "aurc_high": curve.aurc_interval()[1],
        **calibration_metrics(logits, labels),
    }
    assert report.logit_norm == LogitNorm.fit(*validation)
    assert report.repaired.metrics["aurc"] == abstain.aurc(report.logit_norm.score(logits), error)
    assert [result.name for result in report.results] == [
        "msp",
        "max_logit_pnorm",
        "max_logit_pnorm_uncentered",
        "temperature_scaling",
    ]
    uncentred, scaled = report.results[2:]
    assert uncentred.scored_by == LogitNorm.fit(*validation, center=False)
    normed = evaluate_logits(logits, labels, validation=validation, fallback="never").repaired
    assert "nll" not in normed.metrics, "a norm is no probability"
    assert scaled.scored_by == TemperatureScaling.fit(*validation)
    assert scaled.metrics["aurc"] == abstain.aurc(scaled.scored_by.score(logits), error)
    assert scaled.metrics["nll"] == calibration_metrics(logits, labels, temperature=scaled.scored_by.temperature)["nll"]
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False)) == report.to_dict()


def test_the_form_that_is_asked_for_is_the_repair_and_the_other_stands_beside_it(halves):
    validation, test = halves
    report = evaluate_logits(*test, validation=validation, center=False, fallback="never")
    assert not report.logit_norm.center and report.results[2].name == "max_logit_pnorm_centered"
    assert report.results[2].scored_by == LogitNorm.fit(*validation, fallback="never")
    assert "uncentred p-norm, p = " in report.to_markdown() and "MSP, temperature " in report.to_markdown()


def test_without_validation_nothing_is_fitted(halves):
    _, (logits, labels) = halves
    report = evaluate_logits(logits, labels)
    assert report.repaired is None and report.logit_norm is None and report.gain() is None
    assert list(report.to_dict()["scores"]) == ["msp"]


def test_the_fit_never_sees_the_test_labels(halves):
    validation, (logits, labels) = halves
    wrong = (labels + 1) % 5
    fits = [evaluate_logits(logits, y, validation=validation).logit_norm for y in (labels, wrong)]
    assert fits[0] == fits[1]


def test_validation_must_be_of_the_same_classes(halves):
    (logits, labels), test = halves
    with pytest.raises(InputError, match="test logits have K = 5 and the validation logits K = 6"):
        evaluate_logits(*test, validation=(np.pad(logits, ((0, 0), (0, 1))), labels))
    with pytest.raises(InputError, match=r"must be the pair \(logits, labels\)"):
        evaluate_logits(*test, validation=(logits, labels, labels))


def test_target_risks_are_keys_and_columns(halves):
    _, test = halves
    report = evaluate_logits(*test, target_risks=(0.2, 0.005))
    assert {"cov@20", "cov@0.5"} <= set(report.msp.metrics)
    assert "cov@20 %" in report.to_markdown()


def test_the_table_prints_the_numbers_of_the_report_in_percent(halves):
    validation, test = halves
    report = evaluate_logits(*test, validation=validation)
    row = report.to_markdown().splitlines()[2]
    assert f" {100 * report.msp.metrics['aurc']:.3f} " in row and f" {100 * report.msp.metrics['risk']:.2f} " in row
    named = comparison_table({"mine": report})
    assert named.startswith("| model") and named.count("| mine ") == 4


def test_a_test_set_without_errors_has_no_interval():
    report = evaluate_logits([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [0, 1])
    assert report.msp.metrics["aurc"] == 0.0 and report.msp.metrics["aurc_low"] is None
    assert "–" in report.to_markdown()


def test_two_classes_keep_msp_with_a_reason(halves):
    validation, test = ((logits[:, :2], labels % 2) for logits, labels in halves)
    report = evaluate_logits(*test, validation=validation)
    assert report.logit_norm.p is None and "K = 2" in report.logit_norm.reason
    assert report.results[1].scored_by is report.logit_norm and report.results[1].metrics == report.msp.metrics


def test_two_classes_have_a_repair_of_their_own(halves):
    validation, (logits, labels) = ((logits[:, :2], labels % 2) for logits, labels in halves)
    report = evaluate_logits(logits, labels, validation=validation, fallback="never")
    calibration = abstain.TwoClassCalibration.fit(*validation, fallback="never")
    assert report.repair == calibration and [one.name for one in report.results][-2] == "two_class_calibration"
    error = abstain.scores.classification_error(logits, labels)
    assert report.repaired.metrics["aurc"] == abstain.aurc(calibration.score(logits), error)
    assert report.gain().estimate == pytest.approx(report.msp.metrics["aurc"] - report.repaired.metrics["aurc"])
    assert "calibrated per class is fitted" in abstain.report.legend(report)


# --- what the values are ----------------------------------------------------------------------------------------


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


# --- arguments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"validaton": None}, "no argument 'validaton': did you mean 'validation'"),
        ({"target_risk": [0.02]}, "no argument 'target_risk': did you mean 'target_risks'"),
        ({"foo": 1}, "no argument 'foo': choose from center, class_axis"),
        ({"center": "no"}, "center is 'no', but must be True or False"),
        ({"fallback": "nver"}, "did you mean 'never'"),
        ({"p_grid": 3}, "p_grid is 3, but must be a list of numbers"),
        ({"p_grid": []}, "p_grid is empty"),
        ({"input": "logit"}, "did you mean 'logits'"),
    ],
)
def test_wrong_arguments_are_named_with_and_without_validation(halves, arguments, match):
    for validation in (None, halves[0]):
        with pytest.raises(InputError, match=match):
            evaluate_logits(*halves[1], **{"validation": validation, **arguments})


def test_the_test_samples_are_no_validation(halves):
    _, (logits, labels) = halves
    listed, tensor = logits.tolist(), torch.from_numpy(logits.copy())
    for values, same in ((logits, logits), (logits, logits[:100]), (listed, listed), (tensor, tensor[50:])):
        with pytest.raises(InputError, match="the same samples"):
            evaluate_logits(values, labels, validation=(same, labels[-len(same) :]))
    assert evaluate_logits(logits[::2], labels[::2], validation=(logits[1::2], labels[1::2])).logit_norm is not None


def test_masked_entries_are_refused(halves):
    logits, labels = halves[1]
    for arguments in ((np.ma.masked_greater(logits, 2), labels), (logits, np.ma.masked_equal(labels, 1))):
        with pytest.raises(InputError, match="masked entries, but all must count"):
            evaluate_logits(*arguments)


# --- small inputs with their right values -----------------------------------------------------------------------


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


@pytest.mark.parametrize("kind", ["float32", "float64", "probabilities", "one logit"])
def test_batches_cut_anywhere_give_the_same_numbers_to_the_last_bit(kind):
    generator = np.random.default_rng(0)
    n, k = (7200, 1) if kind == "one logit" else (7200, 600)  # two batches, and 34 blocks, that end unevenly
    labels = generator.integers(0, max(k, 2), n)
    logits = generator.standard_normal((n, k))
    logits[np.arange(n), labels % k] += 4.0 if k > 1 else 2.0 * labels - 1
    values = torch.from_numpy(logits if kind == "float64" else logits.astype(np.float32))
    test = scores.read_values(values.softmax(dim=1) if kind == "probabilities" else values, labels)
    validation = scores.read_values(test.rows[:1100].flip(0), labels[1099::-1].copy())

    def uneven(values):
        ends = [0, 1, 8, 217, 218, 1000, len(values.rows)]
        pieces = [(values.rows[a:b], values.labels[a:b]) for a, b in itertools.pairwise(ends)]
        return ValueBatches(values.kind, len(values.rows), values.rows.shape[1], lambda _: pieces)

    whole, cut = evaluate_values(test, validation), evaluate_batches(uneven(test), uneven(validation))
    assert cut.to_dict() == whole.to_dict() and len(cut.results) == {"probabilities": 3, "one logit": 5}.get(kind, 4)
    for one, other in zip(whole.results, cut.results, strict=True):
        assert one.confidence.tolist() == other.confidence.tolist()
    assert whole.msp.confidence.tolist() == score_of(test, whole.msp.scored_by).tolist()


@pytest.mark.parametrize("wrong", [{"target_risks": (1.5,)}, {"level": 1.0}, {"p_grid": ()}, {"fallback": "maybe"}])
def test_what_is_wrong_is_told_before_anything_is_read(wrong):
    def never(_):
        raise AssertionError("read")

    batches = ValueBatches("logits", 3, 2, never)
    with pytest.raises(InputError):
        evaluate_batches(batches, batches, **wrong)


def test_a_copy_of_the_test_samples_is_no_validation(logits_and_labels):
    logits, labels = logits_and_labels
    with pytest.raises(InputError, match="the test and the validation data are the same samples"):
        evaluate_logits(logits, labels, validation=(logits.copy(), labels.copy()))


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
