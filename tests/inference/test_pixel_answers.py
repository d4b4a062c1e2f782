import numpy as np
import torch

from abstain import AbstentionRule, scores
from abstain.inference.pixel_answers import pixel_answer
from abstain.logits.pixels import LabelledPixels
from abstain.scores.confidence import SoftmaxScore
from abstain.threshold.operating_point import OperatingPoint


def test_each_pixel_has_the_answer_of_the_cell_in_which_its_centre_lies():
    logits = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    size = (7, 13)
    found = pixel_answer(logits, size, None, ("a", "b", "c"))
    everywhere = LabelledPixels.of(logits[None], torch.zeros(1, *size, dtype=torch.long), ignore_index=255)
    rows = everywhere.logits.numpy()  # as a rule is fitted on them
    assert np.array_equal(found.labels.ravel(), rows.argmax(axis=1))
    assert np.array_equal(found.confidence.ravel(), scores.msp(rows))
    assert found.accepted.all() and found.labels.shape == found.confidence.shape == size


def test_a_rule_accepts_pixel_by_pixel():
    logits = torch.tensor([[[4.0, 0.0]], [[0.0, 0.1]]])  # two cells beside each other
    rule = AbstentionRule(SoftmaxScore("msp"), OperatingPoint(1.0, 0.5, 0.1, False, 0.1, None, 9), 2)
    found = pixel_answer(logits, (2, 6), rule, ("left", "right"))
    assert found.accepted.tolist() == [[True] * 3 + [False] * 3] * 2
    assert found.labels.tolist() == [[0] * 3 + [1] * 3] * 2 and found.coverage == 0.5
