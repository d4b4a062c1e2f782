import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_trainers import small_resnet, small_vit

from abstain import InputError
from abstain.training.renamed_weights import restore_renamed


def with_zeros(model):
    """A model of which no weight is what it was."""
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.zero_()
    return model


@pytest.mark.parametrize("max_shard_size", ["5GB", "5KB"])
def test_weights_under_other_names_are_restored(tmp_path, max_shard_size):
    model, other = small_vit(), with_zeros(small_vit())
    model.save_pretrained(tmp_path, max_shard_size=max_shard_size)
    files = list(tmp_path.glob("*.safetensors"))
    assert (len(files) > 1) == (max_shard_size == "5KB")
    if {name for file in files for name in load_file(file)} <= model.state_dict().keys():
        pytest.skip("this version of transformers has not renamed the modules of ViT")
    assert restore_renamed(other, tmp_path)
    assert all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in model.state_dict().items())


def test_weights_that_are_not_there_are_not_made_up(tmp_path):
    small_vit().save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    if weights.keys() <= small_vit().state_dict().keys():
        pytest.skip("this version of transformers has not renamed the modules of ViT")
    del weights["classifier.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"lacks classifier\.weight, but must have all weights"):
        restore_renamed(small_vit(), tmp_path)


def test_weights_under_their_own_names_are_left_to_the_trainer(tmp_path):
    small_resnet().save_pretrained(tmp_path)
    other = with_zeros(small_resnet())
    assert not restore_renamed(other, tmp_path)
    assert not any(tensor.any() for tensor in other.state_dict().values())
