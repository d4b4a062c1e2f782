import numpy as np
import pytest
import torch

from abstain import scores
from abstain.audit.seen import scores_of, see
from abstain.scores import OfProbabilities, SoftmaxScore
from abstain.scores.batches import ValueBatches
from abstain.scores.kinds import Values

LABELS = np.array([0, 1, 2])
LOGITS = torch.tensor([[2.0, 0.5, -1.0], [0.0, 3.0, 1.0], [1.0, 0.0, 0.5]])


def batches(kind, rows, labels=LABELS):
    return ValueBatches.of(Values(kind, rows, labels))


def test_every_score_but_msp_is_seen_of_logits():
    values = batches("logits", LOGITS)
    assert scores_of(values) == [name for name in scores.SCORES if name != "msp"]
    seen = see(values, scores_of(values), SoftmaxScore())
    assert seen.predicted.tolist() == [0, 1, 0] and seen.labels.tolist() == [0, 1, 2]
    for name, found in seen.scores.items():
        np.testing.assert_array_equal(found, scores.SCORES[name](LOGITS))
    np.testing.assert_array_equal(seen.confidence, scores.msp(LOGITS))


def test_of_probabilities_those_that_they_have():
    rows = LOGITS.softmax(dim=1)
    values = batches("probabilities", rows)
    assert {"max_logit", "energy"}.isdisjoint(scores_of(values)) and "doctor" in scores_of(values)
    seen = see(values, ["doctor"], OfProbabilities())
    np.testing.assert_allclose(seen.scores["doctor"], scores.doctor(LOGITS), rtol=1e-6)


@pytest.mark.parametrize(("kind", "column"), [("one logit", [-1.0, 0.5, 0.0]), ("one probability", [0.2, 0.7, 0.5])])
def test_one_column_stands_for_two_classes(kind, column):
    confidence = OfProbabilities() if "probability" in kind else SoftmaxScore()
    values = batches(kind, torch.tensor(column)[:, None], np.array([0, 1, 0]))
    seen = see(values, scores_of(values), confidence)
    assert seen.predicted.tolist() == [0, 1, 0]
    assert list(seen.scores) == scores_of(values) and "doctor" in seen.scores
