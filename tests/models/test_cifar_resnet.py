import pytest
import torch

from abstain import InputError
from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification


@pytest.mark.parametrize(("depth", "millions"), [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.7)])
def test_parameter_counts_are_the_published_ones(depth, millions):
    model = CifarResNetForImageClassification(CifarResNetConfig(depth=depth, num_labels=10))
    digits = 1 if depth == 110 else 2
    assert round(model.num_parameters() / 1e6, digits) == millions  # He et al. 2016, Table 6
    if depth == 20:
        assert model.num_parameters() == 269_722


def test_the_shortcut_subsamples_and_adds_empty_channels():
    block = CifarResNetForImageClassification(CifarResNetConfig(depth=8, width=4)).backbone.stages[1]
    hidden = torch.rand(2, 4, 6, 6)
    shortcut = block.shortcut(hidden)
    assert shortcut.shape == (2, 8, 3, 3)
    assert torch.equal(shortcut[:, 2:6], hidden[:, :, ::2, ::2])
    assert shortcut[:, :2].sum() == shortcut[:, 6:].sum() == 0


@pytest.mark.parametrize("depth", [2, 19, 21])
def test_a_depth_that_does_not_exist_is_refused(depth):
    with pytest.raises(InputError, match=f"depth is {depth}, but must be 6n \\+ 2"):
        CifarResNetConfig(depth=depth)
