"""A tiny model for pixels and images to train it on, for tests in this process and, as a program, in several."""

import json
import sys

import torch
from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SemanticSegmenterOutput

from abstain import SelectiveTrainer, SelectiveTrainingArguments
from abstain.experiments import run_script

VOID = 11


class DenseConfig(PreTrainedConfig):
    model_type = "tiny_dense"
    stride: int = 4


class DenseModel(PreTrainedModel):
    """Logits of a part of the image's size, without batch statistics: gradients do not depend on how a batch is cut."""

    config_class = DenseConfig
    base_model_prefix = "body"
    main_input_name = "pixel_values"
    accepts_loss_kwargs = False

    def __init__(self, config):
        super().__init__(config)
        self.body = nn.Conv2d(3, 8, config.stride, stride=config.stride)
        self.head = nn.Conv2d(8, config.num_labels, 1)
        self.post_init()

    def forward(self, pixel_values, labels=None, **kwargs):
        return SemanticSegmenterOutput(logits=self.head(self.body(pixel_values).relu()))


class Pictures(torch.utils.data.Dataset):
    """Noise of 16×12 pixels, of which a share that differs between images is void."""

    def __init__(self, count=48, n_classes=5, void=VOID, all_void=False):
        generator = torch.Generator().manual_seed(0)
        self.pixels = torch.randn(count, 3, 12, 16, generator=generator)
        self.labels = torch.randint(0, n_classes, (count, 12, 16), generator=generator)
        share = torch.rand(count, 1, 1, generator=generator)
        self.labels[torch.rand(self.labels.shape, generator=generator) < share] = void
        if all_void:
            self.labels[:] = void

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        return {"pixel_values": self.pixels[index], "labels": self.labels[index]}


def dense_model(stride=4, n_classes=5):
    torch.manual_seed(0)
    return DenseModel(DenseConfig(stride=stride, num_labels=n_classes, initializer_range=0.5))


def arguments(folder, **changes):
    defaults = {"num_train_epochs": 1, "per_device_train_batch_size": 12, "save_strategy": "no", "disable_tqdm": True}
    defaults |= {"ignore_index": VOID, "report_to": "none", "optim": "sgd", "logging_steps": 1}
    return SelectiveTrainingArguments(output_dir=str(folder), **{**defaults, **changes})


def first_step(folder, model=None, data=None, **changes):
    """What the first update logs."""
    args = arguments(folder, max_steps=1, **changes)
    trainer = SelectiveTrainer(model or dense_model(), args, train_dataset=data or Pictures())
    trainer.train()
    return next(log for log in trainer.state.log_history if "grad_norm" in log)


def main():
    folder, batch_size, weights = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    logged = first_step(folder, per_device_train_batch_size=batch_size, class_weights=weights)
    args = arguments(folder, per_device_eval_batch_size=3, eval_pixels_per_sample=20)
    trainer = SelectiveTrainer(dense_model(), args)
    pictures = Pictures(count=7)  # batches of three on two processes leave a rest
    metrics = trainer.evaluate(pictures)
    logits, labels = trainer.save_with_logits({"test": pictures})["test"]
    if trainer.is_world_process_zero():
        found = {"grad_norm": logged["grad_norm"], "loss": logged["loss"], "n_pixels": len(labels)}
        found |= {name: metrics[f"eval_{name}"] for name in ("loss", "aurc", "risk")}
        found["sum"] = float(logits.sum())
        print(json.dumps(found))


if __name__ == "__main__":
    run_script(main)
