import json

import numpy as np
import pytest

from abstain import InputError, LogitNorm, NoThresholdError, scores, select_threshold
from abstain.inference.abstention import AbstentionRule


@pytest.fixture
def data():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 5, size=4000)
    return generator.normal(size=(4000, 5)) + 3.0 * np.eye(5)[labels], labels


def test_p_is_fitted_on_one_half_and_the_threshold_chosen_on_the_other(data):
    logits, labels = data
    rule = AbstentionRule.fit(logits, labels, target_risk=0.05, delta=0.1, seed=3, fallback="never")
    first, second = np.array_split(np.random.default_rng(3).permutation(4000), 2)
    assert rule.confidence == LogitNorm.fit(logits[first], labels[first], fallback="never")
    assert rule.operating_point.n_samples == 2000 and rule.operating_point.guaranteed
    accepted = rule.accept(logits[second])
    assert accepted.mean() == rule.operating_point.coverage
    assert scores.classification_error(logits[second], labels[second])[accepted].mean() == rule.operating_point.risk


def test_a_rule_survives_its_file(tmp_path, data):
    rule = AbstentionRule.fit(*data, target_risk=0.05)
    path = rule.save(tmp_path)
    back = AbstentionRule.load(tmp_path)
    assert back == rule and back.confidence.to_dict() == rule.confidence.to_dict()
    values = json.loads(path.read_text())
    assert values["confidence"]["score"] == "max_logit_pnorm" and values["operating_point"]["guaranteed"] is False


@pytest.mark.parametrize("confidence", [scores.SoftmaxScore("doctor"), scores.TemperatureScaling(2.0)])
def test_a_rule_takes_any_confidence(tmp_path, data, confidence):
    logits, labels = data
    values, error = confidence.score(logits), scores.classification_error(logits, labels)
    rule = AbstentionRule(confidence, select_threshold(values, error, target_risk=0.02))
    rule.save(tmp_path)
    back = AbstentionRule.load(tmp_path)
    assert back == rule
    assert back.accept(logits).mean() == rule.operating_point.coverage
    assert error[back.accept(logits)].mean() <= 0.02


VERSION_0_1_0 = """{
  "logit_norm": {
    "p": 2.0,
    "center": true,
    "reason": "on validation data p = 2 has AURC 0.007752 against 0.006484 of MSP, a gain of -0.001268 \u00b1 0.000852",
    "search": [
      {"p": null, "aurc": 0.006483635778890475, "gain": 0.0, "gain_standard_error": 0.0},
      {
        "p": 2.0,
        "aurc": 0.007751867460194837,
        "gain": -0.0012682316813043618,
        "gain_standard_error": 0.0008517902996659011
      }
    ]
  },
  "operating_point": {
    "threshold": 0.5260077926242143,
    "coverage": 0.95,
    "risk": 0.03263157894736842,
    "guaranteed": true,
    "target_risk": 0.05,
    "delta": 0.1,
    "n_samples": 2000
  }
}
"""


def test_a_file_of_version_0_1_0_is_read_and_decides_as_it_did(tmp_path, data):
    (tmp_path / "abstention.json").write_text(VERSION_0_1_0)
    rule = AbstentionRule.load(tmp_path)
    assert rule.confidence == LogitNorm(2) and rule.confidence.search[1].p == 2.0
    assert rule.confidence.reason.startswith("on validation data p = 2 has AURC 0.007752")
    assert (rule.operating_point.threshold, rule.operating_point.delta) == (0.5260077926242143, 0.1)
    fitted = AbstentionRule.fit(*data, target_risk=0.05, delta=0.1, p_grid=[2], fallback="never")
    assert rule.operating_point.threshold == pytest.approx(fitted.operating_point.threshold, rel=1e-12)
    assert rule.confidence == fitted.confidence and rule.accept(data[0]).mean() == pytest.approx(0.95, abs=0.01)
    rule.save(tmp_path)
    assert AbstentionRule.load(tmp_path) == rule


def test_a_rule_that_accepts_everything_is_plain_json(tmp_path):
    logits = np.array([[2.0, 0.0, 0.0]] * 2000 + [[1.0, 0.5, 0.0]] * 2000)
    rule = AbstentionRule.fit(logits, np.zeros(4000, int), target_risk=0.1, delta=0.1)
    assert rule.accept(logits).all()
    path = rule.save(tmp_path)
    assert "Infinity" not in path.read_text() and AbstentionRule.load(tmp_path) == rule


def test_what_cannot_be_kept_is_said(tmp_path, data):
    logits, labels = data
    with pytest.raises(NoThresholdError):
        AbstentionRule.fit(logits[:40], labels[:40], target_risk=0.01, delta=0.01)
    with pytest.raises(InputError, match="there is 1 sample"):
        AbstentionRule.fit(logits[:1], labels[:1], target_risk=0.05)
    with pytest.raises(InputError, match=r"there is no abstention\.json"):
        AbstentionRule.load(tmp_path)
    for text in ("{}", "[]", "{", VERSION_0_1_0.replace('"p": 2.0,', "", 1)):
        (tmp_path / "abstention.json").write_text(text)
        with pytest.raises(InputError, match="is no abstention rule"):
            AbstentionRule.load(tmp_path)
