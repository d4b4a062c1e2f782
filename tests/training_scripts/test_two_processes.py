import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_runs import SCRIPTS, launch, results_of, tiny_run

from abstain import read_logits

# Evaluation in sevens, on each of two processes, leaves a rest. The gradients of two batches are added up before an
# update whether each comes from a process of its own or one after the other, and either way each batch has statistics
# of its own, as batch normalisation needs.
TRAINING = ["--num_train_epochs", "2", "--learning_rate", "0.01", "--optim", "sgd", "--label_smoothing_factor", "0.1"]
TRAINING += ["--eval_strategy", "epoch", "--save_strategy", "epoch", "--per_device_eval_batch_size", "7"]
ONE = ["--gradient_accumulation_steps", "2"]
TORCHRUN = ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "0", "--rdzv_backend", "c10d"]
FORKED = ["tests/launched_script.py", "--processes", "2"]  # the same in half the time
MIXED = {"train_image_classification": ["--mixup_alpha", "0.2", "--cutmix_alpha", "1"]}
KINDS = ["eval_loss", "eval_smoothed_loss", "eval_risk", "eval_aurc"]


def evaluations(run):
    """What was measured after each epoch, of all that the processes hold."""
    last = max(run.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    history = json.loads((last / "trainer_state.json").read_text())["log_history"]
    return [[entry[kind] for kind in KINDS] for entry in history if "eval_loss" in entry]


@pytest.mark.parametrize("script", SCRIPTS)
def test_two_processes_count_every_sample_once(root, main_of, tmp_path, script):
    pictures = script == "train_semantic_segmentation"
    sizes = ["--max_samples", "16" if pictures else "64", "--per_device_train_batch_size", "2" if pictures else "8"]
    arguments = [*tiny_run(script, tmp_path, dropout=0.0), *TRAINING, *sizes, *MIXED.get(script, [])]
    one, two = tmp_path / "one", tmp_path / "two"
    launcher = TORCHRUN if script == "train_image_classification" else FORKED
    finished = launch(root, script, *arguments, "--output_dir", two, launcher=launcher)
    assert finished.returncode == 0, finished.stderr
    main_of(script, *arguments, *ONE, "--output_dir", one)

    assert [results_of(run)["environment"]["processes"] for run in (one, two)] == [1, 2]
    assert results_of(one)["data"] == results_of(two)["data"]
    weights, expected = (load_file(run / "model.safetensors") for run in (two, one))
    # the running averages for use later are those of the first process alone, as is usual
    learnt = [name for name in expected if "running_" not in name and "num_batches" not in name]
    assert all(torch.allclose(weights[name], expected[name], atol=1e-5) for name in learnt)
    (logits, labels), (expected_logits, expected_labels) = (read_logits(run / "logits", "test") for run in (two, one))
    assert np.array_equal(labels, expected_labels)
    if learnt == list(expected):
        assert np.allclose(logits, expected_logits, atol=1e-4)
        assert np.allclose(evaluations(two), evaluations(one), atol=1e-4)
