import subprocess
import sys

import numpy as np
import pytest

from abstain import InputError, write_logits
from abstain.logits.files import read_logits_file


@pytest.fixture
def files(tmp_path, logits_and_labels):
    """The same logits and labels as a file of every kind."""
    logits, labels = logits_and_labels
    write_logits(tmp_path, "data", logits, labels)
    np.savez(tmp_path / "data.npz", logits=logits, labels=labels)
    np.save(tmp_path / "data.npy", logits)
    np.save(tmp_path / "labels.npy", labels)
    header = ",".join([*(f"z{k}" for k in range(5)), "target"])
    np.savetxt(tmp_path / "data.csv", np.column_stack([logits, labels]), delimiter=",", header=header, comments="")
    return tmp_path


@pytest.mark.parametrize("kind", ["parquet", "npz", "npy", "csv"])
def test_every_kind_of_file_gives_the_same_numbers(files, logits_and_labels, kind):
    apart = files / "labels.npy" if kind == "npy" else None
    logits, labels = read_logits_file(files / f"data.{kind}", apart)
    assert np.allclose(logits, logits_and_labels[0], rtol=1e-7)
    assert np.array_equal(labels, logits_and_labels[1]) and labels.dtype.kind == "i"


def test_what_is_missing_or_superfluous_is_said(files):
    with pytest.raises(InputError, match=r"'.*nothing\.npz' does not exist"):
        read_logits_file(files / "nothing.npz")
    with pytest.raises(InputError, match="holds logits alone: give the labels"):
        read_logits_file(files / "data.npy")
    with pytest.raises(InputError, match=r"the file of labels '.*nothing\.npy' does not exist"):
        read_logits_file(files / "data.npy", files / "nothing.npy")
    with pytest.raises(InputError, match="holds its own: leave them out"):
        read_logits_file(files / "data.npz", files / "labels.npy")
    (files / "data.txt").write_text("1 2 3")
    with pytest.raises(InputError, match=r"unknown kind of file '\.txt'"):
        read_logits_file(files / "data.txt")


@pytest.mark.parametrize("kind", ["parquet", "npz", "npy"])
def test_a_file_that_is_not_what_it_says_is_one_sentence(tmp_path, kind):
    path = tmp_path / f"data.{kind}"
    path.write_text("this is no table")
    with pytest.raises(InputError, match="cannot be read as") as caught:
        read_logits_file(path, path if kind == "npy" else None)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("z0,z1,label\n1,2,0\n3,oops,1\n", "cannot be read as .csv"),
        ("z0,z1,class\n1,2,0\n", "none of them is called label or labels"),
        ("z0,label\n1,0.5\n", "holds fractions, but labels must be integers"),
        ("z0,label\n", "at least one sample is needed"),
        ("z0,z1,label\n1,2\n3,4\n", "has 3 names in its header and 2 numbers in its rows"),
    ],
)
def test_a_bad_csv_is_one_sentence(tmp_path, text, message):
    (tmp_path / "data.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_logits_file(tmp_path / "data.csv")


def test_damaged_files_are_one_sentence_or_still_readable(files):
    """Cut off or with bytes changed; the seed finds IndexError, TokenError, BadZipFile and EOFError behind them."""
    random, sentences = np.random.default_rng(0), 0
    for kind in ("parquet", "npz", "npy", "csv"):
        whole = (files / f"data.{kind}").read_bytes()
        damaged, apart = files / f"damaged.{kind}", files / "labels.npy" if kind == "npy" else None
        for _ in range(60):
            content = bytearray(whole[: random.integers(len(whole))] if random.random() < 0.5 else whole)
            for place in random.integers(min(300, len(content)), size=3) if content else ():
                content[place] = random.integers(256)
            damaged.write_bytes(content)
            try:
                read_logits_file(damaged, apart)
            except InputError as error:
                sentences += 1
                assert "\n" not in str(error)
    assert sentences > 100


def test_arrays_of_python_objects_are_refused(tmp_path):
    np.savez(tmp_path / "data.npz", logits=np.array([{}], dtype=object), label=np.array([0]))
    with pytest.raises(InputError, match=r"cannot be read as \.npz"):
        read_logits_file(tmp_path / "data.npz")


@pytest.mark.parametrize("module", ["files", "dataset"])
def test_a_file_of_numbers_does_not_wait_for_what_trains_models(module):
    heavy = ["accelerate", "datasets", "timm", "transformers"]
    program = f"import sys, abstain.logits.{module}; sys.exit(sorted(set({heavy}) & set(sys.modules)) or 0)"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr


def test_the_room_s_names_are_imported_when_they_are_used():
    program = (
        "import sys, abstain.logits as room; room.read_logits_file; room.read_logits; "
        "lazy = 'transformers' not in sys.modules; room.extract_logits; sys.exit(not lazy)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
