import json
import math

import numpy as np
import pytest
from logit_oracle import max_logit_pnorm, msp_log_odds, softmax

from abstain import AbstentionRule, LogitNorm
from abstain._checks import ArgumentError
from abstain.inference.answers import PixelAnswer, answers_of, class_probabilities, confidence_of, predicted_classes
from abstain.scores.confidence import SoftmaxScore
from abstain.threshold.operating_point import OperatingPoint

NAMES = ("cat", "dog", "owl")
LOGITS = np.array([[3, 1, 0], [1, 1, 0], [0, 0.5, 4]], np.float32)


def rule_of(confidence, threshold):
    return AbstentionRule(confidence, OperatingPoint(threshold, 0.5, 0.1, False, 0.1, None, 9), 3, NAMES)


def test_an_answer_says_the_class_the_confidence_and_whether_it_is_accepted():
    first, second, third = answers_of(LOGITS, rule_of(SoftmaxScore("msp"), 1.0), NAMES)
    assert [answer.label for answer in (first, second, third)] == ["cat", "cat", "owl"], "the first of equal ones"
    assert [answer.index for answer in (first, second, third)] == [0, 0, 2]
    assert [answer.accepted for answer in (first, second, third)] == [True, False, True]
    for answer, row in zip((first, second, third), LOGITS, strict=True):
        assert answer.confidence == pytest.approx(msp_log_odds(row), abs=1e-12)
        assert answer.probability == pytest.approx(max(softmax(row)), abs=1e-12)
        assert answer.probabilities() == pytest.approx(softmax(row), abs=1e-12)
    assert first.top(2) == [
        ("cat", pytest.approx(softmax(LOGITS[0])[0])),
        ("dog", pytest.approx(softmax(LOGITS[0])[1])),
    ]
    assert len(first.top(9)) == 3 and "logits" not in repr(first)
    assert json.loads(json.dumps(first.to_dict())) == {
        "label": "cat",
        "index": 0,
        "accepted": True,
        "confidence": first.confidence,
        "probability": first.probability,
    }
    with pytest.raises(ArgumentError, match="k is 0, but must be a whole number of at least 1"):
        first.top(0)


def test_a_threshold_that_is_reached_accepts():
    confidence = confidence_of(LOGITS, rule_of(LogitNorm(2), 0))[0]
    accepted = [answer.accepted for answer in answers_of(LOGITS, rule_of(LogitNorm(2), confidence[0]), NAMES)]
    assert accepted == (confidence >= confidence[0]).tolist() and accepted[0]


def test_a_confidence_that_is_no_probability_comes_without_one():
    (answer,) = answers_of(LOGITS[:1], rule_of(LogitNorm(3, center=False), 0.5), NAMES)
    assert answer.confidence == pytest.approx(max_logit_pnorm(LOGITS[0], 3, False)) and answer.probability is None
    assert answer.top(1)[0][1] == pytest.approx(softmax(LOGITS[0])[0]), "which the classes have all the same"


def test_without_a_rule_all_is_answered_by_msp():
    for answer, row in zip(answers_of(LOGITS, None, NAMES), LOGITS, strict=True):
        assert answer.accepted and answer.confidence == pytest.approx(msp_log_odds(row))


def test_one_logit_stands_for_two_classes():
    rows = np.array([[2.0], [0.0], [-1.0]], np.float32)
    assert predicted_classes(rows).tolist() == [1, 0, 0], "0 predicts class 0"
    expected = [1 / (1 + math.exp(-z)) for z in (2.0, 0.0, -1.0)]
    assert class_probabilities(rows)[:, 1] == pytest.approx(expected)
    answer, _, other = answers_of(rows, None, ("no", "yes"))
    assert (answer.label, other.label) == ("yes", "no") and other.probability == pytest.approx(1 - expected[2])


def test_the_answer_for_an_image_counts_its_pixels():
    accepted = np.array([[True, False], [True, True]])
    answer = PixelAnswer(accepted, np.array([[0, 1], [2, 2]]), np.ones((2, 2)), NAMES)
    assert answer.coverage == 0.75
    assert answer.to_dict() == {"coverage": 0.75, "accepted_pixels": {"cat": 1, "dog": 0, "owl": 2}}
