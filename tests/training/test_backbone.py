import pytest
import torch
from dense_model import arguments, dense_model

from abstain import InputError, SelectiveTrainer
from abstain.training.backbone import slow_backbone


def test_every_group_is_split_and_keeps_its_other_settings():
    model = dense_model()
    optimizer = torch.optim.SGD(
        [{"params": [model.body.weight, model.head.weight], "weight_decay": 0.1}, {"params": [model.head.bias]}], lr=0.5
    )
    slow_backbone(optimizer, model, 0.1)
    rows = [(group["lr"], group["weight_decay"], group["params"]) for group in optimizer.param_groups]
    assert [(lr, decay, len(found)) for lr, decay, found in rows] == [
        (0.5, 0.1, 1),
        (pytest.approx(0.05), 0.1, 1),
        (0.5, 0, 1),
        (pytest.approx(0.05), 0, 0),
    ]
    assert rows[0][2][0] is model.head.weight and rows[1][2][0] is model.body.weight


def test_the_backbone_learns_more_slowly(tmp_path):
    model = dense_model()
    trainer = SelectiveTrainer(
        model, arguments(tmp_path, learning_rate=0.5, weight_decay=0.1, backbone_learning_rate_factor=0.1)
    )
    rates = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in trainer.create_optimizer().param_groups
        for parameter in group["params"]
    }
    assert len(rates) == 4
    assert rates[id(model.body.weight)] == (pytest.approx(0.05), 0.1)
    assert rates[id(model.head.weight)] == (0.5, 0.1) and rates[id(model.head.bias)] == (0.5, 0.0)


def test_a_model_that_names_no_backbone_cannot_slow_it(tmp_path):
    args = arguments(tmp_path, backbone_learning_rate_factor=0.1)
    with pytest.raises(InputError, match="Conv2d names no backbone"):
        SelectiveTrainer(torch.nn.Conv2d(3, 5, 1), args).create_optimizer()
