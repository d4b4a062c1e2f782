import json
import os
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from tiny_data import write_pictures

from abstain import read_logits


def train(root, *arguments):
    command = [sys.executable, "training_scripts/train_semantic_segmentation.py", *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), broken=4)


def options(folder):
    chosen = ["--dataset_name", folder, "--class_names", "left", "right", "--ignore_index", "3", "--crop_size", "32"]
    chosen += ["--model_type", "segformer", "--config_overrides", "decoder_hidden_size=8", "--report_to", "none"]
    chosen += ["--max_steps", "3", "--per_device_train_batch_size", "4", "--eval_pixels_per_sample", "50"]
    return [*chosen, "--label_smoothing_factor", "0.2", "--disable_tqdm", "true"]


def test_it_trains_measures_and_counts_bad_images(root, tmp_path, folder):
    finished = train(root, *options(folder), "--skip_bad_samples", "true", "--output_dir", tmp_path / "run")
    assert finished.returncode == 0, finished.stderr
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["data"]["train"]["skipped"] == 1 and results["data"]["train"]["samples"] == 8
    assert results["evaluation"]["n_images"] == 6 and results["evaluation"]["n_samples"] == 6 * 50
    logits, labels = read_logits(tmp_path / "run" / "logits", "test")
    assert logits.shape == (300, 2) and set(labels.tolist()) == {0, 1}
    sample = pq.read_table(tmp_path / "run" / "logits" / "test.parquet")["sample"].to_numpy()
    assert np.array_equal(sample, np.repeat(np.arange(6), 50))
    assert (tmp_path / "run" / "preprocessor_config.json").exists() and str(tmp_path) not in json.dumps(results)


def test_every_model_is_measured_on_the_same_pixels_and_a_checkpoint_is_fine_tuned(root, tmp_path, folder):
    common = [*options(folder), "--skip_bad_samples", "true"]
    first = train(root, *common, "--output_dir", tmp_path / "a")
    assert first.returncode == 0, first.stderr
    second = train(root, *common, "--seed", "5", "--model_name_or_path", tmp_path / "a", "--output_dir", tmp_path / "b")
    assert second.returncode == 0, second.stderr
    (a, labels_a), (b, labels_b) = (read_logits(tmp_path / name / "logits", "test") for name in "ab")
    assert np.array_equal(labels_a, labels_b) and not np.array_equal(a, b)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "image 4 does not decode"),
        (["--ignore_index", "7", "--skip_bad_samples", "true"], "has the label 3, but labels must be from 0 to 1"),
        (["--encoder_weights", "imagenet"], "encoder_weights are for deeplabv3plus"),
        (["--annotation_column", "annotations"], "no annotation column 'annotations': did you mean 'annotation'?"),
        (["--validation_from_test", "true"], "validation_size is 0, but must be from 1 to 5"),
    ],
)
def test_mistakes_are_one_line(root, tmp_path, folder, arguments, message):
    failed = train(root, *options(folder), *arguments, "--output_dir", tmp_path / "run")
    assert failed.returncode == 1 and message in failed.stderr
    assert failed.stderr.strip().splitlines()[-1].startswith("error: ")
    assert not (tmp_path / "run" / "results.json").exists()
