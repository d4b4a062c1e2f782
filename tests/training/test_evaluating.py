import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from tiny_trainers import all_items, arguments, small_resnet, small_vit

from abstain import SelectiveTrainer, risk_coverage_curve, scores


def test_eval_loss_is_plain_cross_entropy_whatever_the_smoothing(tmp_path, digits):
    model, (images, labels) = small_resnet(), all_items(digits)
    metrics = {}
    for smoothing in (0.0, 0.2):
        args = arguments(tmp_path, label_smoothing_factor=smoothing, per_device_eval_batch_size=40)
        metrics[smoothing] = SelectiveTrainer(model, args, eval_dataset=digits).evaluate()
    with torch.no_grad():
        logits = model.eval()(images).logits
        for smoothing, found in metrics.items():
            expected = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)
            assert found["eval_smoothed_loss"] == pytest.approx(float(expected), rel=1e-5)
    assert metrics[0.0]["eval_loss"] == metrics[0.2]["eval_loss"] == metrics[0.0]["eval_smoothed_loss"]
    assert metrics[0.2]["eval_smoothed_loss"] != metrics[0.2]["eval_loss"]


def test_every_evaluation_reports_what_the_core_computes_of_all_samples(tmp_path, digits):
    model, (images, labels) = small_resnet(), all_items(digits)
    metrics = SelectiveTrainer(
        model, arguments(tmp_path, per_device_eval_batch_size=40), eval_dataset=digits
    ).evaluate()
    with torch.no_grad():
        logits = model.eval()(images).logits
    curve = risk_coverage_curve(scores.msp(logits), scores.classification_error(logits, labels))
    assert curve.n_samples == len(digits)
    for name, value in curve.summary().items():
        assert metrics[f"eval_{name}"] == pytest.approx(value)


def test_evaluation_hands_four_numbers_a_sample_to_the_metrics_and_predict_returns_logits(tmp_path, digits):
    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path), eval_dataset=digits)
    loop = trainer.evaluation_loop(trainer.get_eval_dataloader(), "Evaluation")
    assert loop.predictions.shape == (96, 4)
    output = trainer.predict(digits)
    assert output.predictions.shape == (96, 10)
    assert np.array_equal(output.label_ids, digits.labels.numpy())
    assert {"test_aurc", "test_cov@5", "test_loss"} <= set(output.metrics)


def test_metrics_of_the_user_get_logits_and_labels(tmp_path, digits):
    def accuracy(prediction):
        return {"accuracy": float((prediction.predictions.argmax(-1) == prediction.label_ids).mean())}

    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path), eval_dataset=digits, compute_metrics=accuracy)
    metrics = trainer.evaluate()
    assert metrics["eval_accuracy"] == pytest.approx(1 - metrics["eval_risk"])


def test_the_model_with_the_lowest_aurc_is_kept(tmp_path, digits):
    changes = {"eval_strategy": "epoch", "save_strategy": "epoch", "load_best_model_at_end": True}
    args = arguments(tmp_path, num_train_epochs=3, metric_for_best_model="aurc", learning_rate=1e-2, **changes)
    trainer = SelectiveTrainer(small_vit(), args, train_dataset=digits, eval_dataset=digits)
    trainer.train()
    areas = [log["eval_aurc"] for log in trainer.state.log_history if "eval_aurc" in log]
    assert trainer.state.best_metric == min(areas)


class Unlabelled(torch.utils.data.Dataset):
    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return {"pixel_values": self.data[index]["pixel_values"]}


def test_predict_needs_no_labels(tmp_path, digits):
    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path))
    with_labels, without = trainer.predict(digits), trainer.predict(Unlabelled(digits))
    assert np.array_equal(with_labels.predictions, without.predictions) and without.label_ids is None


EVALUATE = """
import resource, sys
import torch
from torch import nn
from abstain import SelectiveTrainer, SelectiveTrainingArguments

K, N = int(sys.argv[1]), 2000


class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(2, K)

    def forward(self, pixel_values, labels=None):
        return {"logits": self.head(pixel_values)}


data = [{"pixel_values": torch.randn(2), "labels": torch.tensor(index % 2)} for index in range(N)]
options = {"report_to": "none", "disable_tqdm": True}
args = SelectiveTrainingArguments(output_dir=sys.argv[2], per_device_eval_batch_size=20, **options)
trainer = SelectiveTrainer(Wide(), args)
trainer.evaluate(data[:100])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
trainer.evaluate(data)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def test_the_memory_of_an_evaluation_does_not_grow_with_the_classes(tmp_path):
    # the logits of all samples would take 2000 · 20,000 · 4 bytes = 160 MB
    command = [sys.executable, "-c", EVALUATE, "20000", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.splitlines()[-1]) < 40
