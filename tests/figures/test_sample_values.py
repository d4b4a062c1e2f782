import numpy as np
import pytest
import torch

from abstain import InputError, scores
from abstain.figures.sample_values import SampleValues


def test_one_pass_reads_what_scores_say(logits_and_labels):
    logits, labels = logits_and_labels
    seen = SampleValues.of([(logits[:100], labels[:100]), (torch.from_numpy(logits[100:]), labels[100:])])
    assert np.array_equal(seen.log_odds, scores.msp(logits))
    assert np.array_equal(seen.predicted, logits.argmax(axis=1)) and seen.n_classes == 5
    assert np.array_equal(seen.error, scores.classification_error(logits, labels) == 1)
    wide = logits.astype(np.float64)
    assert np.allclose(seen.max_logit, wide.max(axis=1) - wide.mean(axis=1), rtol=0, atol=1e-12)


def test_a_shift_of_rows_is_not_seen(logits_and_labels):
    logits, labels = logits_and_labels
    logits = logits.astype(np.float64)
    shifted = SampleValues.of([(logits + np.arange(300)[:, None], labels)])
    assert np.allclose(shifted.max_logit, SampleValues.of([(logits, labels)]).max_logit)


def test_one_logit_stands_for_two():
    seen = SampleValues.of([([[4.0], [-2.0]], [1, 1])])
    assert seen.predicted.tolist() == [1, 0] and seen.max_logit.tolist() == [2.0, 1.0] and seen.n_classes == 2


def test_labels_that_are_no_classes_are_refused():
    with pytest.raises(InputError, match="label"):
        SampleValues.of([([[1.0, 0.0]], [2])])
