import json

import pytest
import timm
import torch
from timm.models import save_for_hf
from transformers import AutoImageProcessor, AutoModelForImageClassification, ResNetConfig, ResNetModel

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
    ("kind", "model_type", "settings", "logits"),
    [
        ("images", "cifar_resnet", {"overrides": "depth=8,width=4"}, (2, 3)),
        ("images", "timm_wrapper", {"architecture": ARCHITECTURE, "overrides": OVERRIDES}, (2, 3)),
        ("texts", "lstm_text_classifier", {"vocab_size": 20, "overrides": "hidden_size=4,dense_size=4"}, (2, 3)),
        ("tables", "tabular_mlp", {"num_features": 4}, (2, 3)),
        ("pixels", "segformer", {"overrides": "decoder_hidden_size=8"}, (2, 3, 16, 16)),
    ],
)
def test_every_kind_is_made_saved_and_loaded_by_its_name(tmp_path, images, kind, model_type, settings, logits):
    torch.manual_seed(0)
    model = new_classifier(kind, model_type, NAMES, **settings).eval()
    model.save_pretrained(tmp_path)
    inputs = {"texts": torch.tensor([[1, 2], [3, 4]]), "tables": torch.ones(2, 4), "pixels": torch.ones(2, 3, 64, 64)}
    inputs = inputs.get(kind, images)
    assert kind_of(classifier_config(str(tmp_path))) == kind
    again = load_classifier(kind, str(tmp_path)).eval()
    other = load_classifier(kind, str(tmp_path), ["yes", "no"]).eval()
    with torch.no_grad():
        expected = model(inputs).logits
        assert expected.shape == logits and torch.allclose(again(inputs).logits, expected, atol=1e-6)
        assert other(inputs).logits.shape == (2, 2, *logits[2:])
    assert again.config.id2label == dict(enumerate(NAMES)) and other.config.label2id == {"yes": 0, "no": 1}


@pytest.mark.parametrize(
    ("kind", "model_type", "settings"),
    [
        ("texts", "lstm_text_classifier", {"vocab_size": 20}),
        ("tables", "tabular_mlp", {"num_features": 4}),
        ("images", "timm_wrapper", {"architecture": ARCHITECTURE, "overrides": OVERRIDES}),
    ],
)
def test_two_classes_may_share_one_logit(tmp_path, kind, model_type, settings):
    model = new_classifier(kind, model_type, ["no", "yes"], one_logit=True, **settings)
    assert model.config.num_labels == 1 and model.config.id2label == {0: "yes"}
    model.save_pretrained(tmp_path)
    assert load_classifier(kind, str(tmp_path), ["no", "yes"], one_logit=True).config.num_labels == 1
    assert load_classifier(kind, str(tmp_path), ["no", "yes"]).config.num_labels == 2
    with pytest.raises(InputError, match="one_logit is for two classes, but there are 3"):
        load_classifier(kind, str(tmp_path), NAMES, one_logit=True)


@pytest.mark.parametrize(
    ("kind", "model_type", "settings", "message"),
    [
        ("images", "timm_wrapper", {}, "goes with model_type=.timm_wrapper"),
        ("images", "resnet", {"architecture": "resnet18"}, "goes with model_type=.timm_wrapper"),
        (
            "images",
            "timm_wrapper",
            {"architecture": "resnet5000"},
            r"the model cannot be made: Unknown model \(resnet5000\)",
        ),
        (
            "images",
            "timm_wrapper",
            {"architecture": "resnet18", "overrides": "depth"},
            "'depth' in config_overrides is no setting",
        ),
        (
            "images",
            "timm_wrapper",
            {"architecture": "resnet18", "overrides": "deppth=3"},
            "the model cannot be made: .*deppth",
        ),
        ("images", "resnet", {"overrides": "deppth=3"}, "the model cannot be made: .*deppth"),
        ("images", "resnet", {"overrides": "deppth"}, "the model cannot be made: "),
        ("images", "cifar_resnet", {"overrides": "depth=9"}, "depth is 9, but must be 6n"),
        ("images", "bert", {}, "the model cannot be made: Unrecognized configuration class .*BertConfig"),
        ("images", "resnett", {}, "unknown model_type 'resnett': give cifar_resnet or one of transformers: resnet"),
        ("pixels", "unet", {}, "unknown model_type 'unet': give deeplabv3plus or one of transformers: segformer"),
        ("texts", "lstm", {}, "unknown model_type 'lstm': give lstm_text_classifier or one of transformers: bert"),
        ("tables", "bert", {}, "the model type 'bert' is no classifier of tables: give tabular_mlp"),
        (
            "pixels",
            "segformer",
            {"encoder_weights": "imagenet"},
            "are for deeplabv3plus, but model_type is 'segformer'",
        ),
        ("sounds", "resnet", {}, "unknown kind of classifier 'sounds': choose from images, pixels, tables, texts"),
    ],
)
def test_models_that_cannot_be_made_are_one_sentence(kind, model_type, settings, message):
    with pytest.raises(InputError, match=message) as caught:
        new_classifier(kind, model_type, NAMES, **settings)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_of_several_labels_a_sample_is_refused(tmp_path):
    ResNetConfig(problem_type="multi_label_classification").save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").touch()  # nobody gets as far as that
    with pytest.raises(InputError, match="made for multi_label_classification"):
        load_classifier("images", str(tmp_path), NAMES)


def test_what_cannot_be_loaded_is_one_sentence(tmp_path):
    new_classifier("images", "cifar_resnet", NAMES, overrides="depth=8").save_pretrained(tmp_path)
    weights = tmp_path / "model.safetensors"
    for kind, path, message in (
        ("images", tmp_path / "nowhere", "neither a folder here nor to be had from the Hub"),
        ("texts", tmp_path, "the model cannot be made: Unrecognized configuration class"),
        ("tables", tmp_path, "the model type 'cifar_resnet' is no classifier of tables: give tabular_mlp"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            load_classifier(kind, str(path))
        assert "\n" not in str(caught.value)
    weights.write_bytes(weights.read_bytes()[:100])  # cut off
    with pytest.raises(InputError, match=r"the model cannot be made: .*header"):
        load_classifier("images", str(tmp_path))
    for kind, what in (("images", "image processor"), ("pixels", "image processor"), ("texts", "tokenizer")):
        with pytest.raises(InputError, match=f"has no {what}: save one beside it"):
            load_processor(kind, str(tmp_path))


def changed(folder, name="config.json", **values):
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_no_code_of_a_checkpoint_runs_whatever_is_typed(tmp_path, monkeypatch):
    new_classifier("images", "cifar_resnet", NAMES, overrides="depth=8,width=4").save_pretrained(tmp_path)
    resize_and_crop(16).save_pretrained(tmp_path)
    (tmp_path / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass C: pass\n")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    changed(tmp_path, model_type="mine", auto_map={"AutoConfig": "mine.C", "AutoModelForImageClassification": "mine.C"})
    with pytest.raises(InputError, match="contains custom code"):
        load_classifier("images", str(tmp_path))
    changed(tmp_path, "preprocessor_config.json", image_processor_type="C", auto_map={"AutoImageProcessor": "mine.C"})
    with pytest.raises(InputError, match=r"has no image processor: save one beside it .*contains custom code"):
        load_processor("images", str(tmp_path))
    assert not (tmp_path / "ran").exists()


def test_pickles_are_not_read_where_the_safetensors_are_called_otherwise(tmp_path):
    model = new_classifier("tables", "tabular_mlp", NAMES, num_features=3)
    model.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "other.safetensors")
    (tmp_path / "pytorch_model.bin").write_bytes(b"of any kind")
    with pytest.raises(InputError, match=r"no file named model\.safetensors"):
        load_classifier("tables", str(tmp_path))


def test_no_head_is_made_of_random_numbers_where_none_was_asked_for(tmp_path):
    settings = {"depths": [1], "hidden_sizes": [8], "embedding_size": 8, "num_labels": 3}
    ResNetModel(ResNetConfig(**settings)).save_pretrained(tmp_path)
    with pytest.raises(
        InputError, match=r"has no weights for classifier\.1\.bias, classifier\.1\.weight, so they would"
    ):
        load_classifier("images", str(tmp_path))
    assert load_classifier("images", str(tmp_path), NAMES).config.num_labels == 3, "for training"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"architecture": "local-dir:elsewhere"},
            "the architecture 'local-dir:elsewhere' is none that timm knows by its",
        ),
        ({"architecture": "hf-hub:user/model"}, "is none that timm knows by its name alone"),
        ({"architecture": 3}, "Validation error for field 'architecture'"),
        ({"model_args": {"checkpoint_path": "a.pth"}}, "model_args have checkpoint_path, by which timm would read"),
        (
            {"model_args": {"pretrained": True, "cache_dir": "x"}},
            "model_args have cache_dir, pretrained, by which timm",
        ),
    ],
)
def test_timm_reads_nothing_from_elsewhere(tmp_path, values, said):
    new_classifier("images", "timm_wrapper", NAMES, architecture=ARCHITECTURE, overrides=OVERRIDES).save_pretrained(
        tmp_path
    )
    changed(tmp_path, **values)
    with pytest.raises(InputError, match=said):
        load_classifier("images", str(tmp_path))
