import sys

import pytest

import abstain.models  # noqa: F401
from abstain import cli, write_logits


@pytest.fixture
def run(monkeypatch):
    """Run `abstain` with these arguments in this process, and give its exit status."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["abstain", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return stopped.value.code

    return run


@pytest.fixture
def logits_files(tmp_path, logits_and_labels):
    """(test, validation): 150 samples of five classes each, in Parquet."""
    logits, labels = logits_and_labels
    for name, part in (("test", slice(150)), ("validation", slice(150, None))):
        write_logits(tmp_path, name, logits[part], labels[part])
    return tmp_path / "test.parquet", tmp_path / "validation.parquet"
