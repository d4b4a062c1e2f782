"""The whole path in three minutes, without a network: train twice, measure, repair, and compare with CIFAR-10."""

from __future__ import annotations

from pathlib import Path

from transformers import set_seed

from abstain._files import check_results_folder
from abstain.data.columns import class_names, head_classes
from abstain.data.image_files import ImageFiles
from abstain.data.image_tensors import ImageTensors
from abstain.data.images import ImagePlan, prepare_images
from abstain.data.splits import load_digits_dataset
from abstain.experiments.settings import environment
from abstain.hub.released import released_checkpoint
from abstain.logits.dataset import read_logits
from abstain.models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification
from abstain.report.evaluate import evaluate_logits
from abstain.report.folder import REPORT_FILES, write_report
from abstain.report.selective_report import SelectiveReport, comparison_table
from abstain.report.sentences import describe_smoothing
from abstain.training.arguments import SelectiveTrainingArguments
from abstain.training.trainer import SelectiveTrainer

SMOOTHING = {"ce": 0.0, "ls": 0.2}
"""Name -> label-smoothing factor of the two models of each data set."""
SEED = 0
EPOCHS = 25

Reports = dict[str, SelectiveReport]
Splits = dict[str, ImageTensors | ImageFiles]


def run_quickstart(folder: Path, *, overwrite: bool = False) -> Path:
    """Train a small network on digits with α = 0 and 0.2, evaluate both and the released CIFAR-10 logits.

    Args:
        folder: gets `digits_ce` and `digits_ls` (checkpoints with their logits), `results.json`, `report.md` and
            `risk_coverage.png`.
        overwrite: replace the results that the folder holds.

    Returns:
        The folder.

    Raises:
        InputError: the folder holds results, and `overwrite` is false.
    """
    models = (f"digits_{name}" for name in SMOOTHING)
    folder = check_results_folder(folder, overwrite=overwrite, written=[*REPORT_FILES, *models])
    reports = {"digits": train_on_digits(folder), "CIFAR-10": evaluate_released()}
    table = comparison_table({_title(data, name): report for data in reports for name, report in reports[data].items()})
    sentences = [describe_smoothing(data, pair["ce"], pair["ls"]) for data, pair in reports.items()]
    text = "\n\n".join([table, *sentences])
    print(text)

    panels = {data: {_title("", name): report for name, report in pair.items()} for data, pair in reports.items()}
    evaluations = {data: {name: report.to_dict() for name, report in pair.items()} for data, pair in reports.items()}
    results = {"environment": environment(), "evaluation": evaluations}
    write_report(folder, title="Quickstart", text=text, panels=panels, results=results)
    return folder


def train_on_digits(folder: Path) -> Reports:
    """The two models of scikit-learn's digits, trained alike but for α, saved below `folder`."""
    data = load_digits_dataset()
    splits = prepare_images(data, ImagePlan())
    names = class_names(data["train"], "label")
    return {name: _train(folder / f"digits_{name}", smoothing, splits, names) for name, smoothing in SMOOTHING.items()}


def _train(folder: Path, smoothing: float, splits: Splits, names: list[str]) -> SelectiveReport:
    print(f"Training on digits with label_smoothing_factor={smoothing:g} …")
    set_seed(SEED)
    config = CifarResNetConfig(depth=8, **head_classes(names))
    args = SelectiveTrainingArguments(
        output_dir=str(folder),
        label_smoothing_factor=smoothing,
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=32,
        per_device_eval_batch_size=256,
        optim="sgd",
        optim_args="momentum=0.9",
        learning_rate=0.05,
        weight_decay=5e-4,
        decay_all_parameters=True,
        lr_scheduler_type="cosine",
        seed=SEED,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
    )
    trainer = SelectiveTrainer(CifarResNetForImageClassification(config), args, train_dataset=splits["train"])
    trainer.train()
    logits = trainer.save_with_logits({name: splits[name] for name in ("validation", "test")})
    splits["train"].image_processor().save_pretrained(folder)
    return evaluate_logits(*logits["test"], validation=logits["validation"])


def evaluate_released() -> Reports:
    """The two ResNet-20 of CIFAR-10 that come with the package, from their logits."""
    reports = {}
    for name in SMOOTHING:
        folder = released_checkpoint(f"resnet20_cifar10_{name}") / "logits"
        reports[name] = evaluate_logits(*read_logits(folder, "test"), validation=read_logits(folder, "validation"))
    return reports


def _title(data: str, name: str) -> str:
    return f"{data}, α = {SMOOTHING[name]:g}".removeprefix(", ")
