import json

import pytest
import timm
from transformers import CLIPImageProcessor, TimmWrapperConfig

from abstain import InputError
from abstain.data.processors import resize_and_crop
from abstain.models.auto import new_classifier
from abstain.models.timm_wrapper import check_timm_config, parse_overrides, record_preprocessing, timm_data_config

pytestmark = pytest.mark.filterwarnings("ignore:.*torchvision backend.*")


def test_what_a_processor_does_is_said_in_timm_s_words():
    config = timm_data_config(resize_and_crop(16, crop_fraction=0.8))
    assert config["input_size"] == [3, 16, 16] and config["crop_mode"] == "center"
    assert config["crop_pct"] == 0.8, "the short edge becomes 20 pixels, of which 16 are kept"
    squashed = CLIPImageProcessor(
        size={"height": 8, "width": 12}, do_center_crop=False, image_mean=[0.1, 0.2, 0.3], image_std=[1.0, 2.0, 3.0]
    )
    config = timm_data_config(squashed)
    assert (config["input_size"], config["crop_pct"], config["crop_mode"]) == ([3, 8, 12], 1.0, "squash")
    assert (config["mean"], config["std"], config["interpolation"]) == ([0.1, 0.2, 0.3], [1.0, 2.0, 3.0], "bicubic")


def test_timm_reads_back_what_was_recorded(tmp_path):
    model = new_classifier("images", "timm_wrapper", ["cat", "dog"], architecture="resnet10t")
    model.config.pretrained_cfg = {"test_input_size": [3, 288, 288], "tag": "mine"}
    record_preprocessing(model, resize_and_crop(32, crop_fraction=0.5))
    assert model.config.pretrained_cfg["tag"] == "mine" and "test_input_size" not in model.config.pretrained_cfg
    model.save_pretrained(tmp_path)
    native = timm.create_model(f"local-dir:{tmp_path}", pretrained=True)
    config = timm.data.resolve_model_data_config(native)
    assert (tuple(config["input_size"]), config["crop_pct"]) == ((3, 32, 32), 0.5)


def test_a_model_with_random_weights_names_no_weights_that_it_never_had(tmp_path):
    model = new_classifier("images", "timm_wrapper", ["cat", "dog"], architecture="resnet18")
    model.save_pretrained(tmp_path)
    text = (tmp_path / "config.json").read_text()
    told = timm.create_model("resnet18").pretrained_cfg
    assert told["tag"] == "a1_in1k" and told["origin_url"] and told["paper_ids"]
    for origin in ("a1_in1k", "arXiv", "http", "license", "hf_hub_id"):
        assert origin not in text
    assert json.loads(text)["pretrained_cfg"]["mean"] == list(told["mean"]), "what is done to images stays"
    assert timm.create_model(f"local-dir:{tmp_path}", pretrained=True).num_classes == 2


def test_other_models_have_another_place_for_it():
    model = new_classifier("images", "cifar_resnet", ["cat", "dog"], overrides="depth=8")
    before = model.config.to_dict()
    record_preprocessing(model, resize_and_crop(32, crop_fraction=0.5))
    assert model.config.to_dict() == before


def test_overrides_are_keyword_arguments():
    assert parse_overrides("img_size=32, drop_rate=0.1,qkv_bias=False,norm=layer") == {
        "img_size": 32,
        "drop_rate": 0.1,
        "qkv_bias": False,
        "norm": "layer",
    }
    assert parse_overrides(None) == parse_overrides("") == {}
    with pytest.raises(InputError, match="'depth' in config_overrides is no setting: write name=value"):
        parse_overrides("img_size=32,depth")


def test_a_configuration_by_which_timm_reads_other_files_is_refused():
    check_timm_config(TimmWrapperConfig(architecture="resnet10t", model_args={"global_pool": "max"}))
    check_timm_config(TimmWrapperConfig(architecture="resnet50.a1_in1k"))
    for architecture, arguments in (
        ("hf-hub:timm/resnet50", None),
        ("resnet50", {"pretrained_cfg": {"file": "x.pth"}}),
    ):
        with pytest.raises(InputError):
            check_timm_config(TimmWrapperConfig(architecture=architecture, model_args=arguments))
