import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_model_data_config
from transformers import BertConfig, BertModel

from abstain._checks import ArgumentError
from abstain.models.wrapped_timm import processor_of_timm, wrapped_timm


@pytest.fixture(scope="module")
def native():
    torch.manual_seed(0)
    return timm.create_model("resnet10t", num_classes=4).eval()


def test_the_wrapper_has_the_same_weights_logits_and_pixels(native):
    wrapper, processor = wrapped_timm(native), processor_of_timm(native)
    assert wrapper.config.num_labels == 4 and wrapper.config.architecture == "resnet10t"
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8))
    theirs = create_transform(**resolve_model_data_config(native))(image)[None]
    ours = torch.as_tensor(np.asarray(processor(image)["pixel_values"]))
    assert torch.equal(ours, theirs)
    with torch.no_grad():
        assert torch.equal(wrapper(pixel_values=ours).logits, native(theirs))


def test_a_model_of_transformers_is_taken_as_it_is():
    model = wrapped_timm(native := timm.create_model("resnet10t", num_classes=3))
    assert wrapped_timm(model) is model is not native


def test_arguments_that_timm_remembers_are_kept():
    small = timm.create_model("vit_tiny_patch16_224", num_classes=3, img_size=32, patch_size=8, depth=1).eval()
    pixels = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(wrapped_timm(small)(pixel_values=pixels).logits, small(pixels))


def test_what_timm_would_make_otherwise_is_refused():
    changed = timm.create_model("resnet10t", num_classes=3)
    changed.fc = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Linear(512, 3))
    with pytest.raises(ArgumentError, match="timm cannot make the model 'resnet10t' again") as refused:
        wrapped_timm(changed)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("model", [torch.nn.Linear(2, 2), "resnet18", None])
def test_what_is_no_classifier_is_named(model):
    with pytest.raises(ArgumentError, match="but must be a classifier of transformers, of timm or of abstain"):
        wrapped_timm(model)
    with pytest.raises(ArgumentError, match="only a model as timm makes it brings its own"):
        processor_of_timm(model)


def test_a_backbone_of_transformers_is_still_a_question_of_its_outputs():
    model = BertModel(BertConfig(vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1))
    assert wrapped_timm(model) is model, "its configuration has a number of classes; its outputs are looked at when run"
