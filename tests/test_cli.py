import json
import subprocess
import sys
import tomllib

import numpy as np
import pytest

import abstain.models  # noqa: F401
from abstain import cli, evaluate_logits, read_logits, write_logits


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["abstain", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code


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


def test_version(root, monkeypatch, capsys):
    assert run(monkeypatch, "--version") == 0
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert capsys.readouterr().out.strip() == project["version"]


@pytest.fixture
def logits_files(tmp_path, logits_and_labels):
    logits, labels = logits_and_labels
    for name, part in (("test", slice(150)), ("validation", slice(150, None))):
        write_logits(tmp_path, name, logits[part], labels[part])
    return tmp_path / "test.parquet", tmp_path / "validation.parquet"


def test_evaluate_prints_a_table_and_leaves_it_with_a_picture(monkeypatch, capsys, tmp_path, logits_files):
    test, validation = map(str, logits_files)
    folder = tmp_path / "out"
    assert run(monkeypatch, "evaluate", test, "--validation", validation, "--output-dir", str(folder)) == 0
    printed = capsys.readouterr().out
    report = evaluate_logits(*read_logits(tmp_path, "test"), validation=read_logits(tmp_path, "validation"))
    assert printed.startswith(report.to_markdown()) and report.logit_norm.reason in printed
    assert {path.name for path in folder.iterdir()} == {"results.json", "report.md", "risk_coverage.png"}
    assert json.loads((folder / "results.json").read_text()) == report.to_dict()
    assert report.to_markdown() in (folder / "report.md").read_text()

    assert run(monkeypatch, "evaluate", test, "--output-dir", str(folder)) == 2
    assert (
        "already holds results (results.json): give another folder, or --overwrite_output_dir"
        in capsys.readouterr().err
    )
    assert run(monkeypatch, "evaluate", test, "--output-dir", str(folder), "--overwrite_output_dir") == 0


def test_evaluate_prints_json_and_nothing_else(monkeypatch, capsys, logits_files):
    assert run(monkeypatch, "evaluate", str(logits_files[0]), "--json", "--target-risk", "0.2") == 0
    assert "cov@20" in json.loads(capsys.readouterr().out)["scores"]["msp"]


def test_pixels_of_one_image_are_not_taken_for_independent(monkeypatch, capsys, tmp_path, logits_and_labels):
    logits, labels = logits_and_labels
    path = str(write_logits(tmp_path, "pixels", logits, labels, sample=np.arange(300) // 30))
    assert run(monkeypatch, "evaluate", path) == 0
    assert "Pixels of one image depend on each other, so the intervals are too narrow." in capsys.readouterr().out
    assert run(monkeypatch, "evaluate", path, "--json") == 0
    assert "independent" in json.loads(capsys.readouterr().out)["intervals"]
    assert run(monkeypatch, "threshold", path, "--target-risk", "0.4") == 0
    capsys.readouterr()
    assert run(monkeypatch, "threshold", path, "--target-risk", "0.4", "--delta", "0.05") == 2
    assert "pixels of one image are not independent, so no guarantee holds" in capsys.readouterr().err


def test_threshold_says_what_to_accept_and_what_is_guaranteed(monkeypatch, capsys, logits_files):
    command = ["threshold", str(logits_files[0]), "--target-risk", "0.4"]
    assert run(monkeypatch, *command, "--delta", "0.05") == 0
    printed = capsys.readouterr().out
    assert "Accept where msp >= " in printed and "With probability 0.95" in printed and "under a shift" in printed
    assert run(monkeypatch, *command, "--score", "max_logit_pnorm", "--p", "2", "--json") == 0
    point = json.loads(capsys.readouterr().out)
    assert point["guaranteed"] is False and point["risk"] <= 0.4
    assert run(monkeypatch, *command) == 0
    assert "There is no guarantee" in capsys.readouterr().out


def test_no_threshold_is_one_line_and_its_own_exit_status(monkeypatch, capsys, logits_files):
    assert run(monkeypatch, "threshold", str(logits_files[0]), "--target-risk", "0.001", "--delta", "0.05") == 1
    error = capsys.readouterr().err
    used, sentence = error.splitlines()
    assert "5 logits: logits; labels: label" in used and "no threshold on 150 samples is sure" in sentence


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "nowhere.parquet"], "the file 'nowhere.parquet' does not exist"),
        (["threshold", "TEST", "--target-risk", "5"], "target_risk is 5, but must be a fraction in (0, 1)"),
        (["threshold", "TEST", "--target-risk", "0.1", "--score", "mps"], "unknown score 'mps': did you mean 'msp'?"),
        (["threshold", "TEST", "--target-risk", "0.1", "--score", "max_logit_pnorm"], "max_logit_pnorm needs a p"),
        (["threshold", "TEST", "--target-risk", "0.1", "--p", "2"], "no other score takes one"),
    ],
)
def test_mistakes_are_one_line(monkeypatch, capsys, logits_files, arguments, message):
    arguments = [str(logits_files[0]) if argument == "TEST" else argument for argument in arguments]
    assert run(monkeypatch, *arguments) == 2
    *used, sentence = capsys.readouterr().err.splitlines()
    assert message in sentence and all("logits: " in line for line in used)


def test_what_is_read_is_said_before_anything_is_computed(monkeypatch, capsys, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("id,logit_1,logit_0,label,kind\n7,0.5,2,0,a\n8,2,1,1,b\n9,1,2,1,c\n")
    assert run(monkeypatch, "evaluate", str(path), "--json") == 0
    shown = capsys.readouterr()
    assert shown.err == f"{path}: 2 logits: logit_0, logit_1; labels: label; not used: id, kind\n"
    assert json.loads(shown.out)["scores"]["msp"]["risk"] == pytest.approx(1 / 3)


def test_columns_axes_and_ignored_labels_are_options(monkeypatch, capsys, tmp_path):
    frame = "a,b,c,label,target\n1,3,9,0,1\n2,1,9,0,-1\n0,4,9,1,1\n"
    (tmp_path / "mine.csv").write_text(frame)
    options = ["--logit-columns", "a,b", "--label-column", "target", "--ignore-index", "-1", "--input", "logits"]
    assert run(monkeypatch, "evaluate", str(tmp_path / "mine.csv"), *options, "--json") == 0
    results = json.loads(capsys.readouterr().out)
    assert (results["n_samples"], results["n_errors"], results["n_logits"]) == (2, 0, 2)
    np.savez(tmp_path / "tokens.npz", logits=np.arange(12.0).reshape(3, 2, 2), labels=np.ones((3, 2), int))
    assert run(monkeypatch, "evaluate", str(tmp_path / "tokens.npz")) == 2
    assert "class_axis" in capsys.readouterr().err
    assert run(monkeypatch, "evaluate", str(tmp_path / "tokens.npz"), "--class-axis", "-1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["n_samples"] == 6


def test_validation_samples_are_others(monkeypatch, capsys, logits_files, tmp_path):
    test, validation = map(str, logits_files)
    assert run(monkeypatch, "evaluate", test, "--validation-fraction", "0.4", "--seed", "3", "--json") == 0
    held_out = json.loads(capsys.readouterr().out)
    assert held_out["n_samples"] == 90 and "max_logit_pnorm" in held_out["fits"]
    assert (
        run(monkeypatch, "evaluate", str(tmp_path), "--split", "test", "--validation-split", "validation", "--json")
        == 0
    )
    of_splits = json.loads(capsys.readouterr().out)
    assert run(monkeypatch, "evaluate", test, "--validation", validation, "--json") == 0
    assert json.loads(capsys.readouterr().out) == of_splits
    for options in (["--validation", test], ["--validation", str(tmp_path / "copy.parquet")]):
        (tmp_path / "copy.parquet").write_bytes(logits_files[0].read_bytes())
        assert run(monkeypatch, "evaluate", test, *options) == 2
        assert "the validation samples are the test samples" in capsys.readouterr().err
    assert run(monkeypatch, "evaluate", test, "--validation-labels", "labels.npy") == 2
    assert "--validation-labels are given without --validation" in capsys.readouterr().err


def test_probabilities_are_measured_as_they_are_stored(monkeypatch, capsys, tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("label,probability\n0,0.1\n1,0.75\n1,0.25\n1,1.0\n")
    assert run(monkeypatch, "evaluate", str(path), "--json") == 0
    results = json.loads(capsys.readouterr().out)
    assert results["input"] == "one probability" and results["n_errors"] == 1
    expected = -np.log([0.9, 0.75, 0.25, 1.0]).mean()
    assert results["scores"]["msp"]["nll"] == pytest.approx(expected)
    assert run(monkeypatch, "threshold", str(path), "--target-risk", "0.01", "--json") == 0
    point = json.loads(capsys.readouterr().out)
    assert point["coverage"] == 0.5 and point["threshold"] == pytest.approx(np.log(9))
    assert run(monkeypatch, "threshold", str(path), "--target-risk", "0.01", "--score", "energy") == 2
    assert "shift" in capsys.readouterr().err
    options = ["--score", "max_logit_pnorm", "--p", "2", "--no-center"]
    assert run(monkeypatch, "threshold", str(path), "--target-risk", "0.01", *options) == 2
    assert "--no-center needs logits" in capsys.readouterr().err


def test_a_confidence_is_measured_as_it_is_given(monkeypatch, capsys, tmp_path):
    path, folder = tmp_path / "c.csv", tmp_path / "out"
    path.write_text("correct,confidence\n1,0.9\n0,0.5\n1,0.75\n1,0.5\n")
    assert run(monkeypatch, "evaluate", str(path), "--output-dir", str(folder)) == 0
    assert "confidence as given" in capsys.readouterr().out
    results = json.loads((folder / "results.json").read_text())
    assert results["scores"]["confidence"]["risk"] == 0.25 and results["input"] == "confidence"
    assert run(monkeypatch, "threshold", str(path), "--target-risk", "0.01") == 0
    assert "Accept where confidence >= 0.75" in capsys.readouterr().out
    assert run(monkeypatch, "threshold", str(path), "--target-risk", "0.01", "--score", "energy") == 2
    assert "a confidence is given: leave out --score" in capsys.readouterr().err


def test_names_of_options_have_dashes_or_underscores(monkeypatch, capsys, tmp_path, logits_files):
    for number, (name, overwrite) in enumerate([("--output_dir", "--overwrite-output-dir"), ("--output-dir", "")]):
        folder = str(tmp_path / str(number))
        given = [argument for argument in ("--target_risk", "0.2", name, folder, overwrite) if argument]
        assert run(monkeypatch, "evaluate", str(logits_files[0]), *given) == 0
        assert (tmp_path / str(number) / "results.json").is_file()
    assert run(monkeypatch, "threshold", "-h") == 0
    assert "--target-risk" in capsys.readouterr().out
