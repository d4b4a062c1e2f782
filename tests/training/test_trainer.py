import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from accelerate import FullyShardedDataParallelPlugin
from tiny_trainers import all_items, arguments, small_resnet, small_vit
from transformers import (
    AutoModelForImageClassification,
    Trainer,
    TrainingArguments,
)

from abstain import InputError, SelectiveTrainer, SelectiveTrainingArguments, read_logits
from abstain.data.augmentation import Augmentation
from abstain.inference.abstention import AbstentionRule


def test_the_gradient_does_not_depend_on_gradient_accumulation(tmp_path, digits):
    norms = []
    for steps in (1, 4, 12):
        changes = {"per_device_train_batch_size": 48 // steps, "gradient_accumulation_steps": steps, "max_steps": 1}
        args = arguments(tmp_path, label_smoothing_factor=0.2, logging_steps=1, **changes)
        trainer = SelectiveTrainer(small_vit(), args, train_dataset=digits)
        trainer.train()
        norms.append(next(log["grad_norm"] for log in trainer.state.log_history if "grad_norm" in log))
    assert norms == pytest.approx([norms[0]] * 3, rel=1e-4)


def test_it_minimises_the_smoothed_loss(tmp_path, digits):
    model, (images, labels) = small_vit(), all_items(digits)
    with torch.no_grad():
        expected = torch.nn.functional.cross_entropy(model(images).logits, labels, label_smoothing=0.3)
    args = arguments(tmp_path, label_smoothing_factor=0.3, per_device_train_batch_size=96, logging_steps=1)
    trainer = SelectiveTrainer(model, args, train_dataset=digits)
    trainer.train()
    assert trainer.state.log_history[0]["loss"] == pytest.approx(float(expected), rel=1e-4)


def test_what_it_sets_itself_is_refused(tmp_path):
    with pytest.raises(InputError, match="compute_loss_func is given"):
        SelectiveTrainer(small_vit(), arguments(tmp_path), compute_loss_func=lambda *_: 0)
    with pytest.raises(InputError, match="must be SelectiveTrainingArguments"):
        SelectiveTrainer(small_vit(), TrainingArguments(output_dir=str(tmp_path), report_to="none"))


@pytest.mark.parametrize(
    ("metric", "greater"), [("aurc", False), ("eval_risk", False), ("loss", False), ("cov@5", True), ("accuracy", True)]
)
def test_the_best_model_is_sought_in_the_right_direction(tmp_path, metric, greater):
    assert arguments(tmp_path, metric_for_best_model=metric).greater_is_better is greater


@pytest.mark.parametrize("smoothing", [-0.2, 1.0, 1.5])
def test_smoothing_outside_its_range_is_refused(tmp_path, smoothing):
    with pytest.raises(InputError, match=r"must be in \[0, 1\)"):
        arguments(tmp_path, label_smoothing_factor=smoothing)


def test_arguments_that_contradict_each_other_are_refused(tmp_path):
    with pytest.raises(InputError, match="smoothed loss, which differs"):
        arguments(tmp_path, metric_for_best_model="eval_smoothed_loss")
    with pytest.raises(InputError, match="max_steps = 5 counts steps"):
        arguments(tmp_path, lr_step_epochs=[1], max_steps=5)


def test_the_learning_rate_steps_after_whole_epochs(tmp_path, digits):
    changes = {"lr_step_epochs": [1, 2], "learning_rate": 0.5, "logging_strategy": "steps", "logging_steps": 1}
    args = arguments(tmp_path, num_train_epochs=3, optim="sgd", **changes)
    trainer = SelectiveTrainer(small_vit(), args, train_dataset=digits)
    trainer.train()
    rates = [log["learning_rate"] for log in trainer.state.log_history if "learning_rate" in log]
    assert rates == pytest.approx([0.5] * 6 + [0.05] * 6 + [0.005] * 6)


@pytest.mark.parametrize("everything", [False, True])
def test_weight_decay_applies_to_all_parameters_only_when_asked(tmp_path, digits, everything):
    args = arguments(tmp_path, weight_decay=0.1, decay_all_parameters=everything)
    trainer = SelectiveTrainer(small_resnet(), args, train_dataset=digits)
    decayed, spared = (len(group["params"]) for group in trainer.create_optimizer().param_groups)
    assert (spared == 0) is everything and decayed > 0


def test_alpha_zero_trains_exactly_as_the_stock_trainer(tmp_path, digits):
    weights = []
    for kind, args_kind in ((Trainer, TrainingArguments), (SelectiveTrainer, SelectiveTrainingArguments)):
        args = args_kind(
            output_dir=str(tmp_path), num_train_epochs=2, report_to="none", save_strategy="no", use_cpu=True
        )
        trainer = kind(small_vit(), args, train_dataset=digits)
        trainer.train()
        weights.append(torch.cat([parameter.flatten() for parameter in trainer.model.parameters()]))
    assert torch.allclose(*weights, atol=1e-6)


def test_a_resumed_run_with_augmentation_ends_with_the_same_weights(tmp_path, digits):
    augmented = digits.augmented(Augmentation(crop_padding=1, flip=True))

    def train(folder, resume=None):
        args = arguments(folder, num_train_epochs=2, save_strategy="epoch", label_smoothing_factor=0.1)
        trainer = SelectiveTrainer(small_resnet(), args, train_dataset=augmented)
        trainer.train(resume_from_checkpoint=resume)
        return trainer.model.state_dict()

    whole = train(tmp_path / "whole")
    resumed = train(tmp_path / "resumed", resume=str(tmp_path / "whole" / "checkpoint-6"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_the_saved_model_says_what_the_saved_logits_say(tmp_path, digits):
    args = arguments(tmp_path, bf16=True, channels_last=True, label_smoothing_factor=0.1)
    trainer = SelectiveTrainer(small_resnet(), args, train_dataset=digits)
    trainer.train()
    returned = trainer.save_with_logits({"test": digits})["test"]
    logits, labels = read_logits(tmp_path / "logits", "test")
    assert np.array_equal(logits, returned[0]) and np.array_equal(labels, digits.labels.numpy())
    model = AutoModelForImageClassification.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        assert np.allclose(model(all_items(digits)[0]).logits.numpy(), logits, atol=1e-5)
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "model.safetensors", "logits"}  # no pickle


def test_the_model_is_saved_whole_where_checkpoints_are_in_parts(tmp_path, digits, monkeypatch):
    # accelerate takes no FSDP to a CPU, so that its plugin is put into a trainer of one process
    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path), train_dataset=digits)
    plugin = FullyShardedDataParallelPlugin(fsdp_version=2, state_dict_type="SHARDED_STATE_DICT")
    monkeypatch.setitem(trainer.accelerator.state.__dict__, "fsdp_plugin", plugin)
    trainer.is_fsdp_enabled = True
    logits = trainer.save_with_logits({"test": digits})["test"][0]
    assert (tmp_path / "model.safetensors").exists() and logits.shape == (len(digits), 10)


def test_every_epoch_sees_other_augmented_images(tmp_path, digits):
    augmented = digits.augmented(Augmentation(crop_padding=2, flip=True))
    seen = []

    class Watching(SelectiveTrainer):
        def training_step(self, model, inputs, *more):
            seen.append(inputs["pixel_values"].sum().item())
            return super().training_step(model, inputs, *more)

    args = arguments(tmp_path, num_train_epochs=2, per_device_train_batch_size=96)
    Watching(small_resnet(), args, train_dataset=augmented).train()
    augmented.set_epoch(1)
    assert seen[0] != seen[1]
    assert seen[1] == pytest.approx(sum(augmented[i]["pixel_values"].sum().item() for i in range(96)), rel=1e-3)
    with pytest.raises(InputError, match="dataloader_persistent_workers"):
        args = arguments(tmp_path, dataloader_persistent_workers=True, dataloader_num_workers=1)
        SelectiveTrainer(small_resnet(), args, train_dataset=augmented)


@pytest.mark.parametrize(
    ("metric", "greater"), [("eval_a_aurc", False), ("eval_a_loss", False), ("eval_a_cov@5", True)]
)
def test_metrics_of_one_of_several_data_sets_have_their_direction_too(tmp_path, metric, greater):
    assert arguments(tmp_path, metric_for_best_model=metric).greater_is_better is greater


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_train_epochs": 0}, "must be above 0"),
        ({"lr_step_epochs": [2, 1]}, "must be above 0 and ascending"),
        ({"lr_step_epochs": [-1]}, "must be above 0 and ascending"),
        ({"lr_step_epochs": [1], "warmup_steps": 5}, "has no warm-up"),
        ({"batch_eval_metrics": True}, "AURC needs all samples at once"),
        ({"label_smoothing_factor": "high"}, "'high', but must be a number"),
    ],
)
def test_arguments_without_a_meaning_are_refused(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        arguments(tmp_path, **changes)


def test_no_checkpoint_holds_the_arguments_as_a_pickle_and_each_is_marked_whole(tmp_path, digits):
    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path, save_strategy="epoch"), train_dataset=digits)
    trainer.train()
    trainer.save_model(str(tmp_path / "final"))
    assert (tmp_path / "checkpoint-6" / "complete").is_file()
    assert not list(tmp_path.rglob("training_args.bin"))


def test_the_stock_trainer_is_not_misled_by_our_model(tmp_path, digits):
    norms = []
    for steps in (1, 4):
        args = TrainingArguments(
            output_dir=str(tmp_path), max_steps=1, logging_steps=1, report_to="none", save_strategy="no", use_cpu=True,
            per_device_train_batch_size=24, gradient_accumulation_steps=steps,
        )  # fmt: skip
        trainer = Trainer(small_resnet(), args, train_dataset=digits)
        trainer.train()
        norms.append(next(log["grad_norm"] for log in trainer.state.log_history if "grad_norm" in log))
    assert norms[1] < 2 * norms[0], "the mean of four batches, not their sum"


def test_calibrate_leaves_a_rule_beside_the_model(tmp_path, digits):
    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path, num_train_epochs=4), train_dataset=digits)
    trainer.train()
    rule = trainer.calibrate(digits, target_risk=0.9)
    assert AbstentionRule.load(tmp_path) == rule
    logits, labels = read_logits(tmp_path / "logits", "validation")
    assert rule == AbstentionRule.fit(logits, labels, target_risk=0.9)
    assert (tmp_path / "model.safetensors").exists()


FILL_THE_DISK = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from tiny_trainers import arguments, small_resnet
from transformers import TrainerCallback
from abstain import SelectiveTrainer
from abstain.data.splits import load_data
from abstain.data.image_tensors import decode_images


class Full(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == 3:  # from here on no file may be longer than 2,000 bytes
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))


data = decode_images(load_data("digits")["train"].select(range(96)))
args = arguments(sys.argv[2], save_strategy="steps", save_steps=2)
SelectiveTrainer(small_resnet(), args, train_dataset=data, callbacks=[Full()]).train()
"""


def test_a_full_disk_is_named_and_leaves_the_checkpoint_before(root, tmp_path):
    script = tmp_path / "fill.py"
    script.write_text(FILL_THE_DISK)
    command = [sys.executable, str(script), str(root / "tests"), str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "InputError" in last and "checkpoint-4/" in last and "could not be written" in last, done.stderr
    assert (tmp_path / "run" / "checkpoint-2" / "complete").exists()
    assert not (tmp_path / "run" / "checkpoint-4" / "complete").exists()
    small_resnet().from_pretrained(tmp_path / "run" / "checkpoint-2")
