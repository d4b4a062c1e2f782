import numpy as np
import pytest
import torch

from abstain import InputError
from abstain.scores import Confidence, GivenConfidence


@pytest.mark.parametrize("convert", [list, np.float32, torch.tensor])
def test_its_numbers_are_the_confidence(convert):
    given = GivenConfidence()
    assert isinstance(given, Confidence) and given.temperature is None
    assert (given.name, given.label) == ("confidence", "confidence as given")
    found = given.score(convert([0.5, -2.0, 7.0]))
    assert found.dtype == np.float64 and found.tolist() == [0.5, -2.0, 7.0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[0.5]], "must be one-dimensional"),
        (0.5, "must be one-dimensional"),
        ([np.nan], "holds 1 NaN"),
        ([], "is empty"),
    ],
)
def test_what_is_no_confidence_is_refused(values, message):
    with pytest.raises(InputError, match=message):
        GivenConfidence().score(values)
