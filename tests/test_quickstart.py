"""The quickstart as a user runs it, whole: what it prints and what it leaves."""

import json
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax
from transformers import AutoModel

import abstain.models  # noqa: F401 - registers the architecture
from abstain import SelectiveClassifier, cli, evaluate_logits, read_logits
from abstain.data import load_digits_dataset
from abstain.quickstart import next_steps, train_on_noisy_digits


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["abstain", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """(folder, printed) of one run."""
    folder = tmp_path_factory.mktemp("quickstart") / "results"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as stopped:
        lines = []
        patch.setattr("builtins.print", lambda *words, **_: lines.append(" ".join(map(str, words))))
        patch.setattr("typer.echo", lambda words, **_: lines.append(words))
        patch.setattr(sys, "argv", ["abstain", "quickstart", "--output-dir", str(folder)])
        cli.main()
    assert stopped.value.code == 0
    return folder, "\n".join(lines)


def report_of(folder, name):
    logits = folder / f"noisy_digits_{name}" / "logits"
    return evaluate_logits(*read_logits(logits, "test"), validation=read_logits(logits, "validation"))


def test_quickstart_leaves_checkpoints_logits_numbers_and_a_picture(finished):
    folder, printed = finished
    assert f"Results are in {folder}" in printed
    report = (folder / "report.md").read_text()
    assert report.split("\n\n", 1)[1].rsplit("\n\n", 1)[0].strip() in printed
    assert "Gaussian noise is added here" in report
    assert (folder / "risk_coverage.png").read_bytes().startswith(b"\x89PNG")

    results = json.loads((folder / "results.json").read_text())
    for name in ("ce", "ls"):
        model = AutoModel.from_pretrained(folder / f"noisy_digits_{name}")
        assert model.config.id2label[9] == "9"
        assert report_of(folder, name).to_dict() == results["evaluation"]["noisy digits"][name]
    assert results["evaluation"]["CIFAR-10"]["ls"]["n_samples"] == 10_000


def test_the_models_of_the_quickstart_answer_or_abstain(finished):
    rows = load_digits_dataset(noisy=True, rows=True)["test"]
    classifier = SelectiveClassifier.from_pretrained(finished[0] / "noisy_digits_ls", target_risk=0.2, delta=0.05)
    answers = list(classifier(rows.remove_columns("label")))
    wrong = [
        answer.label != str(label) for answer, label in zip(answers, rows["label"], strict=True) if answer.accepted
    ]
    assert len(wrong) > 400 and np.mean(wrong) < 0.2


def test_quickstart_shows_what_smoothing_does_and_what_repairs_it(finished):
    folder, printed = finished
    plain, smoothed = (report_of(folder, name) for name in ("ce", "ls"))
    for report in (plain, smoothed):
        assert 0.15 < report.msp.metrics["risk"] < 0.28, "the noise hides a fifth, and chance would be 0.9"
    ce, ls = (read_logits(folder / f"noisy_digits_{name}" / "logits", "test")[0] for name in ("ce", "ls"))
    assert np.mean(softmax(ls, axis=1).max(axis=1)) < np.mean(softmax(ce, axis=1).max(axis=1)) - 0.1, "α was used"
    check_effect_and_repair({"ce": plain, "ls": smoothed})
    assert "On noisy digits, label smoothing raises the AURC of MSP" in printed
    for report in (plain, smoothed):
        assert f"{100 * report.msp.metrics['cov@5']:.1f} %" in printed


def check_effect_and_repair(reports):
    plain, smoothed = reports["ce"], reports["ls"]
    assert smoothed.msp.metrics["aurc"] > plain.msp.metrics["aurc"] + 0.003
    assert smoothed.gain().estimate > 0.015 and smoothed.gain().low > 0
    assert smoothed.repaired.metrics["aurc"] < plain.msp.metrics["aurc"]
    assert smoothed.repaired.metrics["cov@5"] > smoothed.msp.metrics["cov@5"] + 0.1


@pytest.mark.release
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_other_seeds_show_the_same(seed, tmp_path):
    check_effect_and_repair(train_on_noisy_digits(tmp_path, seed=seed))


def test_what_to_do_next_can_be_done(finished, monkeypatch, capsys):
    folder, printed = finished
    assert next_steps(folder) in printed
    commands = [shlex.split(line) for line in next_steps(folder).splitlines() if line.startswith("  ")]
    assert [Path(command[0]).name for command in commands] == ["abstain", "abstain"]
    for command in commands:
        assert run(monkeypatch, *command[1:]) == 0
    assert (folder / "report" / "risk_coverage.png").exists()
    printed = capsys.readouterr().out
    assert "the risk on new ones from the same distribution is at most 0.2" in printed and "uncentred p-norm" in printed


def test_results_are_not_overwritten_unasked(finished, monkeypatch, capsys):
    assert run(monkeypatch, "quickstart", "--output-dir", str(finished[0])) == 2
    error = capsys.readouterr().err
    assert error.startswith("error:") and "already holds results" in error and error.count("\n") == 1


def test_the_commands_of_the_readme_run_as_printed(finished, root, tmp_path, monkeypatch, capsys):
    (tmp_path / "quickstart-results").symlink_to(finished[0])
    monkeypatch.chdir(tmp_path)
    text = (root / "README.md").read_text(encoding="utf-8").split("## From the command line")[1]
    into, *commands = (shlex.split(line, comments=True) for line in text.split("```")[1].splitlines()[1:])
    assert into[0] == "cd"
    monkeypatch.chdir(into[1])
    for command in commands:
        assert run(monkeypatch, *command[1:]) == 0
    printed = capsys.readouterr().out
    assert len(commands) == 2 and "p-norm, p = " in printed and "With probability 0.95" in printed
    shutil.rmtree("report")
