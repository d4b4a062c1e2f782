"""What our training and extraction cost beside the stock Trainer, a bare loop, and the forward pass alone."""

from __future__ import annotations

import tempfile
import time
from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset
from transformers import Trainer, TrainerCallback, TrainingArguments, default_data_collator

from abstain import SelectiveTrainer, SelectiveTrainingArguments, extract_logits
from abstain.data.image_tensors import ImageTensors
from abstain.data.preprocessing import Preprocessing
from abstain.losses import smoothed_cross_entropy
from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification

BATCH = 128
WARM, STEPS = 8, 32
"""Steps before the clock starts, and steps that it times."""
N_IMAGES = (WARM + STEPS) * BATCH
ROUNDS = 3
SGD = {"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4}


def make_images() -> ImageTensors:
    """Random colour images of 32×32 in 10 classes, as the training script holds CIFAR-10."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (N_IMAGES, 3, 32, 32), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, 10, (N_IMAGES,), generator=generator)
    preprocessing = Preprocessing.of_images_as_they_are((32, 32), mean=(0.5,) * 3, std=(0.25,) * 3)
    return ImageTensors(pixels, labels, preprocessing)


def make_model() -> CifarResNetForImageClassification:
    """ResNet-20."""
    torch.manual_seed(0)
    return CifarResNetForImageClassification(CifarResNetConfig(num_labels=10))


def seconds_of_trainer(
    trainer_class: type[Trainer], args_class: type[TrainingArguments], data: Any, **more: Any
) -> float:
    """The steps of `train()` after the first ones, in which memory is laid out and code compiled."""
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
            **{"bf16": True, **more},
        )
        clock = _Clock()
        trainer_class(make_model(), args, train_dataset=data, callbacks=[clock]).train()
        return clock.seconds


class _Clock(TrainerCallback):
    """Times the steps after the first `WARM`."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        now = time.perf_counter()
        if state.global_step == WARM:
            self.start = now
        self.seconds = now - self.start if state.global_step > WARM else 0.0


def seconds_of_bare_loop(data: ImageTensors) -> float:
    """The same epoch without Trainer: batches that are there already, in the same precision and memory format."""
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else torch.device("cpu")
    items = default_data_collator([data[index] for index in range(len(data))])
    loader = DataLoader(TensorDataset(items["pixel_values"], items["labels"]), BATCH, shuffle=True)
    model = make_model().to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(model.parameters(), **SGD)
    for step, (pixels, labels) in enumerate(loader):
        if step == WARM:
            start = time.perf_counter()
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
        "float32": lambda: seconds_of_trainer(
            SelectiveTrainer, SelectiveTrainingArguments, data, label_smoothing_factor=0.1, bf16=False
        ),
        "compiled": lambda: seconds_of_trainer(
            SelectiveTrainer,
            SelectiveTrainingArguments,
            data,
            label_smoothing_factor=0.1,
            channels_last=True,
            torch_compile=True,
        ),
        "bare": lambda: seconds_of_bare_loop(data),
        "extraction": lambda: seconds_of_extraction(data),
        "forward": lambda: seconds_of_forward(data),
    }
    rounds = [{name: work() for name, work in works.items()} for _ in range(ROUNDS)]
    best = {name: min(times[name] for times in rounds) for name in works}
    steps, trained = "ResNet-20, batch 128", STEPS * BATCH
    rows = [
        ("bf16", "ours", "Trainer", "stock", "≤ 1.03×"),
        ("bf16, channels_last", "last", "a bare loop", "bare", "≤ 1.25×"),
        ("bf16", "ours", "float32", "float32", "–"),
        ("bf16, channels_last", "last", "float32", "float32", "–"),
        ("bf16, channels_last, compiled", "compiled", "float32", "float32", "–"),
    ]
    return [
        {
            "work": f"SelectiveTrainer, {steps}, {how}",
            "seconds": best[ours],
            "other": other,
            "other_seconds": best[theirs],
            "wanted": wanted,
            "images_per_second": trained / best[ours],
        }
        for how, ours, other, theirs, wanted in rows
    ] + [
        {
            "work": "extract_logits, ResNet-20, float32",
            "seconds": best["extraction"],
            "other": "the forward pass alone",
            "other_seconds": best["forward"],
            "wanted": "–",
            "images_per_second": N_IMAGES / best["extraction"],
        }
    ]
