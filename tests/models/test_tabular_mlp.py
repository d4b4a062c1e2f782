import pytest
import torch

from abstain import InputError
from abstain.models.tabular_mlp import TabularMLPConfig, TabularMLPForClassification


@pytest.mark.parametrize("labels", [1, 4])
def test_it_has_the_parameters_of_its_layers(labels):
    # F -> 4F -> 2F -> labels with F = 7: 7·28 + 28, 28·14 + 14, 14·labels + labels
    model = TabularMLPForClassification(TabularMLPConfig(num_features=7, num_labels=labels))
    assert model.num_parameters() == 224 + 406 + 15 * labels
    if labels == 1:
        assert model.num_parameters() == 12 * 7**2 + 8 * 7 + 1


def test_its_logits_are_worked_out_by_hand():
    # F = 1: four units with weight 1 and biases 0, -1, -2, 1 see x = 1.5 as 1.5, 0.5, 0, 2.5; two units take their sum
    # and minus their sum: 4.5 and 0; the logit is 2·4.5 + 3·0 - 1 = 8.
    model = TabularMLPForClassification(TabularMLPConfig(num_features=1, num_labels=1)).eval()
    with torch.no_grad():
        model.backbone.dense1.weight.fill_(1)
        model.backbone.dense1.bias.copy_(torch.tensor([0.0, -1.0, -2.0, 1.0]))
        model.backbone.dense2.weight.copy_(torch.tensor([[1.0], [-1.0]]).expand(2, 4))
        model.classifier.weight.copy_(torch.tensor([[2.0, 3.0]]))
        model.classifier.bias.fill_(-1)
        assert model(torch.tensor([[1.5]])).logits.tolist() == [[8.0]]


def test_one_logit_is_trained_as_the_pair_of_zero_and_itself():
    torch.manual_seed(0)
    model = TabularMLPForClassification(TabularMLPConfig(num_features=3, num_labels=1))
    labels = torch.tensor([0, 1, 1])
    output = model(torch.randn(3, 3), labels=labels)
    pair = torch.cat([torch.zeros(3, 1), output.logits], dim=1)
    assert torch.allclose(output.loss, torch.nn.functional.cross_entropy(pair, labels))


def test_no_feature_is_refused():
    with pytest.raises(InputError, match="num_features is 0"):
        TabularMLPConfig(num_features=0)
