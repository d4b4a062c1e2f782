"""Which labels of training count, and what the loss of an update is divided by."""

import pytest
import torch
from tiny_trainers import arguments, small_vit
from transformers import (
    BertConfig,
    BertForTokenClassification,
)

from abstain import SelectiveTrainer


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


def test_the_loss_of_tokens_is_along_their_last_axis_also_where_there_are_as_many_as_classes(tmp_path):
    settings = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    model = BertForTokenClassification(BertConfig(vocab_size=9, num_labels=3, **settings)).eval()
    batch = {"input_ids": torch.tensor([[1, 2, 3], [4, 5, 6]]), "labels": torch.tensor([[0, 1, -100], [2, 2, 1]])}
    trainer = SelectiveTrainer(model, arguments(tmp_path))
    logits = model(batch["input_ids"]).logits.detach()
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten())
    assert trainer.args.label_smoothing_factor == 0.0
    assert float(trainer.compute_loss_func({"logits": logits}, batch["labels"])) == pytest.approx(float(expected))


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
