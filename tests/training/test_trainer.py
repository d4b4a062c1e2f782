import ast
import inspect
import textwrap

import numpy as np
import pytest
import torch
import transformers
from accelerate import FullyShardedDataParallelPlugin
from dense_model import DenseModel, Pictures, dense_model
from dense_model import arguments as dense_arguments
from tiny_trainers import all_items, arguments, small_resnet, small_vit
from transformers import (
    AutoModelForImageClassification,
    BertConfig,
    BertForTokenClassification,
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


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ignore_index": -100}, 7),
        ({"ignore_index": 2}, 5),
        ({"ignore_index": 2, "class_weights": [1.0, 0.5, 9.0, 2.0]}, 3 * 1.0 + 0.5 + 2.0),
        ({"ignore_index": -100, "class_weights": [1.0, 0.5, 9.0, 2.0]}, 3 * 1.0 + 0.5 + 2 * 9.0 + 2.0),
    ],
)
def test_an_update_is_divided_by_the_labels_that_count_with_their_weights(tmp_path, changes, expected):
    # two batches of 4 and 3, and one more that belongs to the next update
    batches = [{"labels": torch.tensor(labels)} for labels in ([0, 0, 1, 2], [0, 2, 3], [3])]
    trainer = SelectiveTrainer(torch.nn.Linear(4, 4), arguments(tmp_path, **changes))
    iterator = iter(batches)
    taken, total = trainer.get_batch_samples(iterator, 2, torch.device("cpu"))
    assert taken == batches[:2] and next(iterator) is batches[2]
    assert float(total) == expected
    assert trainer.get_batch_samples(iter([]), 2, torch.device("cpu")) == ([], None)
    assert trainer.get_batch_samples(iter([{"x": 1}]), 2, torch.device("cpu")) == ([{"x": 1}], None)


PRIVATE = {
    "_get_output_dir": "self, trial",
    "_load_best_model": "self",
    "_load_from_checkpoint": "self, resume_from_checkpoint, model=None",
    "_prepare_inputs": "self, inputs",
    "_push_from_checkpoint": "self, checkpoint_folder",
    "_save_checkpoint": "self, model, trial",
}
"""The private methods of transformers' Trainer that ours overrides or calls, as they were when it was written."""


def bases():
    return [kind for kind in SelectiveTrainer.__mro__ if kind.__module__.startswith("abstain.")]


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_method_of_the_stock_trainer_is_what_it_was(name):
    parameters = inspect.signature(getattr(Trainer, name)).parameters.values()
    found = ", ".join(str(one.replace(annotation=inspect.Parameter.empty)) for one in parameters)
    assert found == PRIVATE[name], (
        f"Trainer.{name} of transformers {transformers.__version__} takes ({found}), but SelectiveTrainer is written "
        f"for ({PRIVATE[name]}): see what it does now, and the list in the docstring of SelectiveTrainer"
    )


def test_the_list_of_what_is_private_is_whole(tmp_path):
    stock = Trainer(small_resnet(), TrainingArguments(output_dir=str(tmp_path), report_to="none", use_cpu=True))
    used = set()
    for kind in bases():
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
        used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        used |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    private = {name for name in used if name.startswith("_") and not name.startswith("__") and hasattr(stock, name)}
    assert private == {*PRIVATE, "_created_lr_scheduler"}
    assert all(f"`{name}`" in SelectiveTrainer.__doc__ for name in private)


def test_the_loss_of_tokens_is_along_their_last_axis_also_where_there_are_as_many_as_classes(tmp_path):
    settings = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    model = BertForTokenClassification(BertConfig(vocab_size=9, num_labels=3, **settings)).eval()
    batch = {"input_ids": torch.tensor([[1, 2, 3], [4, 5, 6]]), "labels": torch.tensor([[0, 1, -100], [2, 2, 1]])}
    trainer = SelectiveTrainer(model, arguments(tmp_path))
    logits = model(batch["input_ids"]).logits.detach()
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten())
    assert trainer.args.label_smoothing_factor == 0.0
    assert float(trainer.compute_loss_func({"logits": logits}, batch["labels"])) == pytest.approx(float(expected))


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


class SomeIgnored(torch.utils.data.Dataset):
    """Digits of which every fourth has the label -100."""

    def __init__(self, data):
        self.data = data

    def __len__(self):
        return 32

    def __getitem__(self, index):
        item = self.data[index]
        return {**item, "labels": torch.tensor(-100) if index % 4 == 0 else item["labels"]}


def test_samples_with_the_label_that_does_not_count_are_left_out_and_counted(tmp_path, digits):
    data, counted = SomeIgnored(digits), torch.utils.data.Subset(digits, [i for i in range(32) if i % 4])
    trainer = SelectiveTrainer(small_vit(), arguments(tmp_path), train_dataset=data, eval_dataset=data)
    metrics = trainer.evaluate()
    expected = SelectiveTrainer(small_vit(), arguments(tmp_path), eval_dataset=counted).evaluate()
    assert metrics["eval_ignored_samples"] == 8 and "eval_ignored_samples" not in expected
    for name in ("eval_loss", "eval_aurc", "eval_risk"):
        assert metrics[name] == pytest.approx(expected[name], rel=1e-5)
    assert trainer.train().metrics["train_ignored_samples"] == 8


def test_labels_of_another_name_train_and_are_evaluated_alike(tmp_path, digits):
    class Renamed(torch.utils.data.Dataset):
        def __len__(self):
            return 32

        def __getitem__(self, index):
            return {"pixel_values": digits[index]["pixel_values"], "target": digits[index]["labels"]}

    found = {}
    for name, data in (("labels", torch.utils.data.Subset(digits, range(32))), ("target", Renamed())):
        args = arguments(tmp_path, label_names=[name], remove_unused_columns=False)
        trainer = SelectiveTrainer(small_vit(), args, train_dataset=data, eval_dataset=data)
        found[name] = (trainer.train().training_loss, trainer.evaluate()["eval_aurc"])
    assert found["target"] == found["labels"]


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
