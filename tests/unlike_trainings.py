"""Trainings whose batches differ in what counts, on one process or several: `python launched_script.py THIS FOLDER`.

Each leaves its weights, logits and numbers in a folder of its name, to be compared between numbers of processes.
"""

import json
import os
import sys
from pathlib import Path

import torch
from accelerate import PartialState
from tiny_trainers import arguments, small_resnet, small_vit
from torch.distributed.fsdp import FSDPModule, FullyShardedDataParallel
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers import BertConfig, BertForTokenClassification, ViTForImageClassification

from abstain import SelectiveTrainer

N_CLASSES = 10
UPDATE = 8
"""Samples of an update: of two batches, whether each has its own process or they come one after the other."""


LAYERS = {ViTForImageClassification: "ViTLayer", BertForTokenClassification: "BertLayer"}
"""The class of the layer of a model that repeats, by which it is cut into parts."""


def pictures(count=32):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count, 3, 8, 8, generator=generator), torch.arange(count) % N_CLASSES


class Items(torch.utils.data.Dataset):
    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return dict(self.items[index])


def renamed_and_ignored():
    """Labels called `target`, of which those of some batches count less often than those of others."""
    pixels, labels = pictures()
    labels = torch.where(torch.arange(32) % 3 < torch.arange(32) // 16, -100, labels)
    return Items([{"pixel_values": p, "target": t} for p, t in zip(pixels, labels, strict=True)])


def soft():
    pixels, labels = pictures()
    hard = functional.one_hot(labels, N_CLASSES).float()
    targets = 0.75 * hard + 0.25 * hard.roll(1, dims=1)
    return Items([{"pixel_values": p, "labels": t} for p, t in zip(pixels, targets, strict=True)])


def hard():
    return Items([{"pixel_values": p, "labels": t} for p, t in zip(*pictures(19), strict=True)])


def sentences():
    generator = torch.Generator().manual_seed(0)
    lengths = [2 + (7 * index) % 11 for index in range(21)]
    words = [torch.randint(3, 20, (length,), generator=generator) for length in lengths]
    classes = [torch.cat([torch.tensor([-100]), word[1:] % 5]) for word in words]
    return Items([{"input_ids": w, "labels": c} for w, c in zip(words, classes, strict=True)])


def padded(items):
    words, classes = ([item[name] for item in items] for name in ("input_ids", "labels"))
    ids = pad_sequence(words, batch_first=True)
    return {
        "input_ids": ids,
        "attention_mask": (ids != 0).long(),
        "labels": pad_sequence(classes, batch_first=True, padding_value=-100),
    }


def token_model():
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    dropouts = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return BertForTokenClassification(BertConfig(vocab_size=20, num_labels=5, **sizes, **dropouts))


def cases():
    """Name -> model, data to train on, data to evaluate, collator, arguments."""
    weights = [1.0, 2.0, 5.0, 1.0, 0.5, 1.0, 3.0, 1.0, 1.0, 0.1]
    one = renamed_and_ignored()
    named = {"label_names": ["target"], "remove_unused_columns": False}
    words, hard16 = Items(sentences().items[:16]), Items(hard().items[:16])
    return {
        "renamed": (small_vit(), one, Items(one.items[:19]), None, {**named, "class_weights": weights}),
        "soft": (small_vit(), soft(), hard(), None, {"max_suppression_factor": 0.3, "class_weights": weights}),
        "tokens": (token_model(), words, sentences(), padded, {"label_smoothing_factor": 0.2}),
        "focal": (small_vit(), hard16, hard(), None, {"focal_gamma": 2.0, "class_weights": weights}),
        "normalised": (small_vit(), hard16, hard(), None, {"logit_norm_temperature": 0.5}),
        "taught": (small_vit(), hard16, hard(), None, {"teacher": "teacher", "distillation_weight": 0.75}),
    }


def train(folder, model, data, evaluated, collator, changes):
    sizes = {"per_device_train_batch_size": UPDATE // 2, "per_device_eval_batch_size": 3}
    sizes["gradient_accumulation_steps"] = 2 // int(os.environ.get("WORLD_SIZE", 1))
    os.environ["FSDP_TRANSFORMER_CLS_TO_WRAP"] = LAYERS[type(model)]  # looked at only where models are cut
    if "teacher" in changes:
        changes = changes | {"teacher": str(folder / changes["teacher"])}
        small_resnet().save_pretrained(changes["teacher"])  # by the first process alone
        PartialState().wait_for_everyone()
    args = arguments(folder, num_train_epochs=2, optim="sgd", learning_rate=0.1, **sizes, **changes)
    trainer = SelectiveTrainer(model, args, train_dataset=data, eval_dataset=evaluated, data_collator=collator)
    output = trainer.train()
    numbers = {"training_loss": output.training_loss, "logged": trainer.state.log_history[-1]["train_loss"]}
    numbers |= {
        name: value for name, value in output.metrics.items() if name in ("train_loss", "train_ignored_samples")
    }
    numbers |= trainer.evaluate()
    trainer.save_with_logits({"validation": evaluated})
    if trainer.is_world_process_zero():
        timings = ("_runtime", "_per_second", "_flos")
        kept = {name: value for name, value in numbers.items() if not name.endswith(timings)}
        cut = isinstance(trainer.model_wrapped, FSDPModule | FullyShardedDataParallel)
        told = {"processes": args.world_size, "cut": cut}
        (folder / "numbers.json").write_text(json.dumps(kept | told))


if __name__ == "__main__":
    for name, case in cases().items():
        train(Path(sys.argv[1]) / name, *case)
