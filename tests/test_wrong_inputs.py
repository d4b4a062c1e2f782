import numpy as np
import pytest
from wrong_inputs import CASES, SKETCH, flipped

from abstain import InputError, RiskCoverageSketch


@pytest.mark.parametrize(("call", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_wrong_input_ends_in_one_sentence(call, said):
    with pytest.raises(InputError) as caught:
        call()
    message = str(caught.value)
    assert said in message and "\n" not in message and 15 < len(message) < 400


def test_the_table_is_long_and_says_nothing_twice():
    names = [name for name, _, _ in CASES]
    assert len(names) >= 250 and len(set(names)) == len(names)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\x89PNG\r\n", b"PK\x03\x04", b"\x80\x04}."])
def test_a_foreign_file_is_no_sketch(tmp_path, content):
    (tmp_path / "sketch.npz").write_bytes(content)
    with pytest.raises(InputError, match="is no sketch, or is damaged"):
        RiskCoverageSketch.load(tmp_path / "sketch.npz")


def test_a_damaged_sketch_is_refused_or_is_the_same(tmp_path):
    path = SKETCH.save(tmp_path / "sketch.npz")
    content = path.read_bytes()
    for damaged in [content[:n] for n in range(0, len(content), 97)] + list(flipped(content, times=100)):
        path.write_bytes(damaged)
        try:
            assert RiskCoverageSketch.load(path) == SKETCH  # a bit that means nothing
        except InputError as error:
            assert "is no sketch, or is damaged" in str(error)


def test_arrays_that_are_no_sketch(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(3))
    np.savez(tmp_path / "b.npz", a=1)
    for name in ("a.npy", "b.npz"):
        with pytest.raises(InputError, match="is no sketch, or is damaged"):
            RiskCoverageSketch.load(tmp_path / name)
