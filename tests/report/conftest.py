import pytest


@pytest.fixture
def halves(logits_and_labels):
    """Logits and labels of validation samples, and of as many test samples."""
    logits, labels = logits_and_labels
    return (logits[:150], labels[:150]), (logits[150:], labels[150:])
