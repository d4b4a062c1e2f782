import json

import numpy as np
import pytest

from abstain import InputError, LogitNorm, TwoClassCalibration, scod_curve, scores
from abstain.report.scod import evaluate_scod


@pytest.fixture(scope="module")
def mixture():
    """(test, validation, out): four classes, and samples of none of them, in which the model sees less."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, size=800)
    logits = generator.normal(size=(800, 4)) + 4 * np.eye(4)[labels]
    return (logits[:400], labels[:400]), (logits[400:], labels[400:]), 2 * generator.normal(size=(300, 4))


def test_each_confidence_and_share_has_the_numbers_of_its_curve(mixture):
    test, validation, out = mixture
    report = evaluate_scod(*test, out, validation=validation, betas=[None, 0.1], target_risks=[0.1])
    norm, error = LogitNorm.fit(*validation), scores.classification_error(*test)
    assert [(one.scored_by.label, one.curve.beta) for one in report.results] == [
        ("MSP", 300 / 700),
        ("MSP", 0.1),
        (norm.label, 300 / 700),
        (norm.label, 0.1),
    ]
    curve = scod_curve(scores.msp(test[0]), error, scores.msp(out), beta=0.1)
    metrics = report.results[1].metrics
    assert list(metrics) == ["risk", "aurc", "cov@10", "cov_in@10", "cov_out@10"]
    assert metrics["risk"] == pytest.approx(0.9 * error.mean() + 0.1) and metrics["aurc"] == curve.aurc()
    assert metrics["cov@10"] == pytest.approx(0.9 * metrics["cov_in@10"] + 0.1 * metrics["cov_out@10"])
    assert metrics["cov@10"] == curve.coverage_at_risk(0.1) > report.results[0].metrics["cov@10"]
    threshold = curve.threshold[curve.place_at_risk(0.1)]
    assert metrics["cov_out@10"] == (scores.msp(out) >= threshold).mean() > 0


def test_the_table_and_the_dictionary_hold_what_was_measured(mixture):
    test, _, out = mixture
    report = evaluate_scod(*test, out, betas=[0.25])
    values = json.loads(json.dumps(report.to_dict()))
    assert (values["n_in"], values["n_out"]) == (400, 300)
    assert values["results"] == [{"score": {"score": "msp"}, "beta": 0.25, **report.results[0].metrics}]
    head, _, row = report.to_markdown().splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")][:4] == ["confidence", "β %", "error %", "AURC %"]
    assert row.split("|")[4].strip() == f"{100 * report.results[0].metrics['aurc']:.2f}"


def test_nothing_is_accepted_where_no_threshold_qualifies():
    report = evaluate_scod([[1.0, -1.0]], [1], [[3.0, -3.0]], betas=[0.5])
    assert report.results[0].metrics == {"risk": 1.0, "aurc": 1.0, "cov@5": 0.0, "cov_in@5": 0.0, "cov_out@5": 0.0}


def test_two_classes_have_their_own_repair(mixture):
    (logits, labels), (others, of_others), out = mixture
    halves = (logits[:, :2], labels % 2), (others[:, :2], of_others % 2)
    report = evaluate_scod(*halves[0], out[:, :2], validation=halves[1])
    assert isinstance(report.results[1].scored_by, TwoClassCalibration)


def test_bad_input_is_refused(mixture):
    test, _, out = mixture
    with pytest.raises(InputError, match="out-of-distribution logits have K = 3 and the others K = 4"):
        evaluate_scod(*test, out[:, :3])
    with pytest.raises(InputError, match="beta is 1, but must be a fraction"):
        evaluate_scod(*test, out, betas=[1])
    with pytest.raises(InputError, match="validation"):
        evaluate_scod(*test, out, validation=test)
