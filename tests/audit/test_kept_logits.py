from dataclasses import replace

import numpy as np
import pytest

from abstain import SelectiveClassifier, released_checkpoint
from abstain.audit import Data, Kept, kept_logits
from abstain.inference.validation import said_of_samples

COUNTED = []


def made(samples, *, first):
    COUNTED.append(1)
    return np.eye(10, dtype=np.float32), np.arange(10), np.repeat([0, 1], 5)


def test_logits_are_made_once_for_the_same_weights_and_samples(tmp_path):
    kept, samples = Kept(tmp_path), Data(name="noisy_digits_rows", max_samples=10).read()["test"]
    one = SelectiveClassifier.from_pretrained(released_checkpoint("mlp_noisy_digits_a0_s0"), device="cpu")
    COUNTED.clear()
    for _ in range(2):
        logits, labels, sample = kept.of("runs/a b", "test", one, samples, made)
        np.testing.assert_array_equal(logits, np.eye(10))
        assert labels.tolist() == list(range(10)) and sample.tolist() == [0] * 5 + [1] * 5
    assert len(COUNTED) == 1 and (kept.of_model("runs/a b") / "test.parquet").is_file()

    other = SelectiveClassifier.from_pretrained(released_checkpoint("mlp_noisy_digits_a0.4_s0"), device="cpu")
    kept.of("runs/a b", "test", other, samples, made)
    kept.of("runs/a b", "test", other, samples.select(range(9)), made)
    assert len(COUNTED) == 3, "other weights, then other samples"
    (kept.of_model("runs/a b") / "test.json").write_text("{")
    kept.of("runs/a b", "test", other, samples.select(range(9)), made)
    assert len(COUNTED) == 4, "what is not known to be whole is made again"


def test_no_two_models_share_a_folder(tmp_path):
    kept = Kept(tmp_path)
    names = ("runs/a b", "runs_a_b", "runs/a_b", "../runs_a_b", "/", "größe")
    folders = {kept.of_model(name) for name in names}
    assert len(folders) == len(names) and {folder.parent for folder in folders} == {tmp_path}
    assert kept.of_model("runs_a_b") == tmp_path / "runs_a_b"


def test_another_preparation_makes_other_logits(tmp_path):
    kept, samples = Kept(tmp_path), Data(name="noisy_digits_rows", max_samples=10).read()["test"]
    one = SelectiveClassifier.from_pretrained(released_checkpoint("mlp_noisy_digits_a0_s0"), device="cpu")
    COUNTED.clear()
    kept.of("m", "test", one, samples, made)
    one.processor = replace(one.processor, label_column="another")
    kept.of("m", "test", one, samples, made)
    assert len(COUNTED) == 2


def test_pieces_that_are_whole_are_not_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_logits, "PIECE", 4)
    samples = Data(name="noisy_digits_rows", max_samples=10).read()["test"]
    one = SelectiveClassifier.from_pretrained(released_checkpoint("mlp_noisy_digits_a0_s0"), device="cpu")
    done, told, stops_at = [], [], 8

    def make(piece, *, first):
        if first == stops_at:
            raise KeyboardInterrupt
        done.append(first)
        logits, labels, _ = said_of_samples(one, piece, first=first, n_all=10)
        return logits, labels, np.arange(first, first + len(piece))

    kept = Kept(tmp_path, tell=told.append)
    with pytest.raises(KeyboardInterrupt):
        kept.of("m", "test", one, samples, make)
    stops_at = None
    logits, labels, sample = kept.of("m", "test", one, samples, make)
    assert done == [0, 4, 8] and sample.tolist() == list(range(10)) and labels.tolist() == samples["label"][:]
    np.testing.assert_array_equal(logits, one.logits(list(samples)))
    assert len(told) == 2 and "of m on test from sample 4 on are read from" in told[1]
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["test.json", "test.parquet"]
