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

from abstain import InputError, SelectiveTrainer, read_logits, risk_coverage_curve, scores
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


def test_an_evaluation_counts_the_chosen_pixels_of_every_image_once(tmp_path):
    model, data = dense_model().eval(), Pictures(count=7)
    data.labels[3:] = torch.where(torch.arange(7)[3:, None, None] < 6, VOID, data.labels[3:])  # a batch is all void
    args = arguments(
        tmp_path,
        per_device_eval_batch_size=3,
        eval_pixels_per_sample=20,
        eval_pixels_seed=5,
        label_smoothing_factor=0.2,
    )
    metrics = SelectiveTrainer(model, args, eval_dataset=data).evaluate()
    with torch.no_grad():
        nearest = model(data.pixels).logits.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)
    labels = torch.stack(
        [choose_pixels(data.labels[i], count=20, seed=5, index=i, ignore_index=VOID) for i in range(7)]
    )
    counted = labels != VOID
    logits, labels = nearest.movedim(1, -1)[counted], labels[counted]
    assert 20 < len(labels) <= 80
    curve = risk_coverage_curve(scores.msp(logits), scores.classification_error(logits, labels))
    for name, value in curve.summary().items():
        assert metrics[f"eval_{name}"] == pytest.approx(value)
    assert metrics["eval_loss"] == pytest.approx(float(functional.cross_entropy(logits, labels)), rel=1e-5)
    smoothed = functional.cross_entropy(logits, labels, label_smoothing=0.2)
    assert metrics["eval_smoothed_loss"] == pytest.approx(float(smoothed), rel=1e-5)


@pytest.mark.parametrize("n_classes", [3, 200])
def test_an_evaluation_keeps_four_numbers_a_pixel_whatever_the_classes(tmp_path, n_classes):
    data = Pictures(count=6, n_classes=3, void=255)
    args = arguments(tmp_path, ignore_index=255, eval_pixels_per_sample=30)
    trainer = SelectiveTrainer(dense_model(n_classes=n_classes), args, eval_dataset=data)
    loop = trainer.evaluation_loop(trainer.get_eval_dataloader(), "Evaluation")
    assert loop.predictions.shape == (6, 30, 4) and loop.label_ids.shape == (6, 30)
    assert trainer.predict(data).predictions.shape == (6, 30, n_classes)


def test_metrics_of_the_user_get_labelled_pixels(tmp_path):
    def accuracy(prediction):
        return {"accuracy": float((prediction.predictions.argmax(-1) == prediction.label_ids).mean())}

    metrics = SelectiveTrainer(
        dense_model(), arguments(tmp_path), eval_dataset=Pictures(count=5), compute_metrics=accuracy
    ).evaluate()
    assert metrics["eval_accuracy"] == pytest.approx(1 - metrics["eval_risk"])


def test_an_evaluation_without_any_label_says_so(tmp_path):
    trainer = SelectiveTrainer(dense_model(), arguments(tmp_path), eval_dataset=Pictures(count=3, all_void=True))
    with pytest.raises(InputError, match="every pixel of the evaluation has the label 11"):
        trainer.evaluate()


def test_labels_of_a_collator_are_refused_if_they_cannot_be_chosen(tmp_path):
    class Unlabelled(Pictures):
        def __getitem__(self, index):
            return {"pixel_values": self.pixels[index], "number": index}

    data = Unlabelled(count=4)

    def collate(items):
        numbers = [item["number"] for item in items]
        return {"pixel_values": data.pixels[numbers], "labels": data.labels[numbers]}

    args = arguments(tmp_path, eval_pixels_per_sample=5, remove_unused_columns=False)
    trainer = SelectiveTrainer(dense_model(), args, eval_dataset=data, data_collator=collate)
    with pytest.raises(InputError, match="labelled pixels, but at most 5 are evaluated"):
        trainer.evaluate()


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


def test_the_backbone_learns_more_slowly(tmp_path):
    model = dense_model()
    trainer = SelectiveTrainer(
        model, arguments(tmp_path, learning_rate=0.5, weight_decay=0.1, backbone_learning_rate_factor=0.1)
    )
    rates = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in trainer.create_optimizer().param_groups
        for parameter in group["params"]
    }
    assert len(rates) == 4
    assert rates[id(model.body.weight)] == (pytest.approx(0.05), 0.1)
    assert rates[id(model.head.weight)] == (0.5, 0.1) and rates[id(model.head.bias)] == (0.5, 0.0)


def test_a_model_that_names_no_backbone_cannot_slow_it(tmp_path):
    args = arguments(tmp_path, backbone_learning_rate_factor=0.1)
    with pytest.raises(InputError, match="Conv2d names no backbone"):
        SelectiveTrainer(torch.nn.Conv2d(3, 5, 1), args).create_optimizer()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"eval_pixels_per_sample": 0}, "eval_pixels_per_sample is 0"),
        ({"backbone_learning_rate_factor": 0.0}, "must be above 0"),
        ({"class_weights": [1.0, 0.0]}, "must be numbers above 0"),
    ],
)
def test_arguments_without_a_meaning_are_refused(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        arguments(tmp_path, **changes)


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
