import pytest
import torch
from transformers import PreTrainedConfig
from transformers.modeling_outputs import BaseModelOutputWithNoAttention

from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification
from abstain.models.densenet_bc import DenseNetBCConfig, DenseNetBCForImageClassification
from abstain.models.small_image_classifier import SmallImageClassifier, through_stages


class Identity(torch.nn.Module):
    """Its features are the image itself."""

    def forward(self, pixel_values, *, output_hidden_states=False):
        return BaseModelOutputWithNoAttention(last_hidden_state=pixel_values)


def test_features_are_averaged_over_the_image_and_classified():
    model = SmallImageClassifier(PreTrainedConfig(num_labels=3), Identity(), n_features=2).eval()
    with torch.no_grad():
        model.classifier.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]]))
        model.classifier.bias.copy_(torch.tensor([0.0, 0.0, 0.5]))
        logits = model(torch.tensor([[[[1.0, 2.0], [3.0, 6.0]], [[4.0, 0.0], [0.0, 0.0]]]])).logits
    assert logits.tolist() == [[3.0, 1.0, 2.5]]  # the channels' means are 3 and 1


def test_what_goes_into_the_stages_and_comes_out_of_each_is_kept_on_demand():
    stages = [torch.nn.Flatten(), torch.nn.ReLU(), torch.nn.Threshold(1.5, 0.0)]
    hidden = torch.tensor([[[-1.0, 1.0, 2.0]]])
    found = through_stages(stages, hidden, keep=True)
    assert [kept.tolist() for kept in found.hidden_states] == [
        [[[-1.0, 1.0, 2.0]]],
        [[-1.0, 1.0, 2.0]],
        [[0.0, 1.0, 2.0]],
        [[0.0, 0.0, 2.0]],
    ]
    assert found.last_hidden_state is found.hidden_states[-1]
    assert through_stages(stages, hidden, keep=False).hidden_states is None


def test_the_loss_is_the_plain_cross_entropy():
    model = CifarResNetForImageClassification(CifarResNetConfig(depth=8, num_labels=5)).eval()
    images, labels = torch.randn(4, 3, 16, 16), torch.tensor([0, 1, 2, 4])
    output = model(images, labels=labels)
    assert torch.equal(output.loss, torch.nn.functional.cross_entropy(output.logits, labels))


@pytest.mark.parametrize(
    "make",
    [
        lambda: CifarResNetForImageClassification(CifarResNetConfig(depth=20, width=32)),
        lambda: DenseNetBCForImageClassification(DenseNetBCConfig(depth=22, growth_rate=24)),
    ],
)
def test_weights_begin_as_he_et_al_have_them(make):
    torch.manual_seed(0)
    model = make()
    convolutions = [module for module in model.modules() if isinstance(module, torch.nn.Conv2d)]
    for module in convolutions:
        outputs = module.out_channels * module.kernel_size[0] * module.kernel_size[1]
        assert float(module.weight.detach().std()) == pytest.approx((2 / outputs) ** 0.5, rel=0.2)
    assert not model.classifier.bias.any() and len(convolutions) > 10
