import copy
import pickle

import numpy as np
import pytest
from full_disk import full_disk
from sketches import log_odds_and_errors, sketch_of

import abstain
from abstain.curve.sketch import RiskCoverageSketch


def test_a_saved_sketch_comes_back(tmp_path):
    log_odds, error = log_odds_and_errors(1000)
    sketch = sketch_of(log_odds, error)
    path = sketch.save(tmp_path / "monday.sketch")
    assert path == tmp_path / "monday.sketch"
    again = RiskCoverageSketch.load(str(path))
    assert again == sketch
    assert again.update([1.0], [1]).n_samples == 1001
    assert path.stat().st_size < 50_000  # only the bins that hold samples
    RiskCoverageSketch().save(path)
    assert RiskCoverageSketch.load(path) == RiskCoverageSketch()
    assert list(tmp_path.iterdir()) == [path]


def test_pickles_and_copies_are_equal_and_independent():
    sketch = sketch_of([1.0, -2.0], [0, 1])
    pickled = pickle.dumps(sketch)
    assert len(pickled) < 2000
    for twin in (pickle.loads(pickled), copy.copy(sketch), copy.deepcopy(sketch)):
        assert twin == sketch
        assert twin.update([5.0], [0]) != sketch


def test_a_save_that_fails_leaves_the_old_file(tmp_path):
    path = sketch_of([1.0], [0]).save(tmp_path / "sketch")
    with pytest.raises(abstain.InputError, match="sketch' cannot be written: File too large"), full_disk(100):
        sketch_of([2.0], [0]).save(path)
    assert RiskCoverageSketch.load(path) == sketch_of([1.0], [0])
    assert list(tmp_path.iterdir()) == [path]


def state(**changes):
    one = {"leading_bits": np.array(20), "bins": np.array([5, 9]), "counts": np.array([[1, 0], [2, 3]])}
    return one | changes


FOREIGN = {
    "other arrays": {"logits": np.zeros(3)},
    "other bits": state(leading_bits=np.array(16)),
    "unsorted bins": state(bins=np.array([9, 5])),
    "negative bin": state(bins=np.array([-1, 5])),
    "bin too large": state(bins=np.array([5, 2**20])),
    "negative count": state(counts=np.array([[1, 0], [2, -3]])),
    "float counts": state(counts=np.ones((2, 2))),
    "lost row": state(counts=np.ones((1, 2), np.int64)),
    "objects": state(counts=np.array([[1, 0], [2, None]])),
}


@pytest.mark.parametrize("arrays", FOREIGN.values(), ids=FOREIGN)
def test_a_file_of_other_arrays_is_no_sketch(tmp_path, arrays):
    with (tmp_path / "file").open("wb") as file:
        np.savez(file, **arrays)
    with pytest.raises(abstain.InputError, match="is no sketch, or is damaged: give a file written by save"):
        RiskCoverageSketch.load(tmp_path / "file")


def test_a_well_formed_state_is_a_sketch(tmp_path):
    np.savez(tmp_path / "file.npz", **state())  # so that the cases above differ from it in one thing each
    assert RiskCoverageSketch.load(tmp_path / "file.npz").n_samples == 6


@pytest.mark.parametrize("damage", [b"", b"# a text\n", pickle.dumps([1]), b"PK\x03\x04 not a zip", "npy", "half"])
def test_any_other_file_is_no_sketch(tmp_path, damage):
    path = sketch_of(*log_odds_and_errors(1000)).save(tmp_path / "sketch")
    if damage == "npy":
        with path.open("wb") as file:
            np.save(file, np.arange(3))
    else:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if damage == "half" else damage)
    with pytest.raises(abstain.InputError, match="is no sketch, or is damaged"):
        RiskCoverageSketch.load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(abstain.InputError, match=r"there is no file .*nowhere"):
        RiskCoverageSketch.load(tmp_path / "nowhere")
    with pytest.raises(abstain.InputError, match="there is no file"):
        RiskCoverageSketch.load(tmp_path)
