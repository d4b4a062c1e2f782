"""What our training and extraction cost beside the stock Trainer, a bare loop, and the forward pass alone."""

from __future__ import annotations

import tempfile
import time
from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset
from transformers import Trainer, TrainingArguments, default_data_collator

from abstain import SelectiveTrainer, SelectiveTrainingArguments, extract_logits
from abstain.images import ImageTensors
from abstain.losses import smoothed_cross_entropy
from abstain.models import CifarResNetConfig, CifarResNetForImageClassification

BATCH = 128
N_IMAGES = 40 * BATCH
ROUNDS = 3
SGD = {"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4}


def make_images() -> ImageTensors:
    """Random colour images of 32×32 in 10 classes, as the training script holds CIFAR-10."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (N_IMAGES, 3, 32, 32), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, 10, (N_IMAGES,), generator=generator)
    return ImageTensors(pixels, labels, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def make_model() -> CifarResNetForImageClassification:
    """ResNet-20."""
    torch.manual_seed(0)
    return CifarResNetForImageClassification(CifarResNetConfig(num_labels=10))


def seconds_of_trainer(
    trainer_class: type[Trainer], args_class: type[TrainingArguments], data: Any, **more: Any
) -> float:
    """One epoch of `train()`."""
    with tempfile.TemporaryDirectory() as folder:
        args = args_class(
            output_dir=folder,
            num_train_epochs=1,
            per_device_train_batch_size=BATCH,
            optim="sgd",
            optim_args="momentum=0.9",
            learning_rate=SGD["lr"],
            weight_decay=SGD["weight_decay"],
            max_grad_norm=0.0,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=not torch.accelerator.is_available(),
            bf16=True,
            **more,
        )
        trainer = trainer_class(make_model(), args, train_dataset=data)
        start = time.perf_counter()
        trainer.train()
        return time.perf_counter() - start


def seconds_of_bare_loop(data: ImageTensors) -> float:
    """The same epoch without Trainer: batches that are there already, in the same precision and memory format."""
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else torch.device("cpu")
    items = default_data_collator([data[index] for index in range(len(data))])
    loader = DataLoader(TensorDataset(items["pixel_values"], items["labels"]), BATCH, shuffle=True)
    model = make_model().to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(model.parameters(), **SGD)
    start = time.perf_counter()
    for pixels, labels in loader:
        pixels = pixels.to(device, memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            logits = model(pixels).logits
        loss = smoothed_cross_entropy(logits, labels.to(device), smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - start


def seconds_of_extraction(data: ImageTensors) -> float:
    """`extract_logits`."""
    model = make_model()
    start = time.perf_counter()
    extract_logits(model, data, batch_size=BATCH)
    return time.perf_counter() - start


@torch.inference_mode()
def seconds_of_forward(data: ImageTensors) -> float:
    """The forward pass alone, of batches that are there already."""
    items = default_data_collator([data[index] for index in range(len(data))])
    model = make_model().eval()
    start = time.perf_counter()
    for pixels in items["pixel_values"].split(BATCH):
        model(pixels)
    return time.perf_counter() - start


def measure() -> list[dict[str, Any]]:
    """The rows of the table; sides take turns, and the best round of each counts."""
    data = make_images()
    works = {
        "ours": lambda: seconds_of_trainer(
            SelectiveTrainer, SelectiveTrainingArguments, data, label_smoothing_factor=0.1
        ),
        "stock": lambda: seconds_of_trainer(Trainer, TrainingArguments, data, label_smoothing_factor=0.1),
        "last": lambda: seconds_of_trainer(
            SelectiveTrainer, SelectiveTrainingArguments, data, label_smoothing_factor=0.1, channels_last=True
        ),
        "bare": lambda: seconds_of_bare_loop(data),
        "extraction": lambda: seconds_of_extraction(data),
        "forward": lambda: seconds_of_forward(data),
    }
    rounds = [{name: work() for name, work in works.items()} for _ in range(ROUNDS)]
    best = {name: min(times[name] for times in rounds) for name in works}
    steps = "ResNet-20, 40 steps of 128 in bf16"
    return [
        {"work": f"SelectiveTrainer, {steps}", "seconds": best["ours"], "other": "Trainer",
         "other_seconds": best["stock"], "wanted": "≤ 1.03×"},
        {"work": f"SelectiveTrainer, {steps}, channels_last", "seconds": best["last"], "other": "a bare loop",
         "other_seconds": best["bare"], "wanted": "≤ 1.25×", "images_per_second": N_IMAGES / best["last"]},
        {"work": "extract_logits, ResNet-20, float32", "seconds": best["extraction"], "other": "the forward pass alone",
         "other_seconds": best["forward"], "wanted": "–", "images_per_second": N_IMAGES / best["extraction"]},
    ]  # fmt: skip
