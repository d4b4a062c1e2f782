from types import SimpleNamespace

import numpy as np
import pytest
import torch

from abstain import InputError
from abstain.training.statistics import classes_second, logits_of, sample_statistics, split_statistics, statistics_dtype


def test_four_numbers_a_sample_worked_by_hand():
    # softmax [0.5, 0.25, 0.25] and [0.2, 0.6, 0.2]; log-odds of the largest log(0.5 / 0.5) and log(0.6 / 0.4);
    # the labels 0 (right) and 2 (wrong); with α = 0.3 the target is 0.8 for the label and 0.1 for the others
    logits = torch.tensor([[0.5, 0.25, 0.25], [0.2, 0.6, 0.2]]).log()
    found = sample_statistics(logits, torch.tensor([0, 2]), 0.3)
    assert found.dtype == torch.float64 and found.shape == (2, 4)
    confidence, error, loss, smoothed = found.T.tolist()
    assert confidence == pytest.approx([0.0, np.log(1.5)], abs=1e-6)
    assert error == [0.0, 1.0]
    assert loss == pytest.approx([-np.log(0.5), -np.log(0.2)])
    first = -(0.8 * np.log(0.5) + 0.2 * np.log(0.25))
    second = -(0.8 * np.log(0.2) + 0.1 * np.log(0.6) + 0.1 * np.log(0.2))
    assert smoothed == pytest.approx([first, second])


def test_negative_smoothing_is_measured_too():
    logits = torch.tensor([[0.5, 0.25, 0.25]]).log()
    smoothed = sample_statistics(logits, torch.tensor([0]), -0.3)[0, 3]
    assert float(smoothed) == pytest.approx(-(1.2 * np.log(0.5) - 0.2 * np.log(0.25)))


def test_a_device_without_float64_gathers_float32():
    assert statistics_dtype(torch.device("cpu")) == statistics_dtype(torch.device("cuda")) == torch.float64
    assert statistics_dtype(torch.device("mps")) == torch.float32


def test_logits_are_found_in_whatever_a_model_returns():
    logits = torch.ones(2, 3)
    for outputs in (logits, {"logits": logits}, SimpleNamespace(logits=logits), (logits, logits + 1)):
        assert logits_of(outputs) is logits
    for outputs in ({"scores": logits}, SimpleNamespace(logits=None), (), (torch.ones(()), logits)):
        with pytest.raises(InputError, match="without `logits`, but a classifier must have them"):
            logits_of(outputs)


def test_logits_stand_beside_the_statistics_only_where_they_were_kept():
    statistics, logits = np.zeros((2, 4)), np.ones((2, 3))
    assert split_statistics((statistics, logits)) == (statistics, logits)
    assert split_statistics(statistics) == (statistics, None)


def test_tokens_have_their_classes_last_where_the_shapes_or_the_model_say_so():
    logits, labels = torch.arange(24.0).reshape(2, 3, 4), torch.zeros(2, 3, dtype=torch.int64)
    assert classes_second(logits, labels, of_transformers=False).equal(logits.movedim(2, 1))
    assert classes_second(logits.movedim(2, 1), labels, of_transformers=False).equal(logits.movedim(2, 1))
    square = logits[:, :, :3]
    assert classes_second(square, labels, of_transformers=True).equal(square.transpose(1, 2))
    with pytest.raises(InputError, match=r"whether they are \(N, T, K\) or \(N, K, T\)"):
        classes_second(square, labels, of_transformers=False)
    for other in (logits[:, 0], torch.zeros(2, 4, 3, 3)):
        assert classes_second(other, labels[:, 0], of_transformers=True) is other
