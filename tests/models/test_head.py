import pytest
import torch
from torch import nn

from abstain import read_logits, released_checkpoint
from abstain._checks import ArgumentError
from abstain.data.processors import input_size
from abstain.data.splits import load_data
from abstain.models.auto import load_classifier, load_processor
from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification
from abstain.models.densenet_bc import DenseNetBCConfig, DenseNetBCForImageClassification
from abstain.models.lstm_text_classifier import LSTMTextClassifier, LSTMTextClassifierConfig
from abstain.models.tabular_mlp import TabularMLPConfig, TabularMLPForClassification

MODELS = {
    "cifar_resnet": (
        lambda: CifarResNetForImageClassification(CifarResNetConfig(depth=8, num_labels=5)),
        torch.randn(8, 3, 16, 16),
        ["classifier"],
    ),
    "densenet_bc": (
        lambda: DenseNetBCForImageClassification(DenseNetBCConfig(depth=10, num_labels=5)),
        torch.randn(8, 3, 16, 16),
        ["classifier"],
    ),
    "lstm_text_classifier": (
        lambda: LSTMTextClassifier(LSTMTextClassifierConfig(num_labels=5)),
        torch.randint(1, 10_000, (8, 4)),
        ["dense", "classifier"],
    ),
    "tabular_mlp": (
        lambda: TabularMLPForClassification(TabularMLPConfig(num_features=6, num_labels=5)),
        torch.randn(8, 6),
        ["backbone.dense1", "backbone.dense2", "classifier"],
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_head_and_no_other_layer_computes_outside_autocast(name):
    make, inputs, head = MODELS[name]
    torch.manual_seed(0)
    model, dtypes = make().eval(), {}
    for layer, module in model.named_modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.register_forward_hook(lambda *given, layer=layer: dtypes.update({layer: given[2].dtype}))
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(inputs).logits
    assert logits.dtype == torch.float32 and not torch.equal(logits, logits.bfloat16().float())
    assert [layer for layer, dtype in dtypes.items() if dtype == torch.float32] == head
    assert len(dtypes) > len(head) or name in ("lstm_text_classifier", "tabular_mlp")


@pytest.mark.parametrize("name", MODELS)
def test_half_precision_weights_give_half_precision_logits(name):
    make, inputs, _ = MODELS[name]
    model = make().eval().bfloat16()
    inputs = inputs.bfloat16() if inputs.is_floating_point() else inputs
    with torch.no_grad():
        assert model(inputs).logits.dtype == torch.bfloat16


def test_what_a_call_asks_for_wins_over_the_configuration():
    model = MODELS["tabular_mlp"][0]()
    assert not model.wants("output_hidden_states", {}) and not model.wants("output_hidden_states", {"other": True})
    assert model.wants("output_hidden_states", {"output_hidden_states": True})
    model.config.output_hidden_states = True
    assert model.wants("output_hidden_states", {"output_hidden_states": None})
    assert not model.wants("output_hidden_states", {"output_hidden_states": False})
    model.refuse("output_hidden_states", given={"output_hidden_states": False})
    with pytest.raises(ArgumentError, match=r"TabularMLP\w+ gives no hidden states, but output_hidden_states is True"):
        model.refuse("output_attentions", "output_hidden_states", given={})
    with pytest.raises(ArgumentError, match=r"output_attentions is 1, but TabularMLP\w+ takes True or False"):
        model.wants("output_attentions", {"output_attentions": 1})


@pytest.mark.parametrize("name", ["resnet20_cifar10_ce", "resnet20_cifar10_ls"])
def test_the_logits_of_a_released_checkpoint_stay_what_they_were(name, cifar10_folder):
    folder = released_checkpoint(name)
    images = load_data(str(cifar10_folder))["test"].select(range(128))["img"][:]
    processor = load_processor("images", str(folder))
    pixels = processor([image.convert("RGB") for image in images], return_tensors="pt")["pixel_values"]
    assert tuple(pixels.shape[2:]) == input_size(processor)
    with torch.inference_mode():
        logits = load_classifier("images", str(folder)).eval()(pixels).logits
    assert torch.allclose(logits, torch.from_numpy(read_logits(folder / "logits", "test")[0][:128]), atol=1e-5)
