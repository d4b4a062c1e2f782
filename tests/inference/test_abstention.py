import json

import numpy as np
import pytest

from abstain import InputError, LogitNorm, NoThresholdError, scores
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
    assert AbstentionRule.load(tmp_path) == rule
    assert json.loads(path.read_text())["operating_point"]["guaranteed"] is False


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
    (tmp_path / "abstention.json").write_text("{}")
    with pytest.raises(InputError, match="is no abstention rule"):
        AbstentionRule.load(tmp_path)
