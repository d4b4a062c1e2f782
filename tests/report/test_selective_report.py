import json

import numpy as np
import pytest

from abstain import LogitNorm, aurc_difference, evaluate_logits, risk_coverage_curve
from abstain.report.selective_report import ScoreResult, SelectiveReport
from abstain.scores import SoftmaxScore, TemperatureScaling, confidence_from_dict

ERROR = np.array([0.0, 0.0, 1.0, 0.0])
MSP = np.array([4.0, 2.0, 3.0, 1.0])


def result(name, confidence, scored_by):
    curve = risk_coverage_curve(confidence, ERROR)
    return ScoreResult(name, {"aurc": curve.aurc()}, np.asarray(confidence), curve, scored_by)


def report_of(*results):
    return SelectiveReport(4, 3, 0.95, ERROR, results)


@pytest.mark.parametrize(
    ("name", "scored_by", "label", "falls_back"),
    [
        ("msp", SoftmaxScore(), "MSP", False),
        ("max_logit_pnorm", LogitNorm(4), "p-norm, p = 4", False),
        ("max_logit_pnorm", LogitNorm(None), "p-norm (falls back to MSP)", True),
        ("max_logit_pnorm_uncentered", LogitNorm(2.5, center=False), "uncentred p-norm, p = 2.5", False),
        ("max_logit_pnorm_uncentered", LogitNorm(None, False), "uncentred p-norm (falls back to MSP)", True),
        ("temperature_scaling", TemperatureScaling(2), "MSP, temperature 2", False),
    ],
)
def test_a_result_is_called_after_what_scored_it(name, scored_by, label, falls_back):
    found = result(name, MSP, scored_by)
    assert (found.label, found.falls_back) == (label, falls_back)


def test_the_gain_is_the_paired_difference_to_msp_as_worked_by_hand():
    # MSP: R = 0, 1/2, 1/3, 1/4. After normalisation the error is last: 0, 0, 0, 1/4.
    report = report_of(result("msp", MSP, SoftmaxScore()), result("max_logit_pnorm", [4, 3, 1, 2], LogitNorm(3)))
    assert report.gain().estimate == pytest.approx((1 / 2 + 1 / 3) / 4, abs=1e-15)
    assert report.gain() == aurc_difference(MSP, ERROR, [4, 3, 1, 2], ERROR)
    assert report.logit_norm == LogitNorm(3)


def test_without_a_repair_there_is_no_gain():
    report = report_of(result("msp", MSP, SoftmaxScore()))
    assert (report.repaired, report.logit_norm, report.gain()) == (None, None, None)
    assert report.to_dict()["fits"] == {}


def test_the_dictionary_holds_every_number_and_every_fit():
    report = report_of(
        result("msp", MSP, SoftmaxScore()),
        result("max_logit_pnorm", [4, 3, 1, 2], LogitNorm(3)),
        result("temperature_scaling", MSP, TemperatureScaling(2.0)),
    )
    values = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert values == {
        "n_samples": 4,
        "n_logits": 3,
        "n_errors": 1,
        "input": "logits",
        "notes": [],
        "aurc_convention": "mean",
        "interval_level": 0.95,
        "n_clusters": None,
        "scores": {name: {"aurc": of.curve.aurc()} for name, of in zip(values["scores"], report.results, strict=True)},
        "fits": values["fits"],
    }
    assert list(values["scores"]) == ["msp", "max_logit_pnorm", "temperature_scaling"]
    fits = {name: confidence_from_dict(fit) for name, fit in values["fits"].items()}
    assert fits == {"max_logit_pnorm": LogitNorm(3), "temperature_scaling": TemperatureScaling(2.0)}
    assert values["fits"]["max_logit_pnorm"]["p"] == 3 and values["fits"]["max_logit_pnorm"]["center"]


def test_every_result_of_an_evaluation_can_be_scored_again(logits_and_labels):
    logits, labels = logits_and_labels
    report = evaluate_logits(logits[150:], labels[150:], validation=(logits[:150], labels[:150]))
    for found in report.results:
        np.testing.assert_array_equal(found.scored_by.score(logits[150:]), found.confidence)
