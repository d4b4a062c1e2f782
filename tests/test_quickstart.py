"""The quickstart as a user runs it, whole: what it prints and what it leaves."""

import json
import sys

import pytest
from scipy.special import softmax
from transformers import AutoModelForImageClassification

import abstain.models  # noqa: F401 - registers the architecture
from abstain import cli, evaluate_logits, read_logits


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["abstain", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code


def test_quickstart_leaves_checkpoints_logits_numbers_and_a_picture(monkeypatch, capsys, tmp_path):
    folder = tmp_path / "results"
    assert run(monkeypatch, "quickstart", "--output-dir", str(folder)) == 0
    printed = capsys.readouterr().out
    assert f"Results are in {folder}" in printed
    assert (folder / "report.md").read_text().split("\n\n")[1] in printed
    assert (folder / "risk_coverage.png").read_bytes().startswith(b"\x89PNG")

    results = json.loads((folder / "results.json").read_text())
    for name in ("ce", "ls"):
        checkpoint = folder / f"digits_{name}"
        model = AutoModelForImageClassification.from_pretrained(checkpoint)
        assert model.config.id2label[9] == "9"
        report = evaluate_logits(
            *read_logits(checkpoint / "logits", "test"), validation=read_logits(checkpoint / "logits", "validation")
        )
        assert report.to_dict() == results["evaluation"]["digits"][name]
        assert report.msp.metrics["risk"] < 0.1, "it has learnt to read digits"
    ce, ls = (read_logits(folder / f"digits_{name}" / "logits", "test")[0] for name in ("ce", "ls"))
    assert softmax(ls, axis=1).max(axis=1).mean() < softmax(ce, axis=1).max(axis=1).mean() - 0.1, "α = 0.2 was used"
    assert results["evaluation"]["CIFAR-10"]["ls"]["n_samples"] == 10_000

    capsys.readouterr()
    assert run(monkeypatch, "quickstart", "--output-dir", str(folder)) == 2
    error = capsys.readouterr().err
    assert error.startswith("error:") and "already holds results" in error and error.count("\n") == 1
