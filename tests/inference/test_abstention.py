import hashlib
import json
import re

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from abstain import InputError, LogitNorm, NoThresholdError, scores, select_threshold, select_threshold_for_coverage
from abstain.inference.abstention import AbstentionRule
from abstain.threshold.parts import tuning_and_certifying


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
    # the half that fitted proposes the thresholds too
    assert (rule.operating_point.method, rule.operating_point.n_tuning) == ("split_fixed_sequence", 2000)
    proposed, tested = (
        (rule.confidence.score(logits[half]), scores.classification_error(logits[half], labels[half]))
        for half in (first, second)
    )
    assert rule.operating_point == select_threshold(*tested, 0.05, 0.1, tuning=proposed)
    assert rule.operating_point.threshold in proposed[0]
    empirical = AbstentionRule.fit(logits, labels, target_risk=0.05, seed=3, fallback="never").operating_point
    assert (empirical.method, empirical.n_tuning, empirical.n_samples) == (None, None, 2000)


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
    # what that version did: the union over the second half
    second = np.array_split(np.random.default_rng(0).permutation(4000), 2)[1]
    of_half = LogitNorm(2).score(data[0][second]), scores.classification_error(data[0][second], data[1][second])
    expected = select_threshold(*of_half, 0.05, 0.1, method="union")
    assert rule.operating_point.threshold == pytest.approx(expected.threshold, rel=1e-12)
    assert rule.operating_point.method == "union" and rule.accept(data[0]).mean() == pytest.approx(0.95, abs=0.01)
    rule.save(tmp_path)
    assert AbstentionRule.load(tmp_path) == rule


# --- what it belongs to -----------------------------------------------------------------------------------------


def test_values_of_another_number_of_classes_are_refused(tmp_path, data):
    rule = AbstentionRule.fit(*data, target_risk=0.05)
    assert rule.n_classes == 5
    rule.save(tmp_path)
    for one in (rule, AbstentionRule.load(tmp_path)):
        for values, found in ((data[0][:, :3], 3), (data[0][:, :1], 2), (np.zeros((2, 1000)).tolist(), 1000)):
            with pytest.raises(InputError, match=f"values are of {found} classes, but the rule was made for 5: give"):
                one.accept(values)
        assert one.accept(torch.from_numpy(data[0])).any()


def test_one_logit_is_of_two_classes(data):
    logits = data[0][:, :1]
    msp, error = scores.SoftmaxScore(), scores.classification_error(logits, (data[1] == 0).astype(int))
    rule = AbstentionRule.choose(msp, logits, error, lambda *of: select_threshold_for_coverage(*of, 0.4))
    assert rule.n_classes == 2
    as_pair = np.hstack([np.zeros_like(logits), logits])
    np.testing.assert_array_equal(rule.accept(logits), rule.accept(as_pair))
    with pytest.raises(InputError, match="values are of 5 classes, but the rule was made for 2"):
        rule.accept(data[0])


def test_a_rule_is_refused_beside_other_weights(tmp_path, data):
    model, elsewhere = tmp_path / "model", tmp_path / "elsewhere"
    weights = {"w": torch.zeros(4)}
    model.mkdir()
    save_file(weights, model / "model.safetensors")
    rule = AbstentionRule.fit(*data, target_risk=0.05).belonging_to(model)
    assert rule.weights_sha256 == hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()
    rule.save(model)
    rule.save(elsewhere)
    assert AbstentionRule.load(model) == rule == AbstentionRule.load(elsewhere), "beside no weights it is for logits"
    save_file({"w": torch.ones(4)}, model / "model.safetensors")
    with pytest.raises(InputError, match=r"abstention\.json' belongs to other weights than those beside it: fit it"):
        AbstentionRule.load(model)
    save_file(weights, model / "model.safetensors")
    assert AbstentionRule.load(model) == rule


def test_a_rule_that_knows_no_weights_does_not_take_those_beside_it(tmp_path, data):
    rule = AbstentionRule.fit(*data, target_risk=0.05)
    save_file({"w": torch.zeros(4)}, tmp_path / "model.safetensors")
    rule.save(tmp_path)
    with pytest.warns(UserWarning, match=r"abstention\.json' does not say to which weights it belongs") as told:
        back = AbstentionRule.load(tmp_path)
    assert len(told) == 1 and told[0].filename == __file__ and back == rule and back.weights_sha256 is None
    (tmp_path / "abstention.json").write_text(VERSION_0_1_0)
    with pytest.warns(UserWarning, match="does not say to which weights it belongs"):
        assert AbstentionRule.load(tmp_path).confidence == LogitNorm(2)


# --- probabilities ----------------------------------------------------------------------------------------------


def softmax(logits):
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


EVERY_WAY = [{}, {"delta": 0.1, "method": "union"}, {"delta": 0.1}]


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("decimals", [2, 4, 16])
def test_the_threshold_of_probabilities_can_be_compared_with_those_stored(tmp_path, data, decimals, dtype, way):
    stored = softmax(data[0]).round(decimals).astype(dtype)
    error = scores.probability_error(stored, data[1])
    confidence = scores.OfProbabilities(scale="probability")
    rule = AbstentionRule.choose(confidence, stored, error, lambda *of: select_threshold(*of, 0.03, **way))
    point = rule.operating_point
    accepted = stored.max(axis=1) >= point.threshold
    tested = tuning_and_certifying(4000, seed=0)[1] if point.n_tuning else np.arange(4000)
    assert 0.3 < accepted[tested].mean() == point.coverage < 1
    assert error[tested][accepted[tested]].mean() == point.risk
    rule.save(tmp_path)
    np.testing.assert_array_equal(AbstentionRule.load(tmp_path).accept(stored), accepted)
    assert f"Accept where the largest probability >= {point.threshold!r}:" in rule.describe()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_probability_stands_for_two(tmp_path, data, dtype):
    p = softmax(data[0][:, :2])[:, 1:].round(3).astype(dtype)
    labels = np.random.default_rng(0).random(4000) < p[:, 0]
    error = scores.probability_error(p, labels)
    confidence = scores.OfProbabilities(scale="probability")
    rule = AbstentionRule.choose(confidence, p, error, lambda *of: select_threshold_for_coverage(*of, 0.4))
    accepted = np.maximum(p, 1 - p)[:, 0] >= rule.operating_point.threshold
    np.testing.assert_array_equal(rule.accept(p), accepted)
    assert accepted.mean() == rule.operating_point.coverage < 1


def test_a_rule_fitted_on_probabilities_takes_probabilities(tmp_path, data):
    logits, labels = data
    arguments = {"target_risk": 0.05, "seed": 3, "p_grid": [2], "fallback": "never"}
    of_logits = AbstentionRule.fit(logits, labels, **arguments)
    rule = AbstentionRule.fit(softmax(logits), labels, **arguments, input="probabilities")
    assert rule.confidence == scores.OfProbabilities(of_logits.confidence)
    assert AbstentionRule.fit(softmax(logits), labels, **arguments, input=None) == rule
    rule.save(tmp_path)
    np.testing.assert_array_equal(AbstentionRule.load(tmp_path).accept(softmax(logits)), of_logits.accept(logits))
    fallen_back = AbstentionRule.fit(softmax(logits), labels, target_risk=0.05, input="probabilities")
    assert fallen_back.confidence == scores.OfProbabilities(LogitNorm(None), "probability")


def test_a_rule_on_the_log_odds_of_probabilities_is_still_read(tmp_path, data):
    point = '{"threshold": 2.0, "coverage": 0.9, "risk": 0.01, "guaranteed": false, "target_risk": 0.05, "delta": null'
    confidence = '{"score": "msp", "input": "probabilities"}'
    text = f'{{"confidence": {confidence}, "operating_point": {point}, "n_samples": 9}}}}'
    (tmp_path / "abstention.json").write_text(text)
    probabilities = softmax(data[0])
    expected = scores.OfProbabilities().score(probabilities) >= 2.0
    np.testing.assert_array_equal(AbstentionRule.load(tmp_path).accept(probabilities), expected)
    assert 0 < expected.mean() < 1


def test_other_scores_of_probabilities_and_a_given_confidence_keep_their_scale(data):
    probabilities = softmax(data[0])
    error = scores.probability_error(probabilities, data[1])
    doctor = scores.OfProbabilities(scores.SoftmaxScore("doctor"))
    rule = AbstentionRule.choose(doctor, probabilities, error, lambda *of: select_threshold_for_coverage(*of, 0.4))
    assert rule.operating_point == select_threshold_for_coverage(doctor.score(probabilities), error, 0.4)
    assert "Accept where doctor >= " in rule.describe() and "log-odds" not in rule.describe()
    confidence, given = probabilities.max(axis=1), scores.GivenConfidence()
    rule = AbstentionRule.choose(given, confidence, error, lambda *of: select_threshold_for_coverage(*of, 0.4))
    assert (
        rule.n_classes is None
        and rule.accept(confidence).mean() == 0.4
        and "Accept where confidence >= " in rule.describe()
    )


# --- files and what is wrong ------------------------------------------------------------------------------------


def test_a_threshold_at_infinity_is_plain_json(tmp_path, data):
    confidence = scores.OfProbabilities(scores.SoftmaxScore("logit_margin"))
    rows, error = np.array([[1.0, 0.0], [0.6, 0.4]]), np.array([0, 1])
    rule = AbstentionRule.choose(confidence, rows, error, lambda *of: select_threshold(*of, 0.1))
    assert rule.operating_point.threshold == np.inf
    path = rule.save(tmp_path)
    assert "Infinity" not in path.read_text()
    assert AbstentionRule.load(tmp_path) == rule and rule.accept(rows).tolist() == [True, False]


def test_too_few_samples_are_told_in_all(data):
    # 100 test what 101 proposed: of those in all about a half is tested
    logits, labels = data
    with pytest.raises(NoThresholdError) as raised:
        AbstentionRule.fit(logits[:201], labels[:201], target_risk=0.02, delta=0.05)
    words = re.search(
        r"on 100 samples .* the first that 101 others propose has .* about ([\d,]+) samples like these would be enough",
        str(raised.value),
    )
    assert int(words[1].replace(",", "")) == raised.value.n_enough > 2 * np.log(0.05) / np.log(0.98)
    with pytest.raises(NoThresholdError, match="more samples like these do not help"):
        AbstentionRule.fit(logits[:201], (logits[:201].argmax(1) + 1) % 5, target_risk=0.05, delta=0.05)
    with pytest.raises(NoThresholdError, match="of 201 samples, 101 were for the fit of the confidence"):
        AbstentionRule.fit(logits[:201], (logits[:201].argmax(1) + 1) % 5, target_risk=0.05)


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
