import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test may need a network

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def cifar10_folder():
    folder = SHARED_DATA / "cifar10"
    if not folder.is_dir():
        pytest.skip("needs the CIFAR-10 Parquet files in ../shared/data/cifar10, which are not part of the project")
    return folder


@pytest.fixture(scope="session")
def shared_data():
    """The folder of one real data set by its name, or a skipped test."""

    def folder_of(name):
        folder = SHARED_DATA / name
        if not folder.is_dir():
            pytest.skip(f"needs ../shared/data/{name}, which is not part of the project")
        return folder

    return folder_of


@pytest.fixture
def logits_and_labels():
    """300 samples of 5 classes, about a third of them wrong."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 5, size=300)
    logits = generator.normal(size=(300, 5)) + 2.0 * np.eye(5)[labels]
    return logits.astype(np.float32), labels
