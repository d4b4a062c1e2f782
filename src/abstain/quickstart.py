"""The whole path in a minute, without a network: train twice, measure, repair, and compare with CIFAR-10."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers import set_seed

from abstain._files import check_results_folder
from abstain.data.columns import head_classes
from abstain.data.digits import load_digits_dataset
from abstain.data.tables import TableEncoder
from abstain.data.tensor_rows import TensorRows
from abstain.experiments.settings import environment
from abstain.hub.released import released_checkpoint
from abstain.logits.dataset import read_logits
from abstain.models.tabular_mlp import TabularMLPConfig, TabularMLPForClassification
from abstain.report.evaluate import evaluate_logits
from abstain.report.folder import REPORT_FILES, write_report
from abstain.report.selective_report import SelectiveReport, comparison_table
from abstain.report.sentences import describe_coverage, describe_smoothing
from abstain.training.arguments import SelectiveTrainingArguments
from abstain.training.trainer import SelectiveTrainer

DIGITS, CIFAR = "noisy digits", "CIFAR-10"
SMOOTHING = {DIGITS: {"ce": 0.0, "ls": 0.4}, CIFAR: {"ce": 0.0, "ls": 0.2}}
"""Label-smoothing factors of the two models of each data set."""
SEED = 0
"""Not chosen, unlike the noise, the network and α, which are to show the effect: smoothing raises the AURC and logit
normalisation lowers it with other seeds too (`tests/test_quickstart.py`)."""
EPOCHS, WEIGHT_DECAY = 60, 0.01
GUARANTEED_RISK = 0.2
"""What the 300 validation images can guarantee of a model that errs on a fifth of them."""
WHAT_IS_TRAINED = """\
Noisy digits are scikit-learn's 8×8 handwritten digits, to half of which Gaussian noise is added here (see
`abstain.data.load_digits_dataset`). Two perceptrons are trained on 700 of them, alike but for the label-smoothing
factor α, and tested on 797 others; the setting was chosen to show the effect on these digits. CIFAR-10 is two ResNet-20
that come with the package."""

Reports = dict[str, SelectiveReport]


def run_quickstart(folder: str | Path, *, overwrite: bool = False) -> Path:
    """Train a small network on noisy digits with α = 0 and 0.4, evaluate both and the released CIFAR-10 logits.

    Args:
        folder: gets `noisy_digits_ce` and `noisy_digits_ls` (checkpoints with their logits), `results.json`,
            `report.md` and `risk_coverage.png`.
        overwrite: replace the results that the folder holds.

    Returns:
        The folder.

    Raises:
        InputError: the folder holds results, and `overwrite` is false.
    """
    models = (_model_folder(name) for name in SMOOTHING[DIGITS])
    folder = check_results_folder(folder, overwrite=overwrite, written=[*REPORT_FILES, *models])
    reports = {DIGITS: train_on_noisy_digits(folder), CIFAR: evaluate_released()}
    table = comparison_table({_title(data, name): report for data in reports for name, report in reports[data].items()})
    sentences = [
        describe(data, pair["ce"], pair["ls"])
        for data, pair in reports.items()
        for describe in (describe_smoothing, describe_coverage)
    ]
    text = "\n\n".join([WHAT_IS_TRAINED, table, *sentences])
    print(text)

    panels = {
        data: {f"α = {SMOOTHING[data][name]:g}": report for name, report in pair.items()}
        for data, pair in reports.items()
    }
    evaluations = {data: {name: report.to_dict() for name, report in pair.items()} for data, pair in reports.items()}
    results = {"environment": environment(), "evaluation": evaluations}
    write_report(folder, title="Quickstart", text=text, panels=panels, results=results)
    return folder


def train_on_noisy_digits(folder: Path, *, seed: int = SEED) -> Reports:
    """The two models of the digits with noise, trained alike but for α, saved below `folder`."""
    data = load_digits_dataset(noisy=True, rows=True)
    encoder = TableEncoder.fit(data["train"], "label")
    splits = {name: encoder.encode(rows) for name, rows in data.items()}
    with _one_thread():
        return {
            name: _train(folder / _model_folder(name), smoothing, splits, encoder, seed)
            for name, smoothing in SMOOTHING[DIGITS].items()
        }


@contextmanager
def _one_thread() -> Iterator[None]:
    """Several would wait for each other in so small a network, on busy processors for minutes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _model_folder(name: str) -> str:
    return f"noisy_digits_{name}"


def _train(
    folder: Path, smoothing: float, splits: dict[str, TensorRows], encoder: TableEncoder, seed: int
) -> SelectiveReport:
    print(f"Training on noisy digits with label_smoothing_factor={smoothing:g} …")
    set_seed(seed)
    args = SelectiveTrainingArguments(
        output_dir=str(folder),
        label_smoothing_factor=smoothing,
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=32,
        per_device_eval_batch_size=256,
        optim="sgd",
        optim_args="momentum=0.9",
        learning_rate=0.05,
        weight_decay=WEIGHT_DECAY,
        decay_all_parameters=True,
        lr_scheduler_type="cosine",
        seed=seed,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
    )
    model = TabularMLPForClassification(
        TabularMLPConfig(num_features=encoder.num_features, **head_classes(encoder.classes))
    )
    trainer = SelectiveTrainer(model, args, train_dataset=splits["train"])
    trainer.train()
    logits = trainer.save_with_logits({name: splits[name] for name in ("validation", "test")})
    encoder.save_pretrained(folder)
    return evaluate_logits(*logits["test"], validation=logits["validation"], input="logits")


def evaluate_released() -> Reports:
    """The two ResNet-20 of CIFAR-10 that come with the package, from their logits."""
    reports = {}
    for name in SMOOTHING[CIFAR]:
        folder = released_checkpoint(f"resnet20_cifar10_{name}") / "logits"
        reports[name] = evaluate_logits(*read_logits(folder, "test"), validation=read_logits(folder, "validation"))
    return reports


def _title(data: str, name: str) -> str:
    return f"{data}, α = {SMOOTHING[data][name]:g}"


def next_steps(folder: Path) -> str:
    """What to try next: commands on the files that `run_quickstart` has left in `folder`."""
    logits = folder / _model_folder("ls") / "logits"
    abstain, test, validation = _abstain(), logits / "test.parquet", logits / "validation.parquet"
    return f"""\
What next? The same measurements of one model, with its curve:
  {abstain} evaluate {test} --validation {validation} --output-dir {folder / "report"}
A threshold with which at most {100 * GUARANTEED_RISK:g} % of new answers are wrong, with a probability of 95 %:
  {abstain} threshold {validation} --target-risk {GUARANTEED_RISK:g} --delta 0.05
Both take a file of your own logits and labels in place of these: {abstain} evaluate --help"""


def _abstain() -> str:
    """How the reader can call `abstain` from here: by its name, or by its place beside this Python."""
    path = Path(sys.executable).with_name("abstain")
    if shutil.which("abstain") == str(path):
        return "abstain"
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
