import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from abstain.inference.pushable import is_pickle, pushable_files

TOKEN = "hf_" + "Ab1" * 12


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_are_told_by_how_they_begin(tmp_path, protocol):
    (tmp_path / "data").write_bytes(pickle.dumps({"a": [1, 2]}, protocol=protocol))
    torch.save({"w": torch.zeros(2)}, tmp_path / "whole.dat")
    torch.save({"w": torch.zeros(2)}, tmp_path / "old.dat", _use_new_zipfile_serialization=False)
    assert all(is_pickle(path) for path in tmp_path.iterdir())
    assert pushable_files(tmp_path) == []


def test_what_is_called_as_a_pickle_is_one_and_nothing_else_is(tmp_path):
    for name in ("training_args.bin", "optimizer.pt", "rng_state.pth", "x.pkl"):
        (tmp_path / name).touch()
    (tmp_path / "checkpoint").mkdir()
    for length in (640, 1152):  # a file of safetensors that begins as a pickle would: 80 02, 80 04
        name = "w" * (length - 57)
        save_file({name: torch.zeros(1)}, tmp_path / "checkpoint" / f"{length}.safetensors")
        begins = (tmp_path / "checkpoint" / f"{length}.safetensors").read_bytes()[:2]
        assert begins in (b"\x80\x02", b"\x80\x04")
    np.savez(tmp_path / "numbers.npz", x=np.zeros(3))
    (tmp_path / "empty.txt").touch()
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 no more")
    safe = ["broken.zip", "checkpoint/1152.safetensors", "checkpoint/640.safetensors", "empty.txt", "numbers.npz"]
    assert pushable_files(tmp_path) == safe


def test_a_file_with_a_token_is_left_out_by_name(tmp_path):
    (tmp_path / "mine.json").write_text('{"token": "a token of mine"}')
    (tmp_path / "card.md").write_text("hf_ and hf_hub are no tokens")
    assert pushable_files(tmp_path) == ["card.md", "mine.json"]
    with pytest.warns(UserWarning, match=r"mine\.json' is not pushed, for it holds a token: remove it there"):
        assert pushable_files(tmp_path, "a token of mine") == ["card.md"]
    save_file({"w": torch.zeros(1)}, tmp_path / "w.safetensors", metadata={"of": TOKEN})
    with pytest.warns(UserWarning, match=r"w\.safetensors' is not pushed"):
        assert pushable_files(tmp_path) == ["card.md", "mine.json"]
