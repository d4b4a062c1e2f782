import json

import pytest
import torch
from safetensors.torch import save_file

from abstain import InputError
from abstain._checks import ArgumentError
from abstain.models.checkpoint import checkpoint_folder


def written(folder, *names):
    for name in names:
        if name.endswith(".safetensors"):
            save_file({"w": torch.zeros(1)}, folder / name)
        else:
            (folder / name).write_text("{}")
    return folder


def test_a_folder_is_itself(tmp_path):
    written(tmp_path, "model.safetensors", "config.json")
    assert checkpoint_folder(tmp_path) == tmp_path == checkpoint_folder(str(tmp_path))
    with pytest.raises(ArgumentError, match=r"a revision is given, but .* is a folder"):
        checkpoint_folder(tmp_path, revision="main")


def test_a_file_is_no_folder(tmp_path):
    with pytest.raises(ArgumentError, match="is a file, but a model is a folder: give the one that holds it"):
        checkpoint_folder(written(tmp_path, "model.safetensors") / "model.safetensors")


@pytest.mark.parametrize("name", ["nowhere.onnx", "nowhere.csv", "./nowhere.npz", "nowhere.pt"])
def test_the_name_of_a_file_is_not_looked_up_on_the_hub(name, monkeypatch):
    monkeypatch.setattr("abstain.models.checkpoint.snapshot_download", None)
    with pytest.raises(
        ArgumentError, match=f"^there is no file '{name}', and a model is a folder: give one that exists"
    ):
        checkpoint_folder(name)


def test_pickles_are_refused_by_name(tmp_path):
    written(tmp_path, "config.json", "pytorch_model.bin", "other.pt")
    with pytest.raises(InputError, match=r"has its weights in other\.pt, pytorch_model\.bin, which could run code"):
        checkpoint_folder(tmp_path)
    written(tmp_path, "model.safetensors")
    assert checkpoint_folder(tmp_path) == tmp_path, "pickles beside safetensors are not read"


def test_a_folder_without_weights_says_what_it_needs(tmp_path):
    with pytest.raises(InputError, match=r"has no weights: it needs a file model\.safetensors"):
        checkpoint_folder(written(tmp_path, "config.json"))


@pytest.mark.parametrize("part", ["../model.safetensors", "/etc/passwd", "a/model.safetensors", "model.bin"])
def test_parts_lie_in_the_folder(tmp_path, part):
    written(tmp_path, "model-00001-of-00002.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model-00001-of-00002.safetensors", "b": part}}))
    with pytest.raises(InputError, match="it must be a safetensors file beside it"):
        checkpoint_folder(tmp_path)
    index.write_text("[]")
    with pytest.raises(InputError, match="is no index of weights"):
        checkpoint_folder(tmp_path)


def test_a_configuration_of_a_gigabyte_is_not_read(tmp_path):
    written(tmp_path, "model.safetensors")
    with (tmp_path / "config.json").open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(InputError, match=r"has 1,073,741,824 bytes, but at most 268,435,456 are read"):
        checkpoint_folder(tmp_path)


@pytest.mark.parametrize("name", ["nobody/nothing", "no such folder", "../x", "a/b/c"])
def test_what_is_neither_here_nor_on_the_hub_is_one_sentence(name):
    with pytest.raises(ArgumentError, match="neither a folder here nor to be had from the Hub") as refused:
        checkpoint_folder(name, revision="v1")
    with pytest.raises(ArgumentError, match="the model is '', but must be that of a file or folder"):
        checkpoint_folder("")
    assert "\n" not in str(refused.value) and "at the revision 'v1'" in str(refused.value)


def test_an_adapter_without_its_model_is_called_so(tmp_path):
    written(tmp_path, "adapter_model.safetensors", "adapter_config.json")
    with pytest.raises(InputError, match=r"holds an adapter alone, .* save the whole, model\.merge_and_unload\(\)"):
        checkpoint_folder(tmp_path)
    written(tmp_path, "config.json", "model.safetensors")
    assert checkpoint_folder(tmp_path) == tmp_path
