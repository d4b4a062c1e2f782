"""Train models of fewer and of more than ten classes, on which `diagnosis.py` tries the diagnosis.

    python docs/other_classes.py OUTPUT_DIR

It makes four data sets of scikit-learn's digits, with noise added to half of them as in `noisy_digits`: three and five
of the digits, thirty classes (each digit in three kinds, by k-means of the clean image), and a hundred (two digits side
by side). Every training starts from `training_scripts/recipes/mlp_noisy_digits.yaml`; what is done already is left.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pages import ROOT

from abstain._files import RESULTS_FILE

Array = NDArray[np.float64]
Split = tuple[Array, NDArray[np.int64]]

TRAININGS = {
    "ce": [],
    "wd0.05": ["--weight_decay", "0.05"],
    "wd0.1": ["--weight_decay", "0.1"],
    "ls0.1": ["--label_smoothing_factor", "0.1"],
    "ls0.2": ["--label_smoothing_factor", "0.2"],
    "maxsup0.2": ["--max_suppression_factor", "0.2"],
}
SEEDS = {"digits3": 2, "digits5": 2, "digits30": 2, "pairs100": 1}
EPOCHS_OF_PAIRS = 12  # of ten times the rows
FEW = {"digits3": [3, 8, 9], "digits5": [1, 3, 5, 8, 9]}


def main() -> None:
    """Make the data, and train what is not there yet."""
    folder = Path(sys.argv[1]).resolve()
    for name, splits in data_sets():
        write_splits(folder / "data" / name, splits)
        for seed in range(SEEDS[name]):
            for trained, options in TRAININGS.items():
                output = folder / "runs" / f"mlp_{name}_{trained}_s{seed}"
                if not (output / RESULTS_FILE).exists():
                    train(folder / "data" / name, output, [*options, "--seed", str(seed)])


def train(data: Path, output: Path, options: list[str]) -> None:
    """One run; what it prints is shown."""
    epochs = ["--num_train_epochs", str(EPOCHS_OF_PAIRS)] if data.name == "pairs100" else []
    command = ["train_tabular_classification.py", "recipes/mlp_noisy_digits.yaml", "--dataset_name", str(data)]
    command += ["--output_dir", str(output), *epochs, *options]
    subprocess.run([sys.executable, *command], cwd=ROOT / "training_scripts", check=True)


def data_sets() -> Iterator[tuple[str, dict[str, Split]]]:
    """Name -> its splits."""
    random = np.random.default_rng(0)
    rows, clean, digit = noisy_digits(random)
    for name, some in FEW.items():
        chosen = np.isin(digit, some)
        yield name, cut(rows[chosen], digit[chosen])
    yield "pairs100", pairs(random, rows, digit)
    kinds = three_kinds(clean, digit)
    yield "digits30", {part: (rows[some], kinds[some]) for part, some in _ends(800, 1000).items()}


def noisy_digits(random: np.random.Generator) -> tuple[Array, Array, NDArray[np.int64]]:
    """Rows of pixels, the same without noise, and the digits, in a random order."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    clean = digits.images.reshape(-1, 64) / 16
    noise = 0.6 * random.normal(size=clean.shape)
    rows = clean + noise * (random.random((len(clean), 1)) < 0.5)
    order = random.permutation(len(clean))
    return rows[order], clean[order], digits.target[order]


def cut(rows: Array, labels: NDArray[np.int64]) -> dict[str, Split]:
    """A third to train on, a third of the rest for validation."""
    third = len(labels) // 3
    return {part: (rows[some], labels[some]) for part, some in _ends(third, third + third // 3).items()}


def _ends(train: int, validation: int) -> dict[str, slice]:
    return {"train": slice(train), "validation": slice(train, validation), "test": slice(validation, None)}


def pairs(random: np.random.Generator, rows: Array, digit: NDArray[np.int64]) -> dict[str, Split]:
    """Two images side by side; no image is in two splits."""
    found = {}
    for part, low, high, n in (("train", 0, 900, 8000), ("validation", 900, 1100, 1000), ("test", 1100, 1797, 4000)):
        first, second = random.integers(low, high, n), random.integers(low, high, n)
        found[part] = np.hstack([rows[first], rows[second]]), 10 * digit[first] + digit[second]
    return found


def three_kinds(clean: Array, digit: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) in [0, 30): the digit, and which kind of it."""
    from sklearn.cluster import KMeans

    kinds = np.zeros(len(digit), dtype=np.int64)
    for one in range(10):
        (those,) = np.where(digit == one)
        kinds[those] = 3 * one + KMeans(3, n_init=10, random_state=0).fit_predict(clean[those])
    return kinds


def write_splits(folder: Path, splits: dict[str, Split]) -> None:
    """A CSV file a split."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, (rows, labels) in splits.items():
        table = pd.DataFrame(np.round(rows, 4), columns=[f"p{place}" for place in range(rows.shape[1])])
        table["label"] = [f"c{label:03d}" for label in labels]
        table.to_csv(folder / f"{part}.csv", index=False)


if __name__ == "__main__":
    main()
