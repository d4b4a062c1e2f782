import hashlib
import subprocess

import pytest
import torch
from safetensors.torch import save_file

from abstain import InputError
from abstain.inference.weights import weight_files, weights_sha256


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


def in_hub_cache(folder, blobs):
    """A snapshot of files under the names of their blobs."""
    (folder / "blobs").mkdir(parents=True)
    (folder / "snapshots" / "c0ffee").mkdir(parents=True)
    for name, (blob, content) in blobs.items():
        (folder / "blobs" / blob).write_bytes(content)
        (folder / "snapshots" / "c0ffee" / name).symlink_to(f"../../blobs/{blob}")
    return folder / "snapshots" / "c0ffee"


def test_one_file_of_the_hub_has_the_digest_that_the_hub_gives_for_it(tmp_path):
    snapshot = in_hub_cache(tmp_path / "lfs", {"model.safetensors": ("a" * 64, b"weights")})
    assert weights_sha256(snapshot) == "a" * 64  # and not that of the seven bytes


def test_files_that_the_hub_knows_otherwise_are_read(tmp_path):
    of_git = in_hub_cache(tmp_path / "git", {"model.safetensors": ("a" * 40, b"weights")})
    assert weights_sha256(of_git) == hashlib.sha256(b"weights").hexdigest()
    parts = {"1.safetensors": ("a" * 64, b"wei"), "2.safetensors": ("b" * 64, b"ghts")}
    assert weights_sha256(in_hub_cache(tmp_path / "parts", parts)) == hashlib.sha256(b"weights").hexdigest()
    (tmp_path / ("a" * 64)).write_bytes(b"weights")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "model.safetensors").symlink_to(tmp_path / ("a" * 64))
    assert weights_sha256(tmp_path / "other") == hashlib.sha256(b"weights").hexdigest()
