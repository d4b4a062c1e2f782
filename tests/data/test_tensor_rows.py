import pytest
import torch

from abstain import InputError
from abstain.data.tensor_rows import TensorRows


def test_items_are_rows_by_name():
    rows = TensorRows({"features": torch.arange(6.0).reshape(3, 2)}, torch.tensor([0, 1, 0]))
    assert len(rows) == 3
    assert rows[1]["features"].tolist() == [2.0, 3.0] and rows[1]["labels"] == 1


def test_the_fingerprint_depends_on_inputs_and_labels():
    features, labels = torch.zeros(2, 2), torch.tensor([0, 1])
    prints = [
        TensorRows({"x": x}, y).fingerprint()
        for x, y in [(features, labels), (features + 1, labels), (features, 1 - labels)]
    ]
    assert len(set(prints)) == 3
    assert TensorRows({"x": features.clone()}, labels.clone()).fingerprint() == prints[0]


def test_empty_and_uneven_data_are_refused():
    with pytest.raises(InputError, match="the data set is empty"):
        TensorRows({"x": torch.zeros(0, 2)}, torch.zeros(0).long())
    with pytest.raises(InputError, match="x has 3 rows and labels have 2"):
        TensorRows({"x": torch.zeros(3, 2)}, torch.zeros(2).long())
