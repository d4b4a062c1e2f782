import json

import numpy as np
import pytest

import abstain
from abstain import InputError, LogitNorm, evaluate_logits, scores
from abstain.report.selective_report import comparison_table
from abstain.scores.calibration import calibration_metrics
from abstain.scores.temperature import TemperatureScaling


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
    assert report.normalized.metrics["aurc"] == abstain.aurc(report.logit_norm.score(logits), error)
    assert [result.name for result in report.results] == [
        "msp",
        "max_logit_pnorm",
        "max_logit_pnorm_uncentered",
        "temperature_scaling",
    ]
    uncentred, scaled = report.results[2:]
    assert uncentred.scored_by == LogitNorm.fit(*validation, center=False)
    normed = evaluate_logits(logits, labels, validation=validation, fallback="never").normalized
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
    assert report.normalized is None and report.logit_norm is None and report.gain() is None
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
    (logits, labels), _ = halves
    report = evaluate_logits(logits[:, :2], labels % 2, validation=(logits[:, :2], labels % 2))
    assert report.logit_norm.p is None and "K = 2" in report.logit_norm.reason
    assert report.normalized.metrics == report.msp.metrics
