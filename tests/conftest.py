import importlib.util
import os
import sys
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
def load_script(monkeypatch):
    """A training script, imported by its name."""

    def load(name):
        spec = importlib.util.spec_from_file_location(name, ROOT / "training_scripts" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)  # where dataclasses look for the types of their fields
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def main_of(monkeypatch, load_script):
    """Runs the `main` of a training script in this process, which spares a test the seconds of a new one."""

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
        monkeypatch.chdir(ROOT)
        return load_script(name).main()

    return run


@pytest.fixture
def logits_and_labels():
    """300 samples of 5 classes, about a third of them wrong."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 5, size=300)
    logits = generator.normal(size=(300, 5)) + 2.0 * np.eye(5)[labels]
    return logits.astype(np.float32), labels


@pytest.fixture
def modules_cache(tmp_path, monkeypatch):
    """An empty cache of `evaluate`, in which this process registers the metric; nothing of it is left behind."""
    from evaluate import config

    monkeypatch.setattr(config, "HF_MODULES_CACHE", str(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path])  # to which `evaluate` adds the cache
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith(config.MODULE_NAME_FOR_DYNAMIC_MODULES)]:
        del sys.modules[name]
