"""Train a small network with each recipe on samples of `known_conditional.py`, and keep its logits of the test points.

`python docs/mechanism_runs.py FOLDER` trains what the folder lacks, in some seconds on one processor each.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from known_conditional import CLASSES, FEATURES, mixture
from numpy.typing import NDArray
from transformers import set_seed

from abstain import SelectiveTrainer, SelectiveTrainingArguments
from abstain._files import whole_file
from abstain.data.tensor_rows import TensorRows
from abstain.models.tabular_mlp import TabularMLPConfig, TabularMLPForClassification

PLAIN = "CE"
RECIPES: dict[str, dict[str, float]] = {
    PLAIN: {},
    "LS 0.1": {"label_smoothing_factor": 0.1},
    "LS 0.2": {"label_smoothing_factor": 0.2},
    "LS 0.4": {"label_smoothing_factor": 0.4},
    "MaxSup 0.2": {"max_suppression_factor": 0.2},
    "MaxSup 0.4": {"max_suppression_factor": 0.4},
    "mixup 0.2": {"mixup_alpha": 0.2},
    "focal 2": {"focal_gamma": 2},
    "LogitNorm 0.04": {"logit_norm_temperature": 0.04},
    "EMA 0.99": {"ema_decay": 0.99},
    "SAM 0.1": {"sam_rho": 0.1},
    "LS 0.2 + mixup 0.2": {"label_smoothing_factor": 0.2, "mixup_alpha": 0.2},
    "LS 0.2 + SAM 0.1": {"label_smoothing_factor": 0.2, "sam_rho": 0.1},
}
SEEDS = 6
"""Each has training samples of its own, and weights to begin with, alike for all recipes."""
OFTEN, ONCE = "often", "once"
TRAIN_SIZE = {OFTEN: 2500, ONCE: 62_500}
EPOCHS = {OFTEN: 25, ONCE: 1}
"""Samples that are seen so often that their labels are learnt, or as many that are new each time."""
RECIPES_OF = {OFTEN: list(RECIPES), ONCE: [PLAIN, "LS 0.2", "LS 0.4", "MaxSup 0.2", "MaxSup 0.4"]}
TEST_SIZE = 20_000
TEST_STREAM = 1_000_000
"""Seeds the test points, which all runs share."""
TRAINING: dict[str, Any] = {
    "per_device_train_batch_size": 100,
    "optim": "sgd",
    "optim_args": "momentum=0.9",
    "learning_rate": 0.1,
    "lr_scheduler_type": "cosine",
    "save_strategy": "no",
    "logging_strategy": "no",
    "report_to": "none",
    "disable_tqdm": True,
}


@dataclass(frozen=True, eq=False)
class Points:
    """Test points, all that is known of them.

    Attributes:
        features: (N, F).
        labels: (N,) drawn from the conditional.
        conditional: (N, K).
    """

    features: NDArray[np.float64]
    labels: NDArray[np.int64]
    conditional: NDArray[np.float64]


def main() -> None:
    """Train what the folder lacks, all recipes of a seed before those of the next."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    points = test_points()
    for seen, seed in product(RECIPES_OF, range(SEEDS)):
        for recipe in RECIPES_OF[seen]:
            if not (path := logits_file(folder, recipe, seed, seen)).exists():
                logits = trained_logits(points, seed, RECIPES[recipe], seen)
                with whole_file(path) as partial, partial.open("wb") as file:
                    np.save(file, logits)


def logits_file(folder: Path, recipe: str, seed: int, seen: str) -> Path:
    """Where the test logits of a run are kept."""
    return folder / f"{seen} {recipe} s{seed}.npy"


def read_runs(folder: Path, seen: str = OFTEN) -> dict[str, list[NDArray[np.float32]]]:
    """Recipe -> the logits (N, K) of its runs, in the order of their seeds."""
    names = RECIPES_OF[seen]
    return {name: [np.load(logits_file(folder, name, seed, seen)) for seed in range(SEEDS)] for name in names}


def test_points(n: int = TEST_SIZE) -> Points:
    """Those that all runs share."""
    features, labels = mixture().draw(np.random.default_rng(TEST_STREAM), n)
    return Points(features, labels, mixture().conditional(features))


def trained_logits(
    points: Points, seed: int, changes: Mapping[str, float], seen: str = OFTEN, n_train: int | None = None
) -> NDArray[np.float32]:
    """Logits (N, K) of the test points, of a network that was trained with these arguments."""
    set_seed(seed)
    config = TabularMLPConfig(num_features=FEATURES)
    config.num_labels = CLASSES
    model = TabularMLPForClassification(config)
    features, labels = mixture().draw(np.random.default_rng(seed), n_train or TRAIN_SIZE[seen])
    rows = TensorRows({"features": torch.from_numpy(features).float()}, torch.from_numpy(labels))
    with tempfile.TemporaryDirectory() as folder:
        options = TRAINING | {"num_train_epochs": EPOCHS[seen], **changes}
        args = SelectiveTrainingArguments(output_dir=folder, seed=seed, **options)
        trainer = SelectiveTrainer(model, args, train_dataset=rows)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pinned memory, where there is no accelerator
            trainer.train()
    with torch.no_grad():
        return model.eval()(torch.from_numpy(points.features).float()).logits.numpy()


if __name__ == "__main__":
    main()
