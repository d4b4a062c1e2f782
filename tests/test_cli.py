import json
import subprocess
import sys

import pytest
from transformers import AutoModelForImageClassification

import abstain.models  # noqa: F401
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
    assert results["evaluation"]["CIFAR-10"]["ls"]["n_samples"] == 10_000

    capsys.readouterr()
    assert run(monkeypatch, "quickstart", "--output-dir", str(folder)) == 2
    error = capsys.readouterr().err
    assert error.startswith("error:") and "already holds results" in error and error.count("\n") == 1


def test_a_taken_default_folder_gets_a_number(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli._free_folder().name == "quickstart-results"
    (tmp_path / "quickstart-results").mkdir()
    (tmp_path / "quickstart-results-2").mkdir()
    assert cli._free_folder().name == "quickstart-results-3"


def test_help_teaches_and_does_not_wait_for_torch():
    program = "import sys; from abstain.cli import app; app(standalone_mode=False); sys.exit('torch' in sys.modules)"
    command = [sys.executable, "-c", program, "quickstart", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True)
    assert shown.returncode == 0 and "label smoothing" in shown.stdout and "--output-dir" in shown.stdout


def test_version(monkeypatch, capsys):
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out.strip() == "0.1.0"
