import random

import numpy as np
import pytest
import torch
from dense_model import Pictures
from tiny_trainers import arguments, small_vit
from transformers import ViTConfig, ViTForImageClassification

from abstain import SelectiveTrainer
from abstain.data import TensorRows
from abstain.experiments import ArgumentError
from abstain.experiments.rehearsal import rehearse


def images(size=8):
    generator = torch.Generator().manual_seed(0)
    return TensorRows({"pixel_values": torch.randn(20, 3, size, size, generator=generator)}, torch.arange(20) % 10)


def weights_after(tmp_path, *, rehearsed):
    trainer = SelectiveTrainer(small_vit(), arguments(tmp_path, seed=3), train_dataset=images())
    if rehearsed:
        rehearse(trainer)
        assert trainer.optimizer is None and trainer.lr_scheduler is None
    trainer.train()
    return [parameter.detach().clone() for parameter in trainer.model.parameters()]


def drawn(trainer=None):
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    if trainer is not None:
        rehearse(trainer)
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_training_is_the_same_after_it(tmp_path):
    trainer = SelectiveTrainer(small_vit(), arguments(tmp_path), train_dataset=images())
    assert drawn(trainer) == drawn()
    pairs = zip(weights_after(tmp_path, rehearsed=False), weights_after(tmp_path, rehearsed=True), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_a_model_that_does_not_take_the_data_is_one_sentence(tmp_path):
    config = ViTConfig(image_size=8, patch_size=16, hidden_size=8, num_hidden_layers=1, num_attention_heads=1)
    config.num_labels = 10
    with pytest.raises(ArgumentError, match=r"the model does not take the first sample \(.*[Kk]ernel size"):
        rehearse(SelectiveTrainer(ViTForImageClassification(config), arguments(tmp_path), train_dataset=images()))
    with pytest.raises(ArgumentError, match="the model does not take the first sample"):
        rehearse(SelectiveTrainer(small_vit(), arguments(tmp_path), train_dataset=images(size=12)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train_sampling_strategy": "group_by_length"}, "the batches cannot be made of these arguments"),
        ({"optim_args": "foo=1"}, "optim_args names 'foo'"),
        ({"lr_scheduler_type": "cosine_with_min_lr"}, "the schedule cannot be made of these arguments"),
    ],
)
def test_what_only_training_would_refuse_is_refused(tmp_path, changes, said):
    trainer = SelectiveTrainer(small_vit(), arguments(tmp_path, **changes), train_dataset=images())
    with pytest.raises(ArgumentError, match=said):
        rehearse(trainer)


def test_pictures_with_masks_are_tried_too(tmp_path):
    from dense_model import arguments, dense_model

    rehearse(SelectiveTrainer(dense_model(), arguments(tmp_path), train_dataset=Pictures()))
    with pytest.raises(ArgumentError, match="the model does not take the first sample"):
        rehearse(SelectiveTrainer(dense_model(), arguments(tmp_path), train_dataset=images()))
