import json

import pytest
import timm
import torch
from timm.models import save_for_hf
from transformers import AutoImageProcessor, AutoModelForImageClassification, ResNetConfig

from abstain import InputError
from abstain.data.processors import resize_and_crop
from abstain.models.auto import classifier_config, kind_of, load_classifier, load_processor, new_classifier
from abstain.models.timm_wrapper import record_preprocessing

ARCHITECTURE, ARGUMENTS = "vit_tiny_patch16_224", {"img_size": 16, "patch_size": 8, "depth": 1, "embed_dim": 16}
OVERRIDES = ",".join(f"{key}={value}" for key, value in ARGUMENTS.items()) + ",num_heads=2"
NAMES = ["cat", "dog", "owl"]
pytestmark = pytest.mark.filterwarnings("ignore:.*torchvision backend.*")


@pytest.fixture(scope="module")
def images():
    return torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def test_a_checkpoint_of_timm_with_num_classes_among_its_arguments_is_loaded(tmp_path, images):
    native = timm.create_model(ARCHITECTURE, num_classes=3, num_heads=2, **ARGUMENTS).eval()
    save_for_hf(native, tmp_path, model_args={"num_classes": 3, "num_heads": 2, **ARGUMENTS}, safe_serialization=True)
    assert "num_classes" in json.loads((tmp_path / "config.json").read_text())["model_args"]
    model = load_classifier("images", str(tmp_path), NAMES).eval()
    with torch.no_grad():
        assert (model(images).logits - native(images)).abs().max() == 0
    assert model.config.id2label == dict(enumerate(NAMES))


def test_a_new_model_of_timm_is_read_by_timm_and_by_transformers(tmp_path, images):
    model = new_classifier("images", "timm_wrapper", NAMES, overrides=OVERRIDES, architecture=ARCHITECTURE).eval()
    record_preprocessing(model, resize_and_crop(16, crop_fraction=0.8))
    model.save_pretrained(tmp_path)
    native = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
    again = AutoModelForImageClassification.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        expected = model(images).logits
        assert (native(images) - expected).abs().max() == 0
        assert (again(images).logits - expected).abs().max() == 0
    assert expected.shape == (2, 3) and again.config.id2label == dict(enumerate(NAMES))
    config = timm.data.resolve_model_data_config(native)
    assert (tuple(config["input_size"]), config["crop_pct"]) == ((3, 16, 16), 0.8)
    assert AutoImageProcessor.from_pretrained(tmp_path).data_config["crop_pct"] == 0.8


def test_a_new_model_of_timm_starts_with_timm_s_own_weights():
    torch.manual_seed(0)
    model = new_classifier("images", "timm_wrapper", NAMES, architecture="resnet10t")
    torch.manual_seed(0)
    native = timm.create_model("resnet10t", num_classes=3)
    for name, tensor in native.state_dict().items():
        assert torch.equal(model.timm_model.state_dict()[name], tensor), name


def test_fine_tuning_replaces_the_head_and_keeps_the_rest(tmp_path):
    native = timm.create_model(ARCHITECTURE, num_classes=5, num_heads=2, **ARGUMENTS)
    save_for_hf(native, tmp_path, model_args={"num_heads": 2, **ARGUMENTS}, safe_serialization=True)
    model = load_classifier("images", str(tmp_path), NAMES)
    assert model.config.num_labels == 3 and model.timm_model.head.out_features == 3
    assert torch.equal(model.timm_model.patch_embed.proj.weight, native.patch_embed.proj.weight)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("timm_wrapper", None, None), "goes with --model_type timm_wrapper"),
        (("resnet", None, "resnet18"), "goes with --model_type timm_wrapper"),
        (("timm_wrapper", None, "resnet5000"), r"the model cannot be made: Unknown model \(resnet5000\)"),
        (("timm_wrapper", "depth", "resnet18"), "'depth' in config_overrides is no setting"),
        (("timm_wrapper", "deppth=3", "resnet18"), "the model cannot be made: .*deppth"),
    ],
)
def test_models_that_cannot_be_made_are_one_sentence(arguments, message):
    model_type, overrides, architecture = arguments
    with pytest.raises(InputError, match=message):
        new_classifier("images", model_type, NAMES, overrides=overrides, architecture=architecture)


def test_a_checkpoint_of_several_labels_a_sample_is_refused(tmp_path):
    ResNetConfig(problem_type="multi_label_classification").save_pretrained(tmp_path)
    with pytest.raises(InputError, match="made for multi_label_classification"):
        load_classifier("images", str(tmp_path), NAMES)
    with pytest.raises(InputError, match="the model cannot be made"):
        load_classifier("images", str(tmp_path / "nowhere"), NAMES)
