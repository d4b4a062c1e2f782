import torch
from datasets import Dataset
from torch.utils.data import Subset, TensorDataset

from abstain.data.items import items_of


def test_items_come_in_their_order_with_and_without_one_call_for_all():
    plain = TensorDataset(torch.arange(5))
    assert [item[0].item() for item in items_of(plain, [3, 0, 3])] == [3, 0, 3]
    assert [item[0].item() for item in items_of(Subset(plain, [4, 2]), (1, 0))] == [2, 4]
    assert items_of(Dataset.from_dict({"x": [1, 2, 3]}), range(1, 3)) == [{"x": 2}, {"x": 3}]
