import pytest
import torch

from abstain import InputError
from abstain.models.densenet_bc import DenseNetBCConfig, DenseNetBCForImageClassification


def test_it_has_the_published_number_of_parameters():
    # k = 12, n = 16 layers in each of 3 blocks, θ = 0.5. A layer on c channels: norm 2c, 1×1 convolution 48c, norm 96,
    # 3×3 convolution 48·12·9 = 5,184; so 50c + 5,280. Channels start at 24 and grow by 12: block 1 has 24, 36, …, 204,
    # sum 16·114 = 1,824; transition 216 -> 108; block 2 sum 16·198 = 3,168; 300 -> 150; block 3 sum 3,840; end: 342.
    layers = 50 * (1824 + 3168 + 3840) + 48 * 5280
    transitions = (2 * 216 + 216 * 108) + (2 * 300 + 300 * 150)
    rest = 3 * 24 * 9 + layers + transitions + 2 * 342
    for n_classes in (10, 100):
        model = DenseNetBCForImageClassification(DenseNetBCConfig(num_labels=n_classes))
        assert model.num_parameters() == rest + n_classes * 343 == {10: 769_162, 100: 800_032}[n_classes]
        assert round(model.num_parameters() / 1e6, 1) == 0.8  # Huang et al. 2017, Table 2


def test_it_puts_new_channels_beside_the_input_and_halves_the_size_twice():
    model = DenseNetBCForImageClassification(DenseNetBCConfig(depth=10, growth_rate=2, num_labels=3)).eval()
    hidden = torch.randn(2, 4, 8, 8)
    assert torch.equal(model.backbone.stages[0](hidden)[:, :4], hidden)
    assert model.backbone.stages(hidden).shape == (2, 4, 2, 2)  # channels (4 + 2)/2 = 3, (3 + 2)/2 = 2, 2 + 2


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"depth": 101}, "depth is 101, but must be 6n \\+ 4"),
        ({"growth_rate": 0}, "growth_rate is 0"),
        ({"compression": 1.5}, "compression is 1.5"),
    ],
)
def test_settings_that_make_no_model_are_refused(setting, message):
    with pytest.raises(InputError, match=message):
        DenseNetBCConfig(**setting)
