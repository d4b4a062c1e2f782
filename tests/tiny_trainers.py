"""Models that learn in moments, and the arguments to train them with, for tests in this process and in several."""

import torch
from transformers import ViTConfig, ViTForImageClassification

from abstain import SelectiveTrainingArguments
from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification


def small_vit():
    """A model without batch statistics or dropout, whose gradients do not depend on how a batch is cut."""
    torch.manual_seed(0)
    config = ViTConfig(
        image_size=8, patch_size=4, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    config.num_labels = 10
    return ViTForImageClassification(config)


def small_resnet():
    torch.manual_seed(0)
    return CifarResNetForImageClassification(CifarResNetConfig(depth=8, width=4, num_labels=10))


def arguments(folder, **changes):
    defaults = {"num_train_epochs": 1, "per_device_train_batch_size": 16, "save_strategy": "no", "disable_tqdm": True}
    return SelectiveTrainingArguments(output_dir=str(folder), **{"report_to": "none", **defaults, **changes})


def all_items(data):
    items = [data[index] for index in range(len(data))]
    return torch.stack([item["pixel_values"] for item in items]), torch.stack([item["labels"] for item in items])


ONE_STEP = {"max_steps": 1, "optim": "sgd", "learning_rate": 0.1, "max_grad_norm": 0.0, "lr_scheduler_type": "constant"}
