import importlib.util
import sys

import pytest
import torch
from transformers import AutoConfig, AutoModelForSemanticSegmentation

from abstain import InputError
from abstain.models.deeplabv3plus import DeepLabV3PlusConfig, DeepLabV3PlusForSemanticSegmentation

needs_extra = pytest.mark.skipif(
    importlib.util.find_spec("segmentation_models_pytorch") is None,
    reason="needs the extra `segmentation`",
)


def small_model(**changes):
    torch.manual_seed(0)
    config = DeepLabV3PlusConfig(encoder_name="resnet18", decoder_channels=16, num_labels=7, **changes)
    return DeepLabV3PlusForSemanticSegmentation(config).eval()


@needs_extra
def test_parameter_counts_are_those_of_the_library_and_of_the_published_backbone():
    import segmentation_models_pytorch

    model = DeepLabV3PlusForSemanticSegmentation(DeepLabV3PlusConfig(num_labels=19))
    library = segmentation_models_pytorch.DeepLabV3Plus("resnet101", encoder_weights=None, classes=19)
    assert model.num_parameters() == sum(parameter.numel() for parameter in library.parameters()) == 45_674_339
    # torchvision documents 44,549,160 for ResNet-101, of which the layer for 1,000 classes has 2,049,000
    assert sum(parameter.numel() for parameter in model.base_model.parameters()) == 44_549_160 - 2_049_000


@needs_extra
def test_it_goes_through_the_auto_classes_unchanged(tmp_path):
    model = small_model(dropout=0.2)
    model.save_pretrained(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"config.json", "model.safetensors"}
    loaded = AutoModelForSemanticSegmentation.from_pretrained(tmp_path).eval()
    saved, read = model.state_dict(), loaded.state_dict()
    assert saved.keys() == read.keys() and all(torch.equal(saved[name], read[name]) for name in saved)
    images = torch.randn(2, 3, 40, 36)
    with torch.no_grad():
        expected = model(images).logits
        # from_pretrained leaves views of the file's buffer, at addresses for which convolutions sum in another order
        assert torch.allclose(loaded(images).logits, expected, rtol=1e-4, atol=1e-4)
        for tensor in (*loaded.parameters(), *loaded.buffers()):
            tensor.data = tensor.data.clone()
        assert (loaded(images).logits - expected).abs().max() == 0
    assert isinstance(AutoConfig.from_pretrained(tmp_path), DeepLabV3PlusConfig)
    assert [module.p for module in loaded.modules() if isinstance(module, torch.nn.Dropout)] == [0.2]


@needs_extra
def test_another_number_of_classes_gets_a_new_head_and_keeps_the_rest(tmp_path):
    model = small_model()
    model.save_pretrained(tmp_path)
    loaded = AutoModelForSemanticSegmentation.from_pretrained(tmp_path, num_labels=3, ignore_mismatched_sizes=True)
    assert loaded.classifier.weight.shape[0] == 3 and loaded.classifier.weight.std() > 0.1
    assert torch.equal(loaded.encoder.conv1.weight, model.encoder.conv1.weight)


@needs_extra
@pytest.mark.parametrize(("stride", "rates"), [(16, [6, 12, 18]), (8, [12, 24, 36])])
def test_the_rates_of_the_dilated_convolutions_are_the_published_ones(stride, rates):
    found = {module.dilation[0] for module in small_model(output_stride=stride).decoder.aspp[0].modules()
             if isinstance(module, torch.nn.Conv2d)}  # fmt: skip
    assert sorted(found) == [1, *rates]


@needs_extra
@pytest.mark.parametrize(("height", "width"), [(32, 32), (90, 120), (33, 50)])
def test_logits_are_a_quarter_of_images_of_any_size(height, width):
    with torch.no_grad():
        logits = small_model()(torch.randn(1, 3, height, width)).logits
    assert logits.shape == (1, 7, -(-height // 4), -(-width // 4))


@needs_extra
def test_logits_keep_full_precision_under_autocast():
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        logits = small_model()(torch.randn(2, 3, 32, 32)).logits
    assert logits.dtype == torch.float32
    assert not torch.equal(logits, logits.bfloat16().float())


@needs_extra
def test_the_loss_is_the_plain_cross_entropy_of_interpolated_logits():
    model, images, labels = small_model(), torch.randn(2, 3, 32, 32), torch.randint(0, 7, (2, 32, 32))
    labels[0, :10] = 255
    output = model(images, labels=labels)
    resized = torch.nn.functional.interpolate(output.logits, (32, 32), mode="bilinear")
    assert torch.equal(output.loss, torch.nn.functional.cross_entropy(resized, labels, ignore_index=255))


@needs_extra
def test_the_encoder_takes_weights_only_when_asked(monkeypatch):
    import segmentation_models_pytorch as library

    model, other = small_model(), library.encoders.get_encoder("resnet18", weights=None)
    asked = []

    def get_encoder(name, *, in_channels, weights):
        asked.append((name, in_channels, weights))
        return other

    monkeypatch.setattr(library.encoders, "get_encoder", get_encoder)
    assert not torch.equal(model.encoder.conv1.weight, other.conv1.weight)
    model.load_encoder_weights("imagenet")
    assert asked == [("resnet18", 3, "imagenet")]
    assert torch.equal(model.encoder.conv1.weight, other.conv1.weight)


@needs_extra
def test_mistakes_are_one_sentence():
    with pytest.raises(InputError, match="unknown encoder_name 'resnet19'"):
        DeepLabV3PlusForSemanticSegmentation(DeepLabV3PlusConfig(encoder_name="resnet19"))
    with pytest.raises(InputError, match="the weights 'imagenot' of resnet18 are not to be had") as caught:
        small_model().load_encoder_weights("imagenot")
    assert "\n" not in str(caught.value)


def test_a_stride_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="output_stride is 4, but must be 8 or 16"):
        DeepLabV3PlusConfig(output_stride=4)


def test_without_the_extra_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "segmentation_models_pytorch", None)
    with pytest.raises(InputError, match=r"pip install 'abstain\[segmentation\]'"):
        DeepLabV3PlusForSemanticSegmentation(DeepLabV3PlusConfig(encoder_name="resnet18"))
