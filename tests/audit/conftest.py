import numpy as np
import pytest

import abstain


@pytest.fixture(scope="session")
def released():
    """Test logits and labels of a released checkpoint by its name."""
    return lambda name: abstain.read_logits(abstain.released_checkpoint(name) / "logits", "test")


@pytest.fixture
def twelve_classes():
    """400 samples of 12 classes, about a third of them wrong."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 12, size=400)
    logits = random.normal(size=(400, 12)) + 2.5 * random.random((400, 1)) * 2 * np.eye(12)[labels]
    return logits, labels
