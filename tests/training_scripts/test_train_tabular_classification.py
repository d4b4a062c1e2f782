import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from datasets import Dataset
from tiny_data import write_table
from transformers import AutoModel

import abstain.models  # noqa: F401 - registers the architecture
from abstain import InputError, read_logits
from abstain.data.splits import load_data, with_test
from abstain.data.tables import TableEncoder

SCRIPT = "train_tabular_classification"
RECIPE = "training_scripts/recipes/mlp_bank_marketing_small.yaml"


def train(root, *arguments):
    command = [sys.executable, f"training_scripts/{SCRIPT}.py", *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment)


@pytest.fixture
def folder(tmp_path):
    return write_table(tmp_path)


def test_a_table_is_trained_measured_and_can_be_used_later(root, tmp_path, folder):
    run = tmp_path / "run"
    command = [RECIPE, "--dataset_name", folder, "--label_smoothing_factor", "0.4", "--output_dir", run]
    command += ["--learning_rate", "0.02"]
    finished = train(root, *command)
    assert finished.returncode == 0, finished.stderr
    results = json.loads((run / "results.json").read_text())
    assert results["settings"]["training"]["label_smoothing_factor"] == 0.4
    assert results["settings"]["data"]["dataset_name"] == "data"
    assert str(tmp_path) not in json.dumps(results)
    assert results["data"]["test"]["samples"] == results["evaluation"]["n_samples"] == 1000
    assert results["evaluation"]["n_logits"] == 1
    assert results["evaluation"]["fits"]["max_logit_pnorm"]["p"] is None, "one logit: always MSP"
    assert results["evaluation"]["scores"]["msp"]["risk"] < 0.2

    encoder, model = TableEncoder.from_pretrained(run), AutoModel.from_pretrained(run).eval()
    rows = Dataset.from_dict({"age": [75, 25], "job": ["cook", "cook"]})
    with torch.no_grad():
        old, young = model(torch.from_numpy(encoder.features(rows))).logits.flatten().tolist()
    assert old > 0 > young and encoder.classes == ["no", "yes"]
    assert model.config.id2label == {0: "yes"}
    assert read_logits(run / "logits", "validation")[0].shape[1] == 1

    again = train(root, *command)
    assert again.returncode == 2 and "already holds results" in again.stderr


def test_the_logits_of_a_table_are_extracted_in_parts(main_of, tmp_path, folder):
    run, data = tmp_path / "run", load_data(str(folder))
    main_of(SCRIPT, RECIPE, "--dataset_name", folder, "--output_dir", run)
    split = with_test(data, fraction=1 / 3, seed=0)["test"].select(range(50))
    (tmp_path / "parts").mkdir()
    split.to_parquet(str(tmp_path / "parts" / "test.parquet"))
    extracted = ["--model_name_or_path", run, "--output_dir", tmp_path / "logits", "--samples_per_shard", "20"]
    main_of("extract_logits", *extracted, "--dataset_name", tmp_path / "parts")
    logits, labels = read_logits(tmp_path / "logits", "test")
    expected = TableEncoder.from_pretrained(run).encode(split)
    with torch.no_grad():
        assert np.allclose(logits, AutoModel.from_pretrained(run)(**expected.inputs).logits, atol=1e-6)
    assert np.array_equal(labels, expected.labels) and len(list((tmp_path / "logits" / "test").glob("part-*"))) == 3

    split.rename_column("job", "work").to_parquet(str(tmp_path / "parts" / "test.parquet"))
    with pytest.raises(InputError, match="there is no column 'job': choose from"):
        main_of("extract_logits", *extracted, "--dataset_name", tmp_path / "parts", "--output_split", "other")
    assert not (tmp_path / "logits" / "other").exists()


def test_smoothing_is_all_that_differs_and_a_seed_repeats_itself(main_of, tmp_path, folder):
    for name, smoothing in (("a", 0.0), ("b", 0.0), ("c", 0.4)):
        command = [RECIPE, "--dataset_name", folder, "--label_smoothing_factor", smoothing]
        main_of(SCRIPT, *command, "--output_dir", tmp_path / name)
    results = {name: json.loads((tmp_path / name / "results.json").read_text()) for name in "abc"}
    assert results["a"]["evaluation"] == results["b"]["evaluation"] != results["c"]["evaluation"]
    assert results["a"]["data"] == results["c"]["data"]
    settings = [results[name]["settings"]["training"] for name in "ac"]
    assert {key for key in settings[0] if settings[0][key] != settings[1][key]} == {"label_smoothing_factor"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label_column", "Y"], "no label column 'Y': did you mean 'y'?"),
        (["--label_column", "job"], "one_logit is for two classes, but there are 3"),
        (["--test_fraction", "0"], "there is no split 'test': this data set has train"),
        (["--test_fraction", "1.0"], "test_fraction is 1, but must be a fraction in [0, 1)"),
        (["--validation_size", "100000"], "validation_size is 100000, but must be from 1 to"),
        (["--categorical_columns", "agee"], "no column 'agee': did you mean 'age'?"),
        (["--dataset_name", "./nowhere"], "the data folder './nowhere' does not exist"),
        (["--max_samples", "0"], "max_samples is 0, but must be at least 1"),
        (["--cutmix_alpha", "1"], "a part of an image (C, H, W), but features has the shape"),
    ],
)
def test_mistakes_are_one_sentence(main_of, tmp_path, folder, arguments, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        main_of(SCRIPT, RECIPE, "--dataset_name", folder, *arguments, "--output_dir", tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run" / "results.json").exists()


def test_a_mistake_is_one_line_without_a_traceback(root, tmp_path):
    failed = train(root, RECIPE, "--dataset_name", "./nowhere", "--output_dir", tmp_path / "run")
    assert failed.returncode == 2
    assert (
        failed.stderr
        == "error: the data folder './nowhere' does not exist or is not a folder: give the path of a folder\n"
    )


@pytest.mark.parametrize(
    ("test_rows", "message"),
    [
        ("1,no\n2,perhaps\n", "a row has the y 'perhaps', but must have one of the training rows: no, yes"),
        ("", "the split 'test' is empty"),
    ],
)
def test_the_other_splits_must_match_train(main_of, tmp_path, test_rows, message):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "train.csv").write_text("x,y\n" + "1,no\n2,yes\n" * 20)
    (folder / "test.csv").write_text("x,y\n" + test_rows)
    arguments = ["--dataset_name", folder, "--label_column", "y", "--validation_size", "5"]
    with pytest.raises(InputError, match=message):
        main_of(SCRIPT, *arguments, "--output_dir", tmp_path / "run")
