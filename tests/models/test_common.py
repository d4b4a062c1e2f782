"""What transformers asks of every model, asked of each architecture of ours, and of timm's where we make it."""

import pytest
import torch
from every_model import NAMES, Case, assert_same
from safetensors.torch import load_file, save_file

from abstain import released_checkpoint
from abstain.models.auto import load_classifier
from abstain.training.backbone import slow_backbone
from abstain.training.renamed_weights import restore_renamed

pytestmark = pytest.mark.filterwarnings("ignore:.*torchvision backend.*")


def test_a_seed_decides_how_weights_begin(each):
    first, other = each.make(), each.make(seed=1)
    assert_same(first, each.make())
    drawn = [key for key, tensor in first.state_dict().items() if tensor.ndim > 1 and tensor.unique().numel() > 1]
    assert not any(torch.equal(first.state_dict()[key], other.state_dict()[key]) for key in drawn) and drawn


def test_what_is_saved_is_loaded_bit_for_bit_and_is_no_pickle(each, tmp_path):
    model = each.saved(tmp_path / "one")
    again = load_classifier(each.kind, str(tmp_path / "one"))
    assert_same(model, again)
    assert type(again) is type(model) and type(again.config) is type(model.config)
    assert [key for key, _ in again.named_parameters()] == [key for key, _ in model.named_parameters()]
    assert not again.training and {file.name for file in (tmp_path / "one").iterdir()} == {
        "config.json",
        "model.safetensors",
    }
    again.save_pretrained(tmp_path / "two")
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert again.config.num_labels == 5 and again.config.id2label == dict(enumerate(NAMES))
    assert again.config.label2id == {name: index for index, name in enumerate(NAMES)}
    assert torch.allclose(each.logits(again), each.logits(model), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_checkpoint_in_half_precision_keeps_its_head_and_its_logits_in_float32(ours, tmp_path, dtype):
    model = ours.saved(tmp_path)
    half = type(model).from_pretrained(tmp_path, dtype=dtype).eval()
    resized = type(model).from_pretrained(tmp_path, dtype=dtype, id2label={0: "a", 1: "b"}, label2id={"a": 0, "b": 1},
                                          ignore_mismatched_sizes=True).eval()  # fmt: skip
    of_body = {layer.dtype for key, layer in half.named_parameters() if not ours.of_head(key)}
    assert of_body == ({torch.float32} if ours.name == "tabular_mlp" else {dtype})
    logits, expected = ours.logits(half), ours.logits(model)
    assert logits.dtype == torch.float32 and not torch.equal(logits, logits.to(dtype).float())
    assert (logits - expected).abs().max() < 0.1 * expected.std(), "finite too"
    assert resized.classifier.weight.dtype == torch.float32 == ours.logits(resized).dtype
    assert ours.logits(resized).isfinite().all() and ours.logits(resized).shape[1] == 2
    half.save_pretrained(tmp_path / "half")
    assert_same(half, type(model).from_pretrained(tmp_path / "half"))


def test_another_number_of_classes_begins_a_new_head_and_keeps_the_rest(each, tmp_path):
    model = each.saved(tmp_path)
    torch.manual_seed(3)
    other = load_classifier(each.kind, str(tmp_path), ["yes", "no"])
    changed = [key for key, tensor in other.state_dict().items() if tensor.shape != model.state_dict()[key].shape]
    assert changed == [f"{each.head[-1]}.weight", f"{each.head[-1]}.bias"]
    rest = other.state_dict().keys() - set(changed)
    assert all(torch.equal(other.state_dict()[key], model.state_dict()[key]) for key in rest)
    weight, bias = (other.state_dict()[key] for key in changed)
    assert not bias.any() and 0 < weight.std() < 2 and each.logits(other).shape[:2] == (4, 2)
    torch.manual_seed(3)
    assert_same(other, load_classifier(each.kind, str(tmp_path), ["yes", "no"]))


def test_whatever_a_checkpoint_lacks_begins_as_in_a_new_model(ours):
    model = ours.make()
    torch.use_deterministic_algorithms(True)  # so that memory which nobody fills is NaN
    try:
        loaded = type(model).from_pretrained(None, config=model.config, state_dict={})
    finally:
        torch.use_deterministic_algorithms(False)
    for key, tensor in model.state_dict().items():
        found = loaded.state_dict()[key]
        assert found.isfinite().all(), key
        if tensor.is_floating_point() and tensor.numel() > 1:
            assert float(found.std()) == pytest.approx(float(tensor.std()), rel=0.6, abs=1e-6), key


@pytest.mark.parametrize("device_map", ["auto", "cpu", {"": "cpu"}])
def test_accelerate_may_place_it(each, tmp_path, device_map):
    model = each.saved(tmp_path)
    assert_same(model, type(model).from_pretrained(tmp_path, device_map=device_map).cpu())


@pytest.mark.filterwarnings("ignore:.*device_map keys do not match any submodules.*word_vectors")  # but a buffer
def test_accelerate_may_leave_its_head_on_the_disk(ours, tmp_path):
    model = ours.saved(tmp_path)
    parts = [*(name for name, _ in model.named_children()), *(name for name, _ in model.named_buffers(recurse=False))]
    places = {**dict.fromkeys(parts, "cpu"), "classifier": "disk"}
    placed = type(model).from_pretrained(tmp_path, device_map=places, offload_folder=tmp_path / "offloaded")
    assert placed.classifier.weight.device.type == "meta"
    assert torch.allclose(ours.logits(placed), ours.logits(model), rtol=1e-4, atol=1e-4)


def test_no_weights_are_tied(ours):
    model = ours.make()
    assert model.all_tied_weights_keys == {}
    weights = [tensor.data_ptr() for tensor in (*model.parameters(), *model.buffers())]
    assert len(set(weights)) == len(weights)


def test_its_backbone_is_a_part_of_it_without_the_head(each):
    model = each.make()
    assert model.base_model is getattr(model, model.base_model_prefix) is not model
    if each.name == "timm_wrapper":  # of which transformers takes the whole for the backbone
        return
    of_backbone = {id(weight) for weight in model.base_model.parameters()}
    outside = {key for key, weight in model.named_parameters() if id(weight) not in of_backbone}
    assert outside == {key for key, _ in model.named_parameters() if each.of_head(key)}
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    slow_backbone(optimizer, model, 0.1)
    rates = {id(weight): group["lr"] for group in optimizer.param_groups for weight in group["params"]}
    assert {key for key, weight in model.named_parameters() if rates[id(weight)] == 1.0} == outside


@pytest.mark.parametrize("name", ["cifar_resnet", "densenet_bc", "tabular_mlp"])
def test_weights_saved_before_there_was_a_backbone_are_loaded(name, tmp_path):
    case = Case(name)
    model = case.saved(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    old = {key.removeprefix("backbone."): tensor for key, tensor in weights.items()}
    assert old.keys() != weights.keys()
    save_file(old, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert_same(model, load_classifier(case.kind, str(tmp_path)))
    resumed = case.make(seed=1)
    assert restore_renamed(resumed, tmp_path)
    assert_same(model, resumed)


@pytest.mark.parametrize("name", ["resnet20_cifar10_ce", "resnet20_cifar10_ls"])
def test_a_released_checkpoint_gives_each_weight_its_value(name):
    folder = released_checkpoint(name)
    model, weights = load_classifier("images", str(folder)), load_file(folder / "model.safetensors")
    read = model.state_dict()
    assert read.keys() == weights.keys() and all(torch.equal(read[key], weights[key]) for key in weights)
