import numpy as np
import pandas as pd
import pytest
import torch

from abstain import InputError
from abstain.threshold.stream import confidences, read_stream


def test_one_sample_is_a_batch_of_one():
    for confidence, error in ((0.5, 1), (np.float32(0.5), True), (torch.tensor(0.5), torch.tensor(1)), ([0.5], [1])):
        found = read_stream(confidence, error)
        assert [of.tolist() for of in found] == [[0.5], [1.0]]
    assert read_stream([0.5, 0.6], [1, None])[1].tolist()[0] == 1 and np.isnan(read_stream([0.5, 0.6], [1, None])[1][1])
    assert np.isnan(read_stream(0.5, np.nan)[1]).all() and np.isnan(read_stream([0.5, 0.6], None)[1]).all()


def test_labels_may_be_there_for_some():
    confidence, error = read_stream(pd.Series([3, 2, 1]), [np.nan, 0, 1])
    assert confidence.tolist() == [3, 2, 1] and error.tolist()[1:] == [0, 1] and np.isnan(error[0])


@pytest.mark.parametrize(
    ("confidence", "error", "message"),
    [
        ([], None, "empty"),
        ([0.1, np.nan], None, "confidence holds 1 NaN"),
        ([0.1, 0.2], [0], "2 samples and error has 1"),
        ([0.1], [0.5], "another value than 0, 1 and NaN"),
        ([0.1], [2], "another value"),
        ([0.1], [-1], "negative"),
        ([[0.1]], [0], "one-dimensional"),
        (["a"], [0], "real numbers"),
        ([0.1, 0.2], np.nan, "2 samples and error has 1"),
        (pd.Series([1, 2], index=[0, 1]), pd.Series([0, 1], index=[1, 0]), "another order"),
    ],
)
def test_what_is_no_stream_is_refused(confidence, error, message):
    with pytest.raises(InputError, match=message):
        read_stream(confidence, error)


def test_the_name_of_what_is_wrong_is_said():
    with pytest.raises(InputError, match="validation holds 2 NaN"):
        confidences([np.nan, 1, np.nan], "validation")
