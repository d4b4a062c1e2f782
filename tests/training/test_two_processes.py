import json
import os
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
import unlike_trainings
from packaging.version import Version
from safetensors.torch import load_file
from torch.nn import functional

from abstain import read_logits

NAMES = list(unlike_trainings.cases())


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """The folder of trainings on one process."""
    folder = tmp_path_factory.mktemp("one")
    for name, case in unlike_trainings.cases().items():
        unlike_trainings.train(folder / name, *case)
    return folder


@pytest.fixture(scope="module", params=[None, "1", "2"], ids=["whole", "fsdp1", "fsdp2"])
def runs(tmp_path_factory, root, one, request):
    """The folders of the same trainings on one process and on two, each with the whole model, or with parts of it."""
    if request.param == "1" and Version(torch.__version__) < Version("2.11"):
        pytest.skip("FSDP 1 of torch 2.10 and before has lost the storage of parts on processors when they are saved")
    two, cut = tmp_path_factory.mktemp("two"), ["--fsdp", request.param] if request.param else []
    options = ["--processes", "2", *cut, "tests/unlike_trainings.py", str(two)]
    command = [sys.executable, "tests/launched_script.py", *options]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    return {"one": one, "two": two, "printed": done.stdout, "cut": bool(cut)}


def numbers_of(folder):
    return json.loads((folder / "numbers.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_two_processes_measure_what_one_does(runs, name):
    one, two = (numbers_of(runs[which] / name) for which in ("one", "two"))
    assert (one.pop("processes"), two.pop("processes")) == (1, 2)
    assert (one.pop("cut"), two.pop("cut")) == (False, runs["cut"])
    assert two == pytest.approx(one, rel=1e-5, abs=1e-5)
    assert two["logged"] == two["train_loss"] == two["training_loss"]


@pytest.mark.parametrize("name", NAMES)
def test_two_processes_learn_what_one_does(runs, name):
    one, two = (load_file(runs[which] / name / "model.safetensors") for which in ("one", "two"))
    apart = max(float((one[key] - two[key]).abs().max()) for key in one)
    bias = one["classifier.bias"]  # which began as zero
    assert apart < 1e-5 and float(bias.abs().max()) > 1e-2


@pytest.mark.parametrize("name", NAMES)
def test_two_processes_write_the_logits_that_one_does(runs, name):
    folders = [runs[which] / name / "logits" for which in ("one", "two")]
    (logits, labels), (others, other_labels) = (read_logits(folder, "validation") for folder in folders)
    assert np.allclose(logits, others, atol=1e-5) and np.array_equal(labels, other_labels)
    tables = [pq.read_table(folder / "validation.parquet") for folder in folders]
    assert tables[0].schema.equals(tables[1].schema)
    if name == "tokens":
        lengths = [len(item["labels"]) - 1 for item in unlike_trainings.sentences().items]
        assert tables[1]["sample"].to_pylist() == np.repeat(range(21), lengths).tolist()


def test_what_does_not_count_is_counted_over_all_processes(runs):
    targets = torch.stack([item["target"] for item in unlike_trainings.renamed_and_ignored().items])
    numbers = numbers_of(runs["two"] / "renamed")
    assert numbers["train_ignored_samples"] == 2 * int((targets == -100).sum())  # in two epochs
    assert numbers["eval_ignored_samples"] == int((targets[:19] == -100).sum()) > 0


def test_the_loss_of_an_evaluation_is_that_of_the_written_logits(runs):
    for name in NAMES:
        logits, labels = read_logits(runs["two"] / name / "logits", "validation")
        expected = functional.cross_entropy(torch.tensor(logits), torch.tensor(labels))
        assert numbers_of(runs["two"] / name)["eval_loss"] == pytest.approx(float(expected), rel=1e-5)


def test_one_process_prints_the_line_of_an_evaluation(runs):
    assert runs["printed"].count(" % wrong (") == len(NAMES)


WRONG_LABEL = """
import sys
import torch
from tiny_trainers import arguments, small_vit
from abstain import InputError, SelectiveTrainer

class Stream(torch.utils.data.IterableDataset):
    def __iter__(self):
        for index in range(64):
            yield {"pixel_values": torch.zeros(3, 8, 8), "labels": 77 if index == 20 else index % 10}

args = arguments(sys.argv[1], max_steps=4, per_device_train_batch_size=8)
try:
    SelectiveTrainer(small_vit(), args, train_dataset=Stream()).train()
except InputError as error:
    print(error)
"""


def test_a_wrong_label_that_the_first_process_hands_out_is_one_sentence(tmp_path, root):
    (tmp_path / "program.py").write_text(WRONG_LABEL)
    command = [sys.executable, "tests/launched_script.py", "--processes", "2", str(tmp_path / "program.py")]
    done = subprocess.run(
        [*command, str(tmp_path / "run")],
        cwd=root,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": "tests"},
    )
    assert "a label is 77, but must be from 0 to 9, or -100 where" in done.stdout, done.stderr
