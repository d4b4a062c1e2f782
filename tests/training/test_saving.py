import dataclasses
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_trainers import all_items, arguments, small_resnet, small_vit
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from torch import nn
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
)

from abstain import InputError, NoThresholdError, SelectiveTrainer, read_logits
from abstain.inference.abstention import AbstentionRule
from abstain.inference.rule_file import RULE_FILE


def words(*more):
    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", *"abcdefgh", *more])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]")


def small_bert(n_classes=3):
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    return BertForSequenceClassification(BertConfig(vocab_size=20, num_labels=n_classes, **sizes)).eval()


class Texts(torch.utils.data.Dataset):
    """Texts of one to eight words, as a tokenizer gives them, not padded."""

    def __init__(self, count=11, label="labels"):
        tokenizer = words()
        self.items = [{**tokenizer(" ".join("abcdefgh"[: 1 + index % 8])), label: index % 3} for index in range(count)]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return dict(self.items[index])


def one_by_one(model, data, label="labels"):
    with torch.no_grad():
        inputs = [{k: torch.tensor([v]) for k, v in item.items() if k != label} for item in data.items]
        return torch.cat([model(**item).logits for item in inputs]).numpy()


def test_texts_of_unequal_lengths_are_padded_by_the_collator_of_the_trainer(tmp_path):
    data, args = Texts(), arguments(tmp_path, per_device_eval_batch_size=4)
    trainer = SelectiveTrainer(small_bert(), args, train_dataset=data, eval_dataset=data, processing_class=words())
    trainer.train()
    trainer.evaluate()
    logits, labels = trainer.save_with_logits({"validation": data})["validation"]
    saved = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    np.testing.assert_allclose(logits, one_by_one(saved, data), atol=1e-6)
    assert labels.tolist() == [index % 3 for index in range(11)]
    assert trainer.calibrate(data, target_risk=0.9).operating_point.n_samples == 5


def test_labels_of_another_name_and_a_collator_of_the_user_go_the_same_way(tmp_path):
    def collate(items):
        width = max(len(item["input_ids"]) for item in items)
        padded = {
            k: [item[k] + [0] * (width - len(item[k])) for item in items] for k in ("input_ids", "attention_mask")
        }
        return {**{k: torch.tensor(v) for k, v in padded.items()}, "target": torch.tensor([i["target"] for i in items])}

    data = Texts(label="target")
    args = arguments(tmp_path, label_names=["target"], remove_unused_columns=False, per_device_eval_batch_size=4)
    trainer = SelectiveTrainer(small_bert(), args, train_dataset=data, data_collator=collate)
    trainer.train()
    logits, labels = trainer.save_with_logits({"test": data})["test"]
    saved = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    np.testing.assert_allclose(logits, one_by_one(saved, data, "target"), atol=1e-6)
    assert labels.tolist() == [item["target"] for item in data.items]


def test_an_iterable_data_set_gives_its_logits_in_its_order(tmp_path, digits):
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return (digits[index] for index in range(21))

    args = arguments(tmp_path, per_device_eval_batch_size=8)
    trainer = SelectiveTrainer(small_vit(), args)
    found = trainer.save_with_logits({"test": Stream(), "same": torch.utils.data.Subset(digits, range(21))})
    np.testing.assert_array_equal(found["test"][0], found["same"][0])
    assert np.array_equal(found["test"][1], digits.labels[:21].numpy())


class Plain(nn.Module):
    """A model that is none of transformers'."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body, self.head, self.drop = nn.Linear(3 * 64, 16), nn.Linear(16, 10), nn.Dropout(0.5)

    def forward(self, pixel_values, labels=None):
        return {"logits": self.head(self.drop(self.body(pixel_values.flatten(1)).relu()))}


def test_a_plain_module_is_taken_as_it_is_in_memory_outside_mixed_precision(tmp_path, digits):
    args = arguments(tmp_path, bf16=True)
    trainer = SelectiveTrainer(Plain(), args, train_dataset=digits)
    trainer.train()
    forward = trainer.model.forward
    logits, labels = trainer.save_with_logits({"test": digits})["test"]
    again = Plain()
    again.load_state_dict(load_file(tmp_path / "model.safetensors"))
    with torch.no_grad():
        expected = again.eval()(all_items(digits)[0])["logits"]
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-5)
    assert trainer.model.forward is forward, "training goes on in mixed precision"
    assert np.array_equal(labels, digits.labels.numpy())
    assert trainer.calibrate(digits, target_risk=0.95).accept(logits).any()


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft's own use
def test_adapters_are_taken_as_they_are_saved(tmp_path):
    peft = pytest.importorskip("peft", reason="needs peft")
    config = peft.LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["query", "value"])
    model, data = peft.get_peft_model(small_bert(), config), Texts()
    args = arguments(tmp_path, per_device_eval_batch_size=4, learning_rate=0.05, bf16=True)
    trainer = SelectiveTrainer(model, args, train_dataset=data, eval_dataset=data, processing_class=words())
    trainer.train()
    logits, _ = trainer.save_with_logits({"test": data})["test"]
    saved = peft.PeftModel.from_pretrained(small_bert(), tmp_path).eval()
    np.testing.assert_allclose(logits, one_by_one(saved, data), atol=1e-6)
    assert not np.allclose(logits, one_by_one(small_bert(), data), atol=1e-3), "the adapter has learnt"
    assert trainer.calibrate(data, target_risk=0.9).operating_point.coverage > 0


def test_a_rule_does_not_outlive_the_weights_that_it_was_fitted_to(tmp_path, digits):
    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path), train_dataset=digits)
    trainer.calibrate(digits, target_risk=0.95)
    assert (tmp_path / RULE_FILE).is_file() and AbstentionRule.load(tmp_path)
    trainer.train()
    with pytest.raises(NoThresholdError):
        trainer.calibrate(digits, target_risk=0.0001, delta=0.05)
    assert not (tmp_path / RULE_FILE).exists()
    trainer.calibrate(digits, target_risk=0.95)
    trainer.save_model(str(tmp_path / "elsewhere"))
    assert (tmp_path / RULE_FILE).is_file()
    trainer.train()
    trainer.save_model()
    assert not (tmp_path / RULE_FILE).exists()


def test_a_rule_stays_beside_its_own_weights_and_goes_while_they_are_written(tmp_path, digits, monkeypatch):
    trainer = SelectiveTrainer(small_resnet(), arguments(tmp_path), train_dataset=digits)
    rule = trainer.calibrate(digits, target_risk=0.95)
    save, there = trainer.model.save_pretrained, []

    def watched(folder, **kwargs):
        there.append((tmp_path / RULE_FILE).exists())
        return save(folder, **kwargs)

    monkeypatch.setattr(trainer.model, "save_pretrained", watched)
    trainer.save_model()
    assert there == [False] and AbstentionRule.load(tmp_path) == rule
    dataclasses.replace(rule, weights_sha256=None).save(tmp_path)
    trainer.save_model()
    assert there == [False, False] and not (tmp_path / RULE_FILE).exists(), "of weights that it does not name"
    rule.save(tmp_path)
    with pytest.raises(NoThresholdError):
        trainer.calibrate(digits, target_risk=0.0001, delta=0.05)
    assert not (tmp_path / RULE_FILE).exists(), "it has another target"


def test_a_rule_of_calibrate_knows_weights_data_and_classes(tmp_path, digits):
    model = small_resnet()
    model.config.id2label = {index: f"digit {index}" for index in range(10)}
    trainer = SelectiveTrainer(model, arguments(tmp_path), train_dataset=digits)
    rule = trainer.calibrate(digits, target_risk=0.95)
    assert rule.weights_sha256 == hashlib.sha256((tmp_path / "model.safetensors").read_bytes()).hexdigest()
    assert rule.validation_sha256 == digits.fingerprint() and rule.n_classes == 10
    assert rule.class_names == tuple(f"digit {index}" for index in range(10))
    assert AbstentionRule.load(tmp_path) == rule and AbstentionRule.load(tmp_path).versions == rule.versions
    trainer.train()
    trainer.model.save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"abstention\.json' belongs to other weights than those beside it"):
        AbstentionRule.load(tmp_path)


def test_what_does_not_count_is_not_written_and_nothing_at_all_is_one_sentence(tmp_path, digits):
    class Ignored(torch.utils.data.Dataset):
        def __init__(self, every):
            self.every = every

        def __len__(self):
            return 12

        def __getitem__(self, index):
            return {
                **digits[index],
                "labels": torch.tensor(-100) if index % self.every == 0 else digits[index]["labels"],
            }

    trainer = SelectiveTrainer(small_vit(), arguments(tmp_path))
    logits, labels = trainer.save_with_logits({"test": Ignored(3)})["test"]
    kept = [index for index in range(12) if index % 3]
    assert len(logits) == 8 and np.array_equal(labels, digits.labels[kept].numpy())
    with pytest.raises(InputError, match="'test' has no sample whose label counts"):
        trainer.save_with_logits({"test": Ignored(1)})


def test_items_without_labels_are_one_sentence(tmp_path, digits):
    class Unlabelled(torch.utils.data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return {"pixel_values": digits[index]["pixel_values"]}

    with pytest.raises(InputError, match="items of 'test' have no 'labels', which logits data sets hold"):
        SelectiveTrainer(small_vit(), arguments(tmp_path)).save_with_logits({"test": Unlabelled()})


def test_tokens_and_pixels_promise_no_guarantee(tmp_path):
    class Dense(torch.utils.data.Dataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return {"pixel_values": torch.zeros(3, 8, 8), "labels": torch.zeros(8, 8, dtype=torch.int64)}

    with pytest.raises(InputError, match="so no guarantee holds: leave out delta"):
        SelectiveTrainer(small_vit(), arguments(tmp_path)).calibrate(Dense(), target_risk=0.1, delta=0.05)


def test_one_split_after_another_is_read_back_as_it_was_returned(tmp_path, digits):
    trainer = SelectiveTrainer(small_vit(), arguments(tmp_path))
    found = trainer.save_with_logits({"a": digits, "b": torch.utils.data.Subset(digits, range(7))})
    for name, pair in found.items():
        for written, returned in zip(read_logits(tmp_path / "logits", name), pair, strict=True):
            assert np.array_equal(written, returned)


CALIBRATE = """
import sys
sys.path.insert(0, sys.argv[1])
from tiny_trainers import arguments, small_resnet
from abstain import SelectiveTrainer
from abstain.data.image_tensors import decode_images
from abstain.data.splits import load_data
from abstain.inference.abstention import AbstentionRule

data = decode_images(load_data("digits")["train"].select(range(97)))
trainer = SelectiveTrainer(small_resnet(), arguments(sys.argv[2], ddp_backend="gloo", use_cpu=True), train_dataset=data)
for _ in range(2):
    trainer.train()
    rule = trainer.calibrate(data, target_risk=0.95)
    trainer.accelerator.wait_for_everyone()
    assert rule == AbstentionRule.load(sys.argv[2]) and rule.operating_point.n_samples == 48
    trainer.accelerator.wait_for_everyone()
"""


def test_two_processes_have_the_rule_that_stands_in_the_folder(root, tmp_path):
    (tmp_path / "calibrate.py").write_text(CALIBRATE)
    processes = ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "0"]
    processes += ["--rdzv_backend", "c10d", "--rdzv_endpoint", "localhost:0"]
    command = [sys.executable, *processes, tmp_path / "calibrate.py", root / "tests", tmp_path / "run"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"target_risk": 2}, "target_risk is 2, but must be a fraction"),
        ({"target_risk": 0.5, "delta": 0}, "delta is 0, but must be a fraction"),
        ({"target_risk": 0.5, "p_gird": [1]}, "takes no argument 'p_gird': did you mean 'p_grid'"),
        ({"target_risk": 0.5, "p_grid": []}, "p_grid is empty"),
        ({"target_risk": 0.5, "seed": -1}, "seed is -1"),
    ],
)
def test_a_wrong_call_leaves_the_rule_that_is_there(tmp_path, digits, wrong, said):
    trainer = SelectiveTrainer(small_vit(), arguments(tmp_path))
    rule = trainer.calibrate(digits, target_risk=0.95)
    written = (tmp_path / "model.safetensors").stat().st_mtime_ns
    with pytest.raises(InputError, match=said):
        trainer.calibrate(digits, **wrong)
    assert AbstentionRule.load(tmp_path) == rule
    with pytest.raises(InputError, match="datasets are list, but must be a dictionary"):
        trainer.save_with_logits([digits])
    assert (tmp_path / "model.safetensors").stat().st_mtime_ns == written
