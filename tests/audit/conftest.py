import numpy as np
import pytest

import abstain
from abstain.audit import audit_predictions


@pytest.fixture(scope="session")
def released():
    """Test logits and labels of a released checkpoint by its name."""
    return lambda name: abstain.read_logits(abstain.released_checkpoint(name) / "logits", "test")


@pytest.fixture(scope="session")
def found():
    """An audit of 600 samples of four classes, with 400 others to fit on; no test changes it."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 1000)
    logits = rng.normal(size=(1000, 4))
    logits[np.arange(1000), labels] += rng.gamma(2.0, 1.5, 1000)
    parts = (slice(600), slice(600, None))
    return audit_predictions(
        *(abstain.read_predictions({"logits": logits[part], "label": labels[part]}) for part in parts)
    )


@pytest.fixture
def twelve_classes():
    """400 samples of 12 classes, about a third of them wrong."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 12, size=400)
    logits = random.normal(size=(400, 12)) + 2.5 * random.random((400, 1)) * 2 * np.eye(12)[labels]
    return logits, labels
