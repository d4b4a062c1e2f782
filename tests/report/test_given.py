import numpy as np
import pytest

from abstain import InputError
from abstain.curve.curve import risk_coverage_curve
from abstain.report.given import evaluate_confidence


def test_a_given_confidence_is_measured_as_it_is():
    confidence, error = [0.9, 0.8, 0.7, 0.6, 0.5], np.array([1, 0, 0, 0, 0])
    report = evaluate_confidence(confidence, error, target_risks=(0.25,))
    assert report.msp.metrics["aurc"] == pytest.approx(0.456667, abs=1e-6)  # worked by hand in docs of the curve
    assert report.msp.metrics["risk"] == 0.2 and report.msp.metrics["cov@25"] == 1.0
    assert report.to_dict()["n_logits"] is None and report.to_dict()["n_errors"] == 1
    assert report.msp.metrics["aurc_low"] is report.msp.metrics["aurc_high"] is None, "of one error"
    many = np.tile(confidence, 20), np.tile(error, 20)
    found = evaluate_confidence(*many).msp.metrics
    assert (found["aurc_low"], found["aurc_high"]) == risk_coverage_curve(*many).aurc_interval(0.95)
    assert "| confidence as given |" in report.to_markdown() and "nll" not in report.msp.metrics


def test_real_losses_are_refused():
    with pytest.raises(InputError, match="needs 0/1 errors"):
        evaluate_confidence([0.5, 0.6], [0.5, 2.0])


def test_log_odds_are_called_by_their_score_and_have_a_calibration_error():
    report = evaluate_confidence([np.log(3), np.log(3)], [0, 1], score="msp", notes=["it is one"])
    assert report.msp.name == "msp" and "| MSP " in report.to_markdown() and report.notes[0] == "it is one"
    assert report.msp.metrics["ece"] == pytest.approx(0.25)  # said 3/4 right, were 1/2
