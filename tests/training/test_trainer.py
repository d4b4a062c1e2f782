import numpy as np
import pytest
import torch
from dense_model import DenseModel, Pictures, dense_model
from dense_model import arguments as dense_arguments
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
    fitted = AbstentionRule.fit(logits, labels, target_risk=0.9)
    assert (rule.confidence, rule.operating_point) == (fitted.confidence, fitted.operating_point)
    assert (tmp_path / "model.safetensors").exists()


def test_a_second_training_begins_its_schedule_anew(tmp_path, digits):
    args = arguments(tmp_path, num_train_epochs=2, lr_step_epochs=[1], learning_rate=0.5, logging_steps=1)
    trainer, rates = SelectiveTrainer(small_vit(), args, train_dataset=digits), []
    for _ in range(2):
        trainer.train()
        rates.append([log["learning_rate"] for log in trainer.state.log_history if "learning_rate" in log][-12:])
    assert rates[0] == rates[1] == pytest.approx([0.5] * 6 + [0.05] * 6)


@pytest.mark.parametrize("channels_last", [False, True])
def test_images_reach_the_model_in_the_memory_format_that_is_asked_for(tmp_path, channels_last):
    formats = []

    class Watched(DenseModel):
        def forward(self, pixel_values, labels=None):
            formats.append(pixel_values.is_contiguous(memory_format=torch.channels_last))
            return super().forward(pixel_values, labels)

    model, data = Watched(dense_model().config), Pictures()
    args = dense_arguments(tmp_path, max_steps=1, channels_last=channels_last)
    trainer = SelectiveTrainer(model, args, train_dataset=data, eval_dataset=data)
    trainer.train()
    trainer.evaluate()
    assert len(formats) > 1 and set(formats) == {channels_last}
    assert model.body.weight.is_contiguous(memory_format=torch.channels_last) or not channels_last


@pytest.mark.parametrize("problem", ["regression", "multi_label_classification"])
def test_what_is_no_classification_into_one_class_is_refused_by_name(tmp_path, problem):
    model = small_vit()
    model.config.problem_type = problem
    with pytest.raises(InputError, match=f"problem_type is '{problem}', whose samples have"):
        SelectiveTrainer(model, arguments(tmp_path))


def test_a_loss_that_is_no_number_stops_the_training_at_its_step(tmp_path, digits):
    model = small_vit()

    class Broken(torch.utils.data.Dataset):
        def __len__(self):
            return 48

        def __getitem__(self, index):
            item = digits[index]
            return {**item, "pixel_values": item["pixel_values"] * (float("nan") if index >= 32 else 1)}

    args = arguments(tmp_path, train_sampling_strategy="sequential")
    with pytest.raises(InputError, match="the loss of step 3 is nan: look at the inputs for NaN"):
        SelectiveTrainer(model, args, train_dataset=Broken()).train()
    assert all(parameter.isfinite().all() for parameter in model.parameters())


def test_an_evaluation_without_labels_or_samples_says_so(tmp_path, digits):
    class Unlabelled(torch.utils.data.Dataset):
        def __len__(self):
            return 8

        def __getitem__(self, index):
            return {"pixel_values": digits[index]["pixel_values"]}

    for data in (Unlabelled(), torch.utils.data.Subset(digits, [])):
        with pytest.raises(InputError, match="gives no AURC, for want of samples or of their labels"):
            SelectiveTrainer(small_vit(), arguments(tmp_path), eval_dataset=data).evaluate()


def test_metrics_of_the_user_get_inputs_and_losses_if_they_want_them(tmp_path, digits):
    def seen(prediction):
        return {"inputs": float(np.abs(prediction.inputs).sum()), "losses": float(prediction.losses.mean())}

    args = arguments(tmp_path, include_for_metrics=["inputs", "loss"])
    metrics = SelectiveTrainer(small_vit(), args, eval_dataset=digits, compute_metrics=seen).evaluate()
    assert metrics["eval_losses"] == pytest.approx(metrics["eval_loss"])
    assert metrics["eval_inputs"] == pytest.approx(float(all_items(digits)[0].abs().sum()), rel=1e-4)


def test_a_collator_of_training_alone_mixes_samples(tmp_path, digits):
    mixed = []

    def mix(items):
        pixels, labels = (torch.stack([item[name] for item in items]) for name in ("pixel_values", "labels"))
        soft = torch.nn.functional.one_hot(labels, 10).float()
        mixed.append(len(items))
        return {"pixel_values": (pixels + pixels.flip(0)) / 2, "labels": (soft + soft.flip(0)) / 2}

    args = arguments(tmp_path, max_steps=2)
    trainer = SelectiveTrainer(small_vit(), args, train_dataset=digits, eval_dataset=digits, train_collator=mix)
    trainer.train()
    assert len(mixed) >= 2 and set(mixed) == {16}
    plain = SelectiveTrainer(trainer.model, arguments(tmp_path), eval_dataset=digits)
    assert trainer.evaluate()["eval_aurc"] == plain.evaluate()["eval_aurc"]
    with pytest.raises(InputError, match="give hard labels, and a collator that mixes samples as train_collator"):
        SelectiveTrainer(small_vit(), arguments(tmp_path), eval_dataset=digits, data_collator=mix).evaluate()


def test_the_metric_of_the_best_model_is_looked_at_with_the_names_of_the_sets(tmp_path, digits):
    sets = {"a": digits, "b": digits}
    args = arguments(tmp_path, metric_for_best_model="aurc")
    with pytest.raises(InputError, match=r"several evaluation sets \(a, b\), and it is of none"):
        SelectiveTrainer(small_vit(), args, train_dataset=digits, eval_dataset=sets)
    assert SelectiveTrainer(small_vit(), args, train_dataset=digits, eval_dataset=digits)
    args = arguments(tmp_path, metric_for_best_model="accc", eval_strategy="epoch", save_strategy="best")
    trainer = SelectiveTrainer(
        small_vit(), args, train_dataset=digits, eval_dataset=digits, compute_metrics=lambda _: {"acc": 0.5}
    )
    with pytest.raises(InputError, match="metric_for_best_model is 'accc': did you mean 'acc'"):
        trainer.train()
