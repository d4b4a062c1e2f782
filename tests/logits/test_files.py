import gzip
import subprocess
import sys
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from abstain import InputError, write_logits
from abstain.logits import read_predictions
from abstain.logits.files import READERS, folder_of_logits, kind_of, read_file, read_files, splits_of


@pytest.fixture
def files(tmp_path, logits_and_labels):
    """The same logits and labels as a file of every kind."""
    logits, labels = logits_and_labels
    write_logits(tmp_path, "data", logits, labels)
    np.savez(tmp_path / "data.npz", logits=logits, labels=labels)
    np.save(tmp_path / "data.npy", logits)
    np.save(tmp_path / "labels.npy", labels)
    save_file({"logits": torch.tensor(logits), "labels": torch.tensor(labels)}, tmp_path / "data.safetensors")
    header = ",".join([*(f"z{k}" for k in range(5)), "target"])
    np.savetxt(tmp_path / "data.csv", np.column_stack([logits, labels]), delimiter=",", header=header, comments="")
    return tmp_path


def test_a_file_is_its_columns(files):
    assert dict(read_file(files / "data.csv").holds) == {f"z{k}": "numbers" for k in range(5)} | {"target": "numbers"}
    assert dict(read_file(files / "data.parquet").holds) == {"logits": "lists", "label": "integers"}
    assert dict(read_file(files / "data.safetensors").holds) == {"labels": "integers", "logits": "lists"}
    assert dict(read_file(files / "data.npy").holds) == {"values": "lists"}


def test_shards_of_parquet_are_read_one_after_the_other(tmp_path, logits_and_labels):
    logits, labels = logits_and_labels
    paths = [
        write_logits(tmp_path, name, logits[part], labels[part])
        for name, part in (("a", slice(9)), ("b", slice(9, 12)))
    ]
    assert np.array_equal(read_files(paths).read(["logits"])["logits"], logits[:12])
    write_logits(tmp_path, "b", logits, labels, sample=labels)
    with pytest.raises(InputError, match=r"a\.parquet and b\.parquet of .* differ in sample"):
        read_files(paths)
    with pytest.raises(InputError, match=r"holds 2 files \.csv of one split, but only Parquet is read in shards"):
        for path in paths:
            path.with_suffix(".csv").write_text("a,b\n1,2\n")
        read_files([path.with_suffix(".csv") for path in paths])


def test_what_is_no_such_file_is_said(tmp_path):
    with pytest.raises(InputError, match=r"no file or folder '.*nothing\.npz': give a path that exists"):
        read_file(tmp_path / "nothing.npz")
    with pytest.raises(
        InputError, match=r"unknown kind of file '\.txt', that of '.*data\.txt': give one that ends in \.parquet"
    ):
        kind_of(tmp_path / "data.txt")
    with pytest.raises(InputError, match="a pickle can run code"):
        kind_of(tmp_path / "data.pt")
    with pytest.raises(InputError, match="the command abstain audit runs such a model on data"):
        kind_of(tmp_path / "model.skops")
    assert [kind_of(tmp_path / f"DATA{kind.upper()}") for kind in READERS] == list(READERS)


@pytest.mark.parametrize("kind", READERS)
def test_a_file_that_is_not_what_it_says_is_one_sentence(tmp_path, kind):
    path = tmp_path / f"data{kind}"
    path.write_bytes(b"this is \xff\xfe no table")
    with pytest.raises(InputError, match=r"cannot be read as|no row") as caught:
        read_predictions(path)
    assert "\n" not in str(caught.value)


def test_damaged_files_are_one_sentence_or_still_readable(files):
    """Cut off or with bytes changed; the seed finds IndexError, TokenError, BadZipFile and EOFError behind them."""
    random, sentences = np.random.default_rng(0), 0
    for kind in ("parquet", "npz", "npy", "csv", "safetensors"):
        whole = (files / f"data.{kind}").read_bytes()
        damaged, apart = files / f"damaged.{kind}", files / "labels.npy" if kind == "npy" else None
        for _ in range(60):
            content = bytearray(whole[: random.integers(len(whole))] if random.random() < 0.5 else whole)
            for place in random.integers(min(300, len(content)), size=3) if content else ():
                content[place] = random.integers(256)
            damaged.write_bytes(content)
            try:
                read_predictions(damaged, labels=apart)
            except InputError as error:
                sentences += 1
                assert "\n" not in str(error)
    assert sentences > 100


def test_shards_whose_labels_stand_for_other_classes_are_refused(tmp_path):
    def write(name, classes):
        features = datasets.Features(label=datasets.ClassLabel(names=classes), p=datasets.Value("float64"))
        data = datasets.Dataset.from_dict({"label": [0, 1], "p": [0.5, 0.25]}, features=features)
        data.to_parquet(tmp_path / f"{name}.parquet")
        return tmp_path / f"{name}.parquet"

    several = [f"class {k}" for k in range(20)]
    cats = write("a", ["cat", "dog", "eel"])
    for classes, in_first, in_second in (
        (["dog", "cat", "eel"], "cat, dog, eel", "dog, cat, eel"),
        (["cat", "dog"], "cat, dog, eel", "cat, dog"),
    ):
        sentence = f"the classes of 'label' are {in_first} in the shard a.parquet of .*, but {in_second} in b.parquet:"
        with pytest.raises(InputError, match=sentence):
            read_files([cats, write("b", classes)])
    with pytest.raises(InputError, match=r"are … class 4, .*, class 11 … in the .*, but … class 4, .*, other … in b"):
        read_files([write("a", several), write("b", [*several[:11], "other", *several[12:]])])
    read = read_files([cats, write("a", several), write("b", several)][1:])
    assert read.class_names == {"label": tuple(several)} and read.read(["label"])["label"].tolist() == [0, 1, 0, 1]


def test_arrays_of_python_objects_are_refused(tmp_path):
    np.savez(tmp_path / "data.npz", logits=np.array([{}], dtype=object), label=np.array([0]))
    with pytest.raises(InputError, match=r"cannot be read as \.npz"):
        read_file(tmp_path / "data.npz")


@pytest.mark.parametrize("module", ["files", "dataset"])
def test_a_file_of_numbers_does_not_wait_for_what_trains_models(module):
    heavy = ["accelerate", "datasets", "pandas", "timm", "torch", "transformers"]
    program = f"import sys, abstain.logits.{module}; sys.exit(sorted(set({heavy}) & set(sys.modules)) or 0)"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr


def test_the_room_s_names_are_imported_when_they_are_used():
    program = (
        "import sys, abstain.logits as room; room.read_predictions; room.read_logits; "
        "lazy = 'transformers' not in sys.modules; room.extract_logits; sys.exit(not lazy)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_an_array_in_a_file_is_mapped_and_not_copied(tmp_path):
    np.save(tmp_path / "a.npy", np.eye(3))
    read = read_file(tmp_path / "a.npy").read(["values"])["values"]
    assert isinstance(read.base, np.memmap) and read.tolist() == np.eye(3).tolist()
    read[0, 0] = 7  # a copy of this page, not of the file
    assert np.load(tmp_path / "a.npy")[0, 0] == 1


def test_a_structured_array_in_a_file_is_its_fields(tmp_path):
    rows = [(1, 0.5, 2.0), (0, 3.0, 1.5)]
    np.save(tmp_path / "a.npy", np.array(rows, dtype=[("label", "i4"), ("logit_1", "f8"), ("logit_0", "f8")]))
    predictions = read_predictions(tmp_path / "a.npy")
    assert predictions.values.tolist() == [[2.0, 0.5], [1.5, 3.0]] and predictions.labels.tolist() == [1, 0]


TEXT = "label,logit_0,logit_1\n0,1,2\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", gzip.compress(TEXT.encode(), mtime=0), r"is compressed with gzip, .* let its name end in \.csv\.gz"),
        (
            "a.jsonl",
            gzip.compress(b'{"label": 0}', mtime=0),
            r"is compressed with gzip, .* let its name end in \.jsonl\.gz",
        ),
        ("a.tsv.gz", TEXT.encode(), r"as it is not compressed: let its name end in \.tsv$"),
    ],
)
def test_a_name_says_whether_text_is_compressed(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_file(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("a.txt", "name it .csv if it is a table"),
        ("a.json", "pandas.read_json"),
        ("a.XLSX", "pandas.read_excel"),
        ("a.arrow", "pandas.read_feather"),
        ("a.pkl", "pandas.read_pickle"),
        ("a.pt", "numpy.savez"),
        ("a.csv.zip", "unpack it"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_how_to_convert_it(name, cure):
    with pytest.raises(InputError, match=f"give one that ends in .*; {cure}"):
        kind_of(Path(name))
    with pytest.raises(InputError, match=r"safetensors$"):
        kind_of(Path("a.unheard"))


def test_the_logits_of_a_model_lie_in_its_folder_and_their_splits_are_those_that_can_be_asked_for(tmp_path):
    write_logits(tmp_path / "logits", "test", np.eye(3), np.arange(3))
    where = str(tmp_path / "logits")
    assert folder_of_logits(str(tmp_path)) == folder_of_logits(where) == where
    assert splits_of(where) == {"test"} and splits_of("nowhere") == set()
    (tmp_path / "logits" / "validation").mkdir()
    assert splits_of(where) == {"test"}, "nothing is in it"
    np.savez(tmp_path / "logits" / "validation-00000-of-00001.npz", logits=np.eye(3), label=np.arange(3))
    assert splits_of(where) == {"test", "validation"}
