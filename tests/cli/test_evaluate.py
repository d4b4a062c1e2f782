import json

import numpy as np
import pytest

from abstain import evaluate_logits, read_logits, write_logits


def test_evaluate_prints_a_table_and_leaves_it_with_a_picture(run, capsys, tmp_path, logits_files):
    test, validation = map(str, logits_files)
    folder = tmp_path / "out"
    assert run("evaluate", test, "--validation", validation, "--output-dir", str(folder)) == 0
    printed = capsys.readouterr().out
    report = evaluate_logits(*read_logits(tmp_path, "test"), validation=read_logits(tmp_path, "validation"))
    assert printed.startswith(report.to_markdown()) and report.logit_norm.reason in printed
    assert {path.name for path in folder.iterdir()} == {"results.json", "report.md", "risk_coverage.png"}
    assert json.loads((folder / "results.json").read_text()) == report.to_dict()
    assert report.to_markdown() in (folder / "report.md").read_text()

    assert run("evaluate", test, "--output-dir", str(folder)) == 2
    assert (
        "already holds results (results.json): give another folder, or --overwrite_output_dir"
        in capsys.readouterr().err
    )
    assert run("evaluate", test, "--output-dir", str(folder), "--overwrite_output_dir") == 0


def test_evaluate_prints_json_and_nothing_else(run, capsys, logits_files):
    assert run("evaluate", str(logits_files[0]), "--json", "--target-risk", "0.2") == 0
    assert "cov@20" in json.loads(capsys.readouterr().out)["scores"]["msp"]


def test_pixels_of_one_image_are_not_taken_for_independent(run, capsys, tmp_path, logits_and_labels):
    logits, labels = logits_and_labels
    path = str(write_logits(tmp_path, "pixels", logits, labels, sample=np.arange(300) // 30))
    assert run("evaluate", path) == 0
    assert "Pixels of one image depend on each other, so the intervals are too narrow." in capsys.readouterr().out
    assert run("evaluate", path, "--json") == 0
    assert "independent" in json.loads(capsys.readouterr().out)["intervals"]
    assert run("threshold", path, "--target-risk", "0.4") == 0
    capsys.readouterr()
    assert run("threshold", path, "--target-risk", "0.4", "--delta", "0.05") == 2
    assert "pixels of one image are not independent, so no guarantee holds" in capsys.readouterr().err


def test_validation_samples_are_others(run, capsys, logits_files, tmp_path):
    test, validation = map(str, logits_files)
    assert run("evaluate", test, "--validation-fraction", "0.4", "--seed", "3", "--json") == 0
    held_out = json.loads(capsys.readouterr().out)
    assert held_out["n_samples"] == 90 and "max_logit_pnorm" in held_out["fits"]
    assert run("evaluate", str(tmp_path), "--split", "test", "--validation-split", "validation", "--json") == 0
    of_splits = json.loads(capsys.readouterr().out)
    assert run("evaluate", test, "--validation", validation, "--json") == 0
    assert json.loads(capsys.readouterr().out) == of_splits
    (tmp_path / "copy.parquet").write_bytes(logits_files[0].read_bytes())
    for name, status in ((test, 2), (str(tmp_path / "copy.parquet"), 1)):
        assert run("evaluate", test, "--validation", name) == status
        assert "the validation samples are the test samples" in capsys.readouterr().err
    assert run("evaluate", test, "--validation-labels", "labels.npy") == 2
    assert "--validation-labels are given without --validation" in capsys.readouterr().err


def test_probabilities_are_measured_as_they_are_stored(run, capsys, tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("label,probability\n0,0.1\n1,0.75\n1,0.25\n1,1.0\n")
    assert run("evaluate", str(path), "--json") == 0
    results = json.loads(capsys.readouterr().out)
    assert results["input"] == "one probability" and results["n_errors"] == 1
    expected = -np.log([0.9, 0.75, 0.25, 1.0]).mean()
    assert results["scores"]["msp"]["nll"] == pytest.approx(expected)
    assert run("threshold", str(path), "--target-risk", "0.01", "--json") == 0
    point = json.loads(capsys.readouterr().out)
    assert point["coverage"] == 0.5 and point["threshold"] == pytest.approx(np.log(9))
    assert run("threshold", str(path), "--target-risk", "0.01", "--score", "energy") == 2
    assert "shift" in capsys.readouterr().err
    options = ["--score", "max_logit_pnorm", "--p", "2", "--no-center"]
    assert run("threshold", str(path), "--target-risk", "0.01", *options) == 2
    assert "--no-center needs logits" in capsys.readouterr().err


def test_a_confidence_is_measured_as_it_is_given(run, capsys, tmp_path):
    path, folder = tmp_path / "c.csv", tmp_path / "out"
    path.write_text("correct,confidence\n1,0.9\n0,0.5\n1,0.75\n1,0.5\n")
    assert run("evaluate", str(path), "--output-dir", str(folder)) == 0
    assert "confidence as given" in capsys.readouterr().out
    results = json.loads((folder / "results.json").read_text())
    assert results["scores"]["confidence"]["risk"] == 0.25 and results["input"] == "confidence"
    assert run("threshold", str(path), "--target-risk", "0.01") == 0
    assert "Accept where confidence >= 0.75" in capsys.readouterr().out
    assert run("threshold", str(path), "--target-risk", "0.01", "--score", "energy") == 2
    assert "a confidence is given: leave out --score" in capsys.readouterr().err
