from dataclasses import replace

import numpy as np
import pytest

from abstain import read_predictions
from abstain.audit import audit_predictions
from abstain.audit.decision_words import in_one_sentence, in_words, table, target_of
from abstain.audit.decisions import Decision
from abstain.scores import SoftmaxScore

CHOSEN = Decision(0.05, None, -np.inf, coverage=1.0, risk=0.1, n_chosen_on=30, n_wrong=3, low=0.021, high=0.265)
NONE = Decision(0.02, 0.05, reason="none is sure", n_enough=4300)


@pytest.fixture(scope="module")
def found():
    """An audit of logits whose rows are scaled at random, which logit normalisation undoes."""
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 4, size=4000)
    logits = (generator.normal(size=(4000, 4)) + 2 * np.eye(4)[labels]) * np.exp(generator.normal(size=(4000, 1)))
    return audit_predictions(*(read_predictions({"logits": logits[i::2], "label": labels[i::2]}) for i in (0, 1)))


def words_of(audit, *decisions):
    return " ".join(in_words(replace(audit, decisions=decisions) if decisions else audit))


def test_the_confidence_and_what_could_not_be_had_are_told(found):
    assert words_of(found).startswith(
        f"By {found.confidence.label}, with thresholds chosen on 1,000 validation samples"
    )
    words = words_of(found, CHOSEN, NONE)
    assert words.endswith("2 %, guaranteed, δ = 5 %: none is sure.") and "without a guarantee:" not in words
    assert target_of(CHOSEN) == "5 %, without a guarantee"
    without = replace(found, decisions=())
    assert "too few validation samples" in words_of(without)
    assert "without validation samples" in words_of(replace(without, n_validation=None))


def test_thresholds_from_few_say_so_with_an_interval(found):
    words = words_of(found, CHOSEN, replace(CHOSEN, target_risk=0.02))
    assert "They are from few: of 30 validation samples 3 are wrong, and with fewer than 20 right or wrong" in words
    assert words.count("test samples that are answered, 10.00 % are wrong (95 % interval 2.1 to 26.5 %).") == 1
    assert "from few" not in words_of(found, replace(CHOSEN, n_chosen_on=200, n_wrong=30))


def test_a_half_that_decides_otherwise_than_all_validation_samples_is_told_of(found):
    assert "the half that fits" not in words_of(found)
    words = words_of(replace(found, confidence=SoftmaxScore()))
    assert "the half that fits decides against the repair, and all of them decide for it." in words


def test_a_decision_ends_a_sentence():
    answers = "a threshold chosen on validation samples answers"
    few = f"{answers} 100.0 % of the test samples, 10.00 % of them wrong (95 % interval 2.1 to 26.5 %)."
    assert in_one_sentence(CHOSEN, 0.95) == few
    nothing = replace(CHOSEN, threshold=9.0, coverage=0.0, risk=None)
    assert in_one_sentence(nothing, 0.95) == f"{answers} none of the test samples."
    sure = "one that is guaranteed with a probability of 95 %"
    enough = "from so few (about 4,300 validation samples would be enough)."
    assert in_one_sentence(NONE, 0.95) == f"{sure} is not to be had {enough}"
    assert in_one_sentence(replace(NONE, n_enough=None), 0.95) == f"{sure} is not to be had, for none is sure."


def test_a_threshold_that_accepts_all_is_told_in_words(found):
    rows = table(replace(found, decisions=(CHOSEN, NONE))).splitlines()
    assert len(rows) == 4 and "any confidence" in rows[2] and "none" in rows[3]
