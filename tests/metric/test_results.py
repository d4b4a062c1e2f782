import json

import numpy as np
import pytest

from abstain import InputError, risk_coverage_curve, scores
from abstain.metric import load_metric
from abstain.metric.results import Summary


def curve_of(logits, labels):
    return risk_coverage_curve(scores.msp(logits), scores.classification_error(logits, labels))


def test_risks_coverages_convention_and_level_are_chosen_by_the_call(metric, logits_and_labels):
    logits, labels = logits_and_labels
    curve = curve_of(logits, labels)
    found = metric.compute(
        predictions=logits,
        references=labels,
        target_risks=(0.2, 0.005),
        target_coverages=(0.5,),
        convention="trapezoid",
        confidence_level=0.9,
    )
    assert found["aurc"] == curve.aurc("trapezoid") and found["risk@50"] == curve.risk_at_coverage(0.5)
    assert found["cov@20"] == curve.coverage_at_risk(0.2) and found["cov@0.5"] == curve.coverage_at_risk(0.005)
    assert (found["augrc_low"], found["augrc_high"]) == curve.augrc_interval(0.9)
    assert (found["cov@20_low"], found["cov@20_high"]) == curve.coverage_at_risk_interval(0.2, 0.9)
    shift = curve.aurc() - curve.aurc("trapezoid")
    assert np.allclose([found["aurc_low"], found["aurc_high"]], np.array(curve.aurc_interval(0.9)) - shift)
    for name in ("risk", "aurc", "augrc", "failure_auroc", "cov@20"):
        assert found[f"{name}_low"] < found[name] < found[f"{name}_high"]


def test_what_is_undefined_is_none_and_the_result_is_json(metric):
    found = metric.compute(predictions=[[2.0, 0.0], [3.0, 0.0]], references=[0, 0], confidence_level=0.95)
    assert found["n_aurc"] is None and found["failure_auroc"] is None and found["aurc_low"] is None
    assert found["aurc"] == 0.0 and found["cov@1"] == 1.0
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_targets_may_be_one_number_or_text_of_one(metric, logits_and_labels):
    logits, labels = logits_and_labels
    found = metric.compute(predictions=logits, references=labels, target_risks=0.2, target_coverages=("0.5",))
    assert "cov@20" in found and "risk@50" in found


def test_the_numbers_of_two_samples_as_worked_by_hand():
    # The wrong one last: R = 0, 1/2. AUGRC is (1/2)·(0 + 1/2)/2 over coverages 1/2 and 1.
    found = Summary(0.0, (0.5,), "mean", None).of(risk_coverage_curve([2, 1], [0, 1]))
    assert found == {
        "risk": 0.5,
        "aurc": 0.25,
        "e_aurc": 0.0,
        "n_aurc": 0.0,
        "augrc": 0.125,
        "failure_auroc": 1.0,
        "cov@0": 0.5,
        "risk@50": 0.0,
    }


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ((1.5, 0.8, "mean", None), "target_risk is 1.5"),
        ((0.05, 0, "mean", None), "target_coverage is 0"),
        ((0.05, 0.8, "meen", None), "did you mean 'mean'"),
        ((0.05, 0.8, "mean", 1), "confidence_level is 1"),
    ],
)
def test_a_bad_wish_is_refused_before_anything_is_measured(wish, message):
    with pytest.raises(InputError, match=message):
        Summary(*wish)


def test_samples_of_one_image_widen_the_intervals_alone():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(60, 10, 4)), rng.integers(0, 4, (60, 10))
    logits += 4 * rng.random((60, 1, 1)) * np.eye(4)[labels]
    labels[:, 0] = -100
    metric, how = load_metric(), {"predictions": logits, "references": labels, "confidence_level": 0.9}
    alone, together = metric.compute(**how), metric.compute(**how, sample=np.arange(60))
    rows = metric.compute(**how, sample=np.repeat(np.arange(60), 9))
    assert rows == together and together["aurc"] == alone["aurc"]
    assert together["aurc_low"] < alone["aurc_low"] and alone["aurc_high"] < together["aurc_high"]
    with pytest.raises(InputError, match=r"clusters have shape \(7,\), but must be \(540,\)"):
        metric.compute(**how, sample=np.arange(7))
    with pytest.raises(InputError, match=r"clusters have shape \(\), but must be \(N,\): for each sample"):
        metric.compute(**how, sample=3)
