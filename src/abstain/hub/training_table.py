"""What someone needs to know to train a model anew, and what it would take, read from a file of results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from abstain._checks import InputError, first_line
from abstain.report.tables import markdown_table

OPTIMISERS = {"sgd": "SGD", "adamw_torch": "AdamW", "adamw_torch_fused": "AdamW"}

RECIPES = {
    "max_suppression_factor": ("max suppression", "α = {:g}"),
    "focal_gamma": ("focal loss", "γ = {:g}"),
    "logit_norm_temperature": ("logit normalisation in training", "τ = {:g}"),
    "sam_rho": ("sharpness-aware minimisation", "ρ = {:g}"),
    "ema_decay": ("averaged weights", "decay {:g}"),
    "mixup_alpha": ("mixup", "λ from Beta({0:g}, {0:g})"),
    "cutmix_alpha": ("CutMix", "λ from Beta({0:g}, {0:g})"),
}
"""Argument of a training -> the head of its row, and what it says."""


def training_table(results: Mapping[str, Any], samples: str) -> str | None:
    """The table in Markdown; None where the results say nothing of a training.

    Args:
        results: what a run or a trainer wrote into `results.json`.
        samples: what the model is trained on, in the plural.

    Raises:
        InputError: the arguments of the training are not whole.
    """
    if not (results.get("settings") or {}).get("training"):
        return None
    try:
        return markdown_table([["", ""], *_rows(results, samples)], "ll")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            f"results.json holds settings of a training that no trainer wrote ({first_line(error)}): take settings out"
        ) from error


def _rows(results: Mapping[str, Any], samples: str) -> Iterator[list[str]]:
    training, environment = results["settings"]["training"], results.get("environment", {})
    sizes = {name: f"{split['samples']:,}" for name, split in results.get("data", {}).items()}
    if "train" in sizes:
        held_out = f", {sizes['validation']} held out for validation" if "validation" in sizes else ""
        yield [samples, f"{sizes['train']} for training{held_out}"]
    yield ["label smoothing", f"α = {training['label_smoothing_factor']:g}"]
    yield from _recipe(training)
    yield ["schedule", _schedule(training, environment)]
    yield ["optimiser", _optimiser(training)]
    if augmentation := _augmentation(results["settings"].get("data") or {}):
        yield ["augmentation", augmentation]
    yield ["seed", str(training["seed"])]
    yield ["precision", _precision(training)]
    if "train_runtime" in (results.get("training") or {}):
        yield ["time", _time(results["training"], environment)]
    if found := ", ".join(f"{name} {environment[name]}" for name in ("torch", "transformers") if name in environment):
        revision = environment.get("git_revision")
        yield ["versions", found + (f", revision {revision}" if revision else "")]


def _recipe(training: Mapping[str, Any]) -> Iterator[list[str]]:
    """What else than label smoothing the loss and its samples are made of."""
    for argument, (name, text) in RECIPES.items():
        if training.get(argument):
            yield [name, text.format(training[argument])]
    if training.get("teacher"):
        yield ["teacher", _teacher(training)]


def _teacher(training: Mapping[str, Any]) -> str:
    share, temperature = training["distillation_weight"], training["distillation_temperature"]
    return f"{training['teacher']}, {100 * share:g} % of the loss at temperature {temperature:g}"


def _schedule(training: Mapping[str, Any], environment: Mapping[str, Any]) -> str:
    steps, epochs = training["max_steps"], training["num_train_epochs"]
    batch = training["per_device_train_batch_size"] * training["gradient_accumulation_steps"]
    batch *= environment.get("processes", 1)
    return ", ".join(
        [
            f"{steps} steps" if steps > 0 else f"{epochs:g} epochs",
            f"batch {batch}",
            f"learning rate {training['learning_rate']:g}",
            _decay(training),
        ]
    )


def _decay(training: Mapping[str, Any]) -> str:
    if training.get("lr_step_epochs"):
        after = " and ".join(f"{epoch:g}" for epoch in training["lr_step_epochs"])
        return f"×{training['lr_step_factor']:g} after epochs {after}"
    kind = f"{training['lr_scheduler_type'].replace('_', ' ')} schedule"
    warmup = training["warmup_steps"]
    if not warmup:
        return kind
    return f"{kind} after {f'{100 * warmup:g} % of the' if warmup < 1 else f'{warmup:g}'} steps of warm-up"


def _optimiser(training: Mapping[str, Any]) -> str:
    parts = [OPTIMISERS.get(training["optim"], training["optim"])]
    if training["optim_args"]:
        parts.append(training["optim_args"])
    where = " on all parameters" if training.get("decay_all_parameters") else ""
    decay = training["weight_decay"]
    parts.append(f"weight decay {decay:g}{where}" if decay else "no weight decay")
    return ", ".join(parts)


def _augmentation(data: Mapping[str, Any]) -> str:
    """What is drawn anew for every sample; empty where nothing is."""
    resized = data.get("augmentation") == "random_resized_crop"
    steps = {"flip": "mirroring", "color_jitter": "colour jitter of {}"}
    if not resized:
        steps = {"crop_size": "crops of {} pixels", "crop_padding": "shifts of up to {} pixels", **steps}
    said = [text.format(data[key]) for key, text in steps.items() if data.get(key)]
    return ", ".join(["crops of random size", *said] if resized else said)


def _precision(training: Mapping[str, Any]) -> str:
    half = {"bf16": "bfloat16 autocast", "fp16": "float16 autocast"}
    return next((text for key, text in half.items() if training.get(key)), "float32")


def _time(training: Mapping[str, Any], environment: Mapping[str, Any]) -> str:
    seconds = training["train_runtime"]
    time = f"{seconds / 60:.0f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds"
    since = f" since {training['resumed_from']}" if training.get("resumed_from") else ""
    return f"{time}{since}{_device(environment) if 'device' in environment else ''}"


def _device(environment: Mapping[str, Any]) -> str:
    threads = environment["threads"]
    return f" on {environment['device']}, {threads} thread{'' if threads == 1 else 's'}"
