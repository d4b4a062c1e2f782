import hashlib
import subprocess

import pytest
import torch
from safetensors.torch import save_file

from abstain import InputError
from abstain.inference.weights import stored_type, tensor_digests, weight_files, weights_sha256


def test_the_hash_is_of_all_parts_in_the_order_of_their_names(tmp_path):
    assert weights_sha256(tmp_path) is None and weight_files(tmp_path) == []
    for name, value in (("model-00002-of-00002", 1.0), ("model-00001-of-00002", 2.0)):
        save_file({"w": torch.full((70_000,), value)}, tmp_path / f"{name}.safetensors")  # more than a chunk
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    (tmp_path / "optimizer.pt").write_bytes(b"x")
    parts = [tmp_path / f"model-0000{part}-of-00002.safetensors" for part in (1, 2)]
    assert weight_files(tmp_path) == parts
    whole = hashlib.sha256(parts[0].read_bytes() + parts[1].read_bytes()).hexdigest()
    assert weights_sha256(str(tmp_path)) == whole
    printed = subprocess.run("cat *.safetensors | sha256sum", shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert printed.stdout.split()[0] == whole, "as its docstring says"
    save_file({"w": torch.full((70_000,), 3.0)}, parts[0])
    assert weights_sha256(tmp_path) != whole


def test_weights_that_cannot_be_read_are_one_sentence(tmp_path):
    (tmp_path / "model.safetensors").mkdir()
    with pytest.raises(InputError, match=r"model\.safetensors' cannot be read: Is a directory"):
        weights_sha256(tmp_path)


def test_a_file_in_the_cache_of_the_hub_is_called_by_its_hash(tmp_path):
    (tmp_path / "blobs").mkdir()
    snapshot = tmp_path / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    for name, told in (("a" * 64, "a" * 64), ("b" * 40, None)):  # of a small file the Hub knows another hash
        blob = tmp_path / "blobs" / name
        save_file({"w": torch.zeros(1)}, blob)
        (snapshot / "model.safetensors").symlink_to(blob)
        assert weights_sha256(snapshot) == (told or hashlib.sha256(blob.read_bytes()).hexdigest())
        (snapshot / "model.safetensors").unlink()


def test_tensors_are_known_under_any_name_and_in_any_file(tmp_path):
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(3), "c": torch.ones(2, dtype=torch.bfloat16)}
    folders = [tmp_path / name for name in ("whole", "parts", "shape", "type", "value")]
    for folder in folders:
        folder.mkdir()
    whole, parts, *others = folders
    save_file(tensors, whole / "model.safetensors")
    save_file({"x": tensors["c"]}, parts / "model-00001-of-00002.safetensors")
    save_file({"y": tensors["b"], "z": tensors["a"]}, parts / "model-00002-of-00002.safetensors")
    changes = ({"a": tensors["a"].reshape(3, 2)}, {"a": tensors["a"].double()}, {"a": tensors["a"] + 1})
    for folder, change in zip(others, changes, strict=True):
        save_file(tensors | change, folder / "model.safetensors")
    assert len(tensor_digests(whole)) == 3 and tensor_digests(whole) == tensor_digests(parts)
    assert all(tensor_digests(folder) != tensor_digests(whole) for folder in others)
    assert tensor_digests(tmp_path) == frozenset() and stored_type(tmp_path) is None
    assert stored_type(parts) == torch.bfloat16 and stored_type(others[1]) == torch.float64
    (whole / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(InputError, match=r"model\.safetensors' cannot be read"):
        tensor_digests(whole)
