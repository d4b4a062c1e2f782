import itertools
import json

import numpy as np
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
