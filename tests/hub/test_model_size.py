import pytest
import torch
from every_model import Case
from transformers import AutoModelForImageClassification, ViTImageProcessor

from abstain import released_checkpoint
from abstain.hub.model_size import model_size
from abstain.models import TabularMLPConfig, TabularMLPForClassification, new_classifier


def test_a_residual_network_is_counted_as_by_hand():
    model = AutoModelForImageClassification.from_pretrained(released_checkpoint("resnet20_cifar10_ls"))
    processor = ViTImageProcessor.from_pretrained(released_checkpoint("resnet20_cifar10_ls"))
    size = model_size(model, "images", processor)
    stages = 6 * 16 * 16 * 9 * 1024 + (16 + 5 * 32) * 32 * 9 * 256 + (32 + 5 * 64) * 64 * 9 * 64
    assert size.multiply_adds == 3 * 16 * 9 * 1024 + stages + 64 * 10
    assert size.n_parameters == 269_722 and size.sample == "an image of 32 × 32 pixels"


def test_a_perceptron_is_counted_as_by_hand():
    model = TabularMLPForClassification(TabularMLPConfig(num_features=8, num_labels=3))
    size = model_size(model, "tables")
    assert size.multiply_adds == 8 * 32 + 32 * 16 + 16 * 3 and size.sample == "one row"


def test_the_products_inside_of_an_lstm_are_counted():
    settings = "embedding_size=8,hidden_size=6,dense_size=5"
    model = new_classifier("texts", "lstm_text_classifier", ["a", "b", "c"], vocab_size=300, overrides=settings)
    size = model_size(model, "texts")
    assert size.multiply_adds == 256 * 4 * 6 * (8 + 6) + 6 * 5 + 5 * 3 and size.sample == "a text of 256 tokens"


def test_the_model_stays_as_it_was():
    model = new_classifier("images", "cifar_resnet", ["a", "b"], overrides="depth=8,width=4")
    model.train()
    frozen = next(module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert model_size(model, "images", ViTImageProcessor(size={"height": 8, "width": 8})).multiply_adds > 0
    assert model.training and not frozen.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_without_a_processor_only_parameters_are_counted():
    model = new_classifier("images", "cifar_resnet", ["a", "b"], overrides="depth=8,width=4")
    size = model_size(model, "images")
    assert size.multiply_adds is None and size.sample is None
    assert size.n_parameters == sum(value.numel() for value in model.parameters())


@pytest.mark.parametrize("name", ["deeplabv3plus", "timm_wrapper"])
def test_models_of_other_libraries_are_counted_too(name):
    case = Case(name)
    size = model_size(case.make(), case.kind, ViTImageProcessor(size={"height": 32, "width": 32}))
    assert size.multiply_adds > 0 and size.sample == "an image of 32 × 32 pixels"
