"""A model's card: how well it knows when to abstain, how to load it, how it was trained, and an index for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from abstain._checks import check_choice
from abstain.report.selective_report import SelectiveReport
from abstain.report.tables import markdown_table

TEMPLATE = Path(__file__).with_name("model_card.md")
OPTIMISERS = {"sgd": "SGD", "adamw_torch": "AdamW", "adamw_torch_fused": "AdamW"}


@dataclass(frozen=True)
class Task:
    """What the card of a task calls things.

    Attributes:
        samples: what the model is trained on, in the plural.
        measured: what an error is counted of, in the plural.
        library: what to import `model_class` from.
        model_class: loads the model by `from_pretrained`.
    """

    samples: str
    measured: str
    library: str
    model_class: str


TASKS = {
    "image-classification": Task("images", "images", "transformers", "AutoModelForImageClassification"),
    "image-segmentation": Task("images", "pixels", "transformers", "AutoModelForSemanticSegmentation"),
    "text-classification": Task("texts", "texts", "transformers", "AutoModelForSequenceClassification"),
    "tabular-classification": Task("rows", "rows", "abstain.models", "TabularMLPForClassification"),
}
"""Tasks by the Hub's names for them."""


@dataclass(frozen=True)
class CardWords:
    """What a card says that no file of results knows; texts are Markdown.

    Attributes:
        task: one of `TASKS`.
        dataset: its name on the Hub.
        dataset_name: what people call it.
        summary: what the model is, and what for.
        location: a Python expression of the folder that the model is loaded from.
        command: what trains it anew, for a shell.
        source: where the method comes from, and what differs from it.
        caveat: what the numbers do not say.
        license: of the weights, by the Hub's name for it.
    """

    task: str
    dataset: str
    dataset_name: str
    summary: str
    location: str
    command: str
    source: str
    caveat: str = ""
    license: str = "apache-2.0"


def render_card(name: str, words: CardWords, report: SelectiveReport, results: Mapping[str, Any]) -> str:
    """The card of one model, in the Hub's form: a header that machines read, then Markdown.

    Args:
        name: of the model.
        words: what only a person can say of it.
        report: measured on its test data.
        results: what its run wrote into `results.json`.

    Raises:
        InputError: the task is none of `TASKS`.
    """
    task = TASKS[check_choice("task", words.task, TASKS)]
    card = ModelCard.from_template(
        _card_data(name, words, report),
        template_path=str(TEMPLATE),
        name=name,
        words=words,
        task=task,
        report=report,
        results=results,
        training=markdown_table([["", ""], *_training_rows(task, results)], "ll"),
    )
    return str(card).rstrip() + "\n"


def _card_data(name: str, words: CardWords, report: SelectiveReport) -> ModelCardData:
    return ModelCardData(
        license=words.license,
        library_name="transformers",
        pipeline_tag=words.task,
        datasets=[words.dataset],
        tags=["selective-classification", "label-smoothing", "abstain"],
        model_name=name,
        eval_results=list(_model_index(words, report)),
    )


def _model_index(words: CardWords, report: SelectiveReport) -> Iterator[EvalResult]:
    """The numbers of MSP, as the Hub reads them."""
    metrics = report.msp.metrics
    reported = {"aurc": "AURC (MSP)", "risk": "Error rate"}
    reported |= {key: f"Coverage at {key[4:]} % risk" for key in metrics if key.startswith("cov@")}
    for key, title in reported.items():
        yield EvalResult(
            task_type=words.task,
            dataset_type=words.dataset,
            dataset_name=words.dataset_name,
            dataset_split="test",
            metric_type=key,
            metric_name=title,
            metric_value=round(metrics[key] or 0.0, 6),
        )


def _training_rows(task: Task, results: Mapping[str, Any]) -> Iterator[list[str]]:
    """What someone needs to know to train the model anew, and what it would take."""
    training, environment = results["settings"]["training"], results["environment"]
    sizes = {name: f"{split['samples']:,}" for name, split in results["data"].items()}
    yield [task.samples, f"{sizes['train']} for training, {sizes['validation']} held out for validation"]
    yield ["schedule", _schedule(training, environment)]
    yield ["optimiser", _optimiser(training)]
    if augmentation := _augmentation(results["settings"]["data"]):
        yield ["augmentation", augmentation]
    yield ["seed", str(training["seed"])]
    yield ["precision", _precision(training)]
    yield ["time", _time(results["training"], environment)]
    versions = ", ".join(f"{package} {environment[package]}" for package in ("torch", "transformers"))
    yield ["versions", f"{versions}, revision {environment['git_revision']}"]


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
    if training["lr_step_epochs"]:
        after = " and ".join(f"{epoch:g}" for epoch in training["lr_step_epochs"])
        return f"×{training['lr_step_factor']:g} after epochs {after}"
    kind = f"{training['lr_scheduler_type'].replace('_', ' ')} schedule"
    return f"{kind} after {training['warmup_steps']:g} steps of warm-up" if training["warmup_steps"] else kind


def _optimiser(training: Mapping[str, Any]) -> str:
    parts = [OPTIMISERS.get(training["optim"], training["optim"])]
    if training["optim_args"]:
        parts.append(training["optim_args"])
    where = " on all parameters" if training["decay_all_parameters"] else ""
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
    return next((text for key, text in half.items() if training[key]), "float32")


def _time(training: Mapping[str, Any], environment: Mapping[str, Any]) -> str:
    seconds = training["train_runtime"]
    time = f"{seconds / 60:.0f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds"
    since = f" since {training['resumed_from']}" if training.get("resumed_from") else ""
    return f"{time}{since} on {environment['device']}, {environment['threads']} threads"
