from dataclasses import replace

import numpy as np
import pytest

from abstain import AbstentionRule, InputError, NoThresholdError, select_threshold, select_threshold_for_coverage
from abstain.scores.confidence import SoftmaxScore
from abstain.scores.given import GivenConfidence


def deployment(n=4000, shift=0.0, seed=1):
    """Logits of three classes, of which a shift makes more wrong."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, n)
    logits = generator.normal(size=(n, 3)) + (3.0 - shift) * np.eye(3)[labels]
    return logits.astype(np.float32), labels


def first_rule(**more):
    rule = AbstentionRule.fit(*deployment(seed=0), target_risk=0.05, delta=0.1)
    return replace(rule, class_names=("cat", "dog", "owl"), weights_sha256="a" * 64, validation_sha256="b" * 64, **more)


def risk_of(rule, logits, labels):
    accepted = rule.accept(logits)
    return (logits.argmax(axis=1) != labels)[accepted].mean()


def test_score_and_threshold_are_fitted_on_the_deployment_and_aim_where_the_rule_did():
    rule, (logits, labels) = first_rule(), deployment(shift=1.0)
    anew = rule.recalibrate(logits, labels)
    fitted = AbstentionRule.fit(logits, labels, target_risk=0.05, delta=0.1)
    assert anew.operating_point == fitted.operating_point and anew.confidence == fitted.confidence
    assert anew.operating_point.guaranteed and anew.operating_point.delta == 0.1
    later = deployment(shift=1.0, seed=2)
    assert risk_of(rule, *later) > 0.06 and risk_of(anew, *later) <= 0.05
    assert (anew.n_classes, anew.class_names, anew.weights_sha256) == (3, ("cat", "dog", "owl"), "a" * 64)
    assert anew.validation_sha256 is None and rule.recalibrated_from is None


def test_it_says_what_is_no_longer_promised(tmp_path):
    rule = first_rule()
    anew = rule.recalibrate(*deployment(shift=1.0), target_risk=0.1)
    assert anew.operating_point.delta is None and anew.recalibrated_from == rule.operating_point
    assert rule.no_longer_promised is None and "no longer" not in rule.describe().lower()
    said = anew.no_longer_promised
    assert "the guarantee that was given for data like the 2,000 samples of before" in said
    assert "a risk of at most 0.05 with probability 0.9" in said and "drawn and labelled whatever" in said
    assert anew.describe() == f"{anew.operating_point.describe(anew.confidence.name)} {said}"
    anew.save(tmp_path)
    loaded = AbstentionRule.load(tmp_path)
    assert loaded == anew and loaded.describe() == anew.describe()


def test_of_a_rule_without_a_guarantee_what_was_found_is_no_longer_promised():
    rule = AbstentionRule.fit(*deployment(seed=0), target_risk=0.05)
    point = rule.operating_point
    said = rule.recalibrate(*deployment(shift=1.0)).no_longer_promised
    assert f"a risk of {point.risk:.2%} at a coverage of {point.coverage:.2%}" in said and "guarantee" not in said
    twice = rule.recalibrate(*deployment(shift=0.5)).recalibrate(*deployment(shift=1.0), target_risk=0.2)
    assert twice.recalibrated_from.n_samples == 2000 and twice.recalibrated_from != point


def test_a_rule_of_probabilities_takes_probabilities():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 500)
    probabilities = generator.dirichlet(np.ones(3), 500) * 0.5 + 0.5 * np.eye(3)[labels]
    rule = AbstentionRule.fit(probabilities, labels, target_risk=0.1, input="probabilities")
    anew = rule.recalibrate(probabilities[::2], labels[::2])
    assert type(anew.confidence) is type(rule.confidence) and anew.recalibrated_from == rule.operating_point


def test_what_cannot_be_recalibrated_is_one_sentence():
    logits, labels = deployment(shift=1.0)
    with pytest.raises(InputError, match="delta is given without target_risk"):
        first_rule().recalibrate(logits, labels, delta=0.1)
    with pytest.raises(InputError, match="of 2 classes, but the rule was made for 3"):
        first_rule().recalibrate(logits[:, :2], labels % 2, target_risk=0.6)
    with pytest.raises(NoThresholdError):
        first_rule().recalibrate(logits[:20], labels[:20])
    error = logits.argmax(axis=1) != labels
    given = AbstentionRule.choose(
        GivenConfidence(), logits.max(axis=1), error, lambda c, e: select_threshold(c, e, 0.2)
    )
    with pytest.raises(InputError, match="made of a given confidence"):
        given.recalibrate(logits, labels)
    halved = AbstentionRule.choose(
        SoftmaxScore(), logits, error, lambda c, e: select_threshold_for_coverage(c, e, target_coverage=0.5)
    )
    with pytest.raises(InputError, match="aims at no risk, but at a coverage or a cost"):
        halved.recalibrate(logits, labels)
    assert halved.recalibrate(logits, labels, target_risk=0.2).recalibrated_from.target_coverage == 0.5


@pytest.mark.parametrize("before", ['"x"', '{"threshold": 1}', "[]", "3"])
def test_a_damaged_point_of_before_is_refused(tmp_path, before):
    path = first_rule().save(tmp_path)
    path.write_text(path.read_text().replace('"versions"', f'"recalibrated_from": {before},\n  "versions"'))
    with pytest.raises(InputError, match="is no abstention rule, or is damaged"):
        AbstentionRule.load(tmp_path)
