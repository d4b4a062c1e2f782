"""The options of a tiny run of each training script, and the processes that it runs on."""

import json
import os
import subprocess
import sys

from tiny_data import write_pictures, write_table, write_texts
from transformers import SegformerConfig, SegformerForSemanticSegmentation

TINY_VIT = "image_size=8,patch_size=4,hidden_size=16,num_hidden_layers=1,num_attention_heads=2,intermediate_size=16"
TINY_SEGFORMER = {"hidden_sizes": [8] * 4, "depths": [1] * 4, "num_attention_heads": [1] * 4}
TINY_SEGFORMER |= {"decoder_hidden_size": 8, "sr_ratios": [1] * 4}
QUIET = ["--report_to", "none", "--disable_tqdm", "true"]


def image_options(folder, dropout):
    drops = f",hidden_dropout_prob={dropout},attention_probs_dropout_prob={dropout}"
    chosen = ["--dataset_name", "digits", "--model_type", "vit", "--config_overrides", TINY_VIT + drops]
    return [*chosen, "--validation_size", "100", "--crop_padding", "1", "--flip", "true"]


def text_options(folder, dropout):
    sizes = f"hidden_size=8,dense_size=8,dropout={dropout}"
    return [*write_texts(folder), "--config_overrides", sizes, "--validation_size", "100"]


def table_options(folder, dropout):
    """The perceptron has no dropout."""
    held_out = ["--test_fraction", "0.5", "--validation_size", "200"]
    return ["--dataset_name", write_table(folder), "--label_column", "y", *held_out]


def picture_options(folder, dropout):
    (folder / "pictures").mkdir()
    names = ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout_prob", "drop_path_rate"]
    config = SegformerConfig(**TINY_SEGFORMER, **dict.fromkeys(names, dropout))
    SegformerForSemanticSegmentation(config).save_pretrained(folder / "segformer")
    chosen = ["--dataset_name", write_pictures(folder / "pictures", n_train=18), "--class_names", "left", "right"]
    chosen += ["--ignore_index", "3", "--eval_pixels_per_sample", "50", "--model_name_or_path", folder / "segformer"]
    return [*chosen, "--crop_size", "24", "--flip", "true", "--color_jitter", "0.4"]


OPTIONS = {
    "train_image_classification": image_options,
    "train_text_classification": text_options,
    "train_tabular_classification": table_options,
    "train_semantic_segmentation": picture_options,
}
SCRIPTS = list(OPTIONS)


def tiny_run(script, folder, *, dropout):
    """The options of a script, with its data written into the folder: a tiny model, augmented where there are images.

    Without dropout all chance in a run is that of a sample, whatever process it falls to.
    """
    return [*OPTIONS[script](folder, dropout), *QUIET]


def launch(root, script, *arguments, launcher=("tests/launched_script.py",)):
    """Run a script in its own process group until it has ended."""
    command = [sys.executable, *launcher, f"training_scripts/{script}.py", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = list(map(str, command))
    return subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment, process_group=0)


def results_of(run):
    return json.loads((run / "results.json").read_text())


def weights_of(run):
    return (run / "model.safetensors").read_bytes()
