import json
import os
import re
import subprocess
import sys

import pytest
from transformers import AutoImageProcessor

from abstain import InputError, read_logits

SCRIPT = "train_image_classification"
RECIPE = "training_scripts/recipes/resnet20_cifar10.yaml"
QUICK = ["--config_overrides", "depth=8", "--max_samples", "70", "--num_train_epochs", "1", "--disable_tqdm", "true"]


def train(root, *arguments):
    command = [sys.executable, f"training_scripts/{SCRIPT}.py", *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment)


def test_a_recipe_is_trained_measured_and_never_overwritten(root, tmp_path):
    command = [RECIPE, "--dataset_name", "digits", "--validation_size", "300", *QUICK]
    command += ["--label_smoothing_factor", "0.2", "--output_dir", tmp_path / "run"]
    finished = train(root, *command)
    assert finished.returncode == 0, finished.stderr
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["settings"]["training"]["label_smoothing_factor"] == 0.2
    assert results["settings"]["training"]["learning_rate"] == 0.1, "from the recipe"
    assert results["data"]["test"]["samples"] == results["evaluation"]["n_samples"] == 70
    assert read_logits(tmp_path / "run" / "logits", "validation")[0].shape == (70, 10)
    assert str(tmp_path) not in json.dumps(results)

    again = train(root, *command)
    assert again.returncode == 2 and "already holds results" in again.stderr
    assert again.stderr.startswith("error: ") and again.stderr.count("\n") == 1, again.stderr


def test_a_model_of_timm_is_trained_on_images_read_one_by_one_and_fine_tuned(main_of, tmp_path):
    tiny = "img_size=16,patch_size=8,depth=1,embed_dim=16,num_heads=2"
    arguments = ["--model_type", "timm_wrapper", "--timm_architecture", "vit_tiny_patch16_224"]
    arguments += ["--config_overrides", tiny, "--image_size", "16", "--augmentation", "random_resized_crop"]
    arguments += ["--resize", "crop", "--crop_fraction", "0.8", "--normalization", "imagenet"]
    arguments += ["--skip_bad_samples", "true", "--max_samples", "40", "--num_train_epochs", "1", "--report_to", "none"]
    main_of(SCRIPT, *arguments, "--output_dir", tmp_path / "run")
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["data"]["train"]["skipped"] == 0 and results["evaluation"]["n_samples"] == 40
    processor = AutoImageProcessor.from_pretrained(tmp_path / "run")
    assert processor.data_config["input_size"] == (3, 16, 16) and processor.data_config["crop_pct"] == 0.8
    assert processor.data_config["mean"] == (0.485, 0.456, 0.406)

    more = ["--model_name_or_path", tmp_path / "run", "--max_samples", "40", "--num_train_epochs", "1"]
    main_of(SCRIPT, *more, "--report_to", "none", "--output_dir", tmp_path / "tuned")
    assert (tmp_path / "tuned" / "results.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset_name", "./nowhere"], "the data folder './nowhere' does not exist"),
        (["--label_smoothing_factor", "1.5"], "must be in [0, 1)"),
        (["--config_overrides", "depth=21", "--dataset_name", "digits"], "depth is 21, but must be 6n + 2"),
        (["--model_type", "resnett", "--dataset_name", "digits"], "unknown model_type 'resnett'"),
        (["--label_smoothing_facto_", "0.1"], "did you mean 'label_smoothing_factor'?"),
    ],
)
def test_mistakes_are_one_sentence(main_of, tmp_path, arguments, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        main_of(SCRIPT, RECIPE, "--validation_size", "300", *arguments, "--output_dir", tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run" / "results.json").exists()


def test_the_parquet_files_of_cifar10_are_read(main_of, tmp_path, cifar10_folder):
    main_of(SCRIPT, RECIPE, "--dataset_name", cifar10_folder, *QUICK, "--output_dir", tmp_path / "run")
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["settings"]["data"]["dataset_name"] == "cifar10"
    assert results["evaluation"]["n_logits"] == 10
