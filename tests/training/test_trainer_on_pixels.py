import json
import os
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from dense_model import VOID, Pictures, arguments, dense_model, first_step
from torch.nn import functional

from abstain import InputError, SelectiveTrainer, read_logits
from abstain.data.pixels import choose_pixels


@pytest.mark.parametrize("weights", [None, [1.0, 0.2, 3.0, 0.5, 2.0]])
def test_the_gradient_does_not_depend_on_gradient_accumulation(tmp_path, weights):
    norms = []
    for steps in (1, 4, 12):
        changes = {"per_device_train_batch_size": 48 // steps, "gradient_accumulation_steps": steps}
        logged = first_step(tmp_path, label_smoothing_factor=0.2, class_weights=weights, **changes)
        norms.append(logged["grad_norm"])
    assert norms == pytest.approx([norms[0]] * 3, rel=1e-4)


@pytest.mark.parametrize(
    ("smoothing", "weights", "stride"), [(0.0, None, 1), (0.3, None, 4), (0.3, [1.0, 0.2, 3.0, 0.5, 2.0], 4)]
)
def test_it_minimises_the_mean_over_labelled_pixels_of_interpolated_logits(tmp_path, smoothing, weights, stride):
    model, data = dense_model(stride), Pictures()
    with torch.no_grad():
        logits = functional.interpolate(model(data.pixels).logits, (12, 16), mode="bilinear", align_corners=False)
        expected = functional.cross_entropy(
            logits, data.labels, torch.tensor(weights or [1.0] * 5), ignore_index=VOID, label_smoothing=smoothing
        )
    changes = {"label_smoothing_factor": smoothing, "class_weights": weights, "per_device_train_batch_size": 48}
    assert first_step(tmp_path, model, data, **changes)["loss"] == pytest.approx(float(expected), rel=1e-4)


def test_negative_smoothing_needs_its_flag_and_is_linear_in_the_same_formula(tmp_path):
    losses = {}
    for smoothing in (-0.2, 0.0, 0.2):
        changes = {"label_smoothing_factor": smoothing, "per_device_train_batch_size": 48}
        losses[smoothing] = first_step(tmp_path, allow_negative_smoothing=True, **changes)["loss"]
    assert losses[-0.2] != losses[0.0]
    assert losses[-0.2] + losses[0.2] == pytest.approx(2 * losses[0.0], rel=1e-4)
    with pytest.raises(InputError, match=r"must be in \[0, 1\)"):
        arguments(tmp_path, label_smoothing_factor=-0.2)


def test_a_batch_without_any_label_changes_nothing_and_gives_no_nan(tmp_path):
    model = dense_model()
    before = model.head.weight.detach().clone()
    logged = first_step(tmp_path, model, Pictures(all_void=True))
    assert logged["loss"] == logged["grad_norm"] == 0
    assert torch.equal(model.head.weight, before)


def test_the_saved_logits_are_those_of_the_chosen_pixels(tmp_path):
    data, args = Pictures(count=5), arguments(tmp_path, eval_pixels_per_sample=20, per_device_eval_batch_size=2)
    trainer = SelectiveTrainer(dense_model(), args)
    returned = trainer.save_with_logits({"test": data})["test"]
    logits, labels = read_logits(tmp_path / "logits", "test")
    assert np.array_equal(logits, returned[0]) and np.array_equal(labels, returned[1])
    sample = pq.read_table(tmp_path / "logits" / "test.parquet")["sample"].to_numpy()
    for index in range(5):
        kept = choose_pixels(data.labels[index], count=20, seed=0, index=index, ignore_index=VOID)
        assert np.array_equal(labels[sample == index], kept[kept != VOID].numpy())


def test_weights_of_another_number_of_classes_are_refused(tmp_path):
    with pytest.raises(InputError, match="2 class_weights, but the model has 5 classes"):
        first_step(tmp_path, class_weights=[1.0, 2.0])


@pytest.mark.parametrize("weights", [None, [1.0, 0.2, 3.0, 0.5, 2.0]])
def test_two_processes_train_evaluate_and_extract_as_one(root, tmp_path, weights):
    found = []
    for name, batch_size, launcher in (
        ("one", 16, []),
        ("two", 8, ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "0"]),
    ):
        program = str(root / "tests" / "dense_model.py")
        rendezvous = ["--rdzv_backend", "c10d"] if launcher else []
        command = [sys.executable, *launcher, *rendezvous, program, str(tmp_path / name), str(batch_size)]
        finished = subprocess.run(
            [*command, json.dumps(weights)], capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
        )
        assert finished.returncode == 0, finished.stderr
        found.append(json.loads(finished.stdout.strip().splitlines()[-1]))
    assert found[1] == pytest.approx(found[0], rel=1e-4)
    assert found[0]["n_pixels"] == found[1]["n_pixels"] <= 7 * 20
