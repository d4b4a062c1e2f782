import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from abstain import aurc, evaluate_logits, read_logits, write_logits
from abstain.hub.released import released_checkpoint
from abstain.logits import OpenPredictions, read_or_open
from abstain.report import Commands, legend
from abstain.report.notes import CLUSTERED


def test_evaluate_prints_a_table_and_leaves_it_with_a_picture(run, capsys, tmp_path, logits_files):
    test, validation = map(str, logits_files)
    folder = tmp_path / "out"
    assert run("evaluate", test, "--validation", validation, "--output-dir", str(folder)) == 0
    printed = capsys.readouterr().out
    report = evaluate_logits(*read_logits(tmp_path, "test"), validation=read_logits(tmp_path, "validation"))
    words = report.summary(Commands(test, validation))
    assert printed.startswith(f"{words[0]}\n\nIs the confidence in order? On the whole yes: ")
    assert printed.index(words[-1]) < printed.index(report.to_markdown()) < printed.index(legend(report))
    assert report.logit_norm.reason in printed
    assert {path.name for path in folder.iterdir()} == {"results.json", "report.md", "risk_coverage.png"}
    assert json.loads((folder / "results.json").read_text()) == report.to_dict() | {
        "n_validation": 150,
        "read": "5 logits: logits; labels: label",
        "summary": words,
    }
    text, _, told = printed.rpartition("\n")[0].rpartition("\n")
    assert text in (folder / "report.md").read_text() and told == f"Results are in {folder}"

    assert run("evaluate", test, "--output-dir", str(folder)) == 2
    assert (
        "already holds results (results.json): give another folder, or --overwrite-output-dir"
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
    printed = capsys.readouterr().out
    assert f"Note: {CLUSTERED.format(10)}.\n" in printed
    assert run("evaluate", path, "--json") == 0
    results = json.loads(capsys.readouterr().out)
    assert "intervals" not in results and CLUSTERED.format(10) in results["notes"]
    assert run("threshold", path, "--target-risk", "0.4") == 0
    capsys.readouterr()
    assert run("threshold", path, "--target-risk", "0.4", "--delta", "0.05") == 2
    assert "do, are not independent, so no guarantee holds" in capsys.readouterr().err


def test_validation_samples_are_others(run, capsys, logits_files, tmp_path):
    test, validation = map(str, logits_files)
    assert run("evaluate", test, "--validation-fraction", "0.4", "--seed", "3", "--json") == 0
    held_out = json.loads(capsys.readouterr().out)
    assert held_out["n_samples"] == 90 and "max_logit_pnorm" in held_out["fits"]
    assert held_out["n_validation"] == 60
    assert held_out["notes"][-1] == (
        "of 150 samples 60, drawn at random with seed 3, were held out to fit on, and are not among those that are "
        "reported"
    )
    assert run("evaluate", str(tmp_path), "--split", "test", "--validation-split", "validation", "--json") == 0
    of_splits = json.loads(capsys.readouterr().out)
    assert run("evaluate", test, "--validation", validation, "--json") == 0
    of_files = json.loads(capsys.readouterr().out)
    assert f"`abstain threshold {tmp_path} --split validation --target-risk" in of_splits.pop("summary")[-2]
    assert f"`abstain threshold {validation} --target-risk" in of_files.pop("summary")[-2]
    assert of_files == of_splits
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
    assert point["coverage"] == 0.5 and point["threshold"] == 0.9
    assert run("threshold", str(path), "--target-risk", "0.01", "--score", "energy") == 2
    assert "shift" in capsys.readouterr().err
    options = ["--score", "max_logit_pnorm", "--p", "2", "--no-center"]
    assert run("threshold", str(path), "--target-risk", "0.01", *options) == 2
    assert "there are two classes, of which a p-norm says nothing" in capsys.readouterr().err


def test_a_confidence_is_measured_as_it_is_given(run, capsys, tmp_path):
    path, folder = tmp_path / "c.csv", tmp_path / "out"
    path.write_text("correct,confidence\n1,0.9\n0,0.5\n1,0.75\n1,0.5\n")
    assert run("evaluate", str(path), "--output-dir", str(folder)) == 0
    assert "confidence as given" in capsys.readouterr().out
    results = json.loads((folder / "results.json").read_text())
    assert results["scores"]["confidence"]["risk"] == 0.25 and results["input"] == "confidence"
    path.write_text("label,prediction,confidence\n1,1,0.9\n-100,0,0.5\n1,0,0.75\n")
    assert run("evaluate", str(path), "--ignore-index", "-100", "--json") == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert notes[:1] == ["1 test sample has the label to be ignored, and does not count"]
    path.write_text("correct,confidence\n1,0.9\n0,0.5\n1,0.75\n1,0.5\n")
    assert run("threshold", str(path), "--target-risk", "0.01") == 0
    assert "Accept where confidence >= 0.75" in capsys.readouterr().out
    assert run("threshold", str(path), "--target-risk", "0.01", "--score", "energy") == 2
    assert "a confidence is given: leave out --score" in capsys.readouterr().err


def test_warnings_stand_where_the_results_are(run, capsys, tmp_path, logits_and_labels):
    logits, labels = logits_and_labels
    path, folder = tmp_path / "half.npz", tmp_path / "out"
    np.savez(path, logits=logits.astype(np.float16), label=labels)
    options = ["--validation-fraction", "0.5", "--output-dir", str(folder)]
    assert run("evaluate", str(path), *options) == 0
    printed = capsys.readouterr()
    half = "logits are float16: rounding ties many samples, and ties lose the order in which to abstain"
    for text in (printed.out, (folder / "report.md").read_text()):
        assert text.count(half) == 1 and f"Note: {half}" in text
    results = json.loads((folder / "results.json").read_text())
    held_out, warned = (note.split(":")[0] for note in results["notes"])
    assert warned == "logits are float16"
    assert held_out.startswith("of 300 samples 150, drawn at random")
    assert "float16" not in printed.err
    assert run("evaluate", str(path), "--validation-fraction", "0.5", "--json") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == results and "float16" not in shown.err


def test_labels_of_one_class_are_said(run, capsys, tmp_path, logits_and_labels):
    path = tmp_path / "rows.npz"
    np.savez(path, logits=logits_and_labels[0], label=np.ones(len(logits_and_labels[0]), int))
    assert run("evaluate", str(path)) == 0
    note = (
        "Note: every label is the class 1, so nothing is seen of the other classes: see whether the column of labels "
        "is the right one."
    )
    assert capsys.readouterr().out.count(note) == 1
    assert run("audit", str(path), "--validation-fraction", "0.5", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)["models"].values()
    assert [one for one in told["notes"] if one.startswith("every label")] == [note[6:-1]]


def test_commands_hold_what_was_told_of_the_source(run, capsys, tmp_path):
    path = tmp_path / "my file.csv"
    path.write_text("truth,a,b,c\n0,3,1,2\n1,3,4,1\n2,3,1,2\n")
    assert run("evaluate", str(path), "--label-column", "truth", "--logit-columns", "a,b,c") == 0
    told = "--label-column truth --logit-columns a,b,c"
    assert f"`abstain evaluate '{path}' {told} --validation VALIDATION`" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "ce",
            [
                "Is the confidence in order? On the whole yes: ",
                "At the very top: of the 1,000 most confident answers none is wrong, of the next 1,000 1 is wrong.",
                "repair it? No, so the confidence stays as it is (",
                "With at most 1 % of the answers wrong: 41.4 % of the samples (95 % interval 38.0 to 46.0 %).",
            ],
        ),
        (
            "ls",
            [
                "Is the confidence in order? On the whole yes, though not clearly at the very top: of a right and a "
                "wrong answer, the right one has the higher confidence in 85.3 % of all pairs (95 % interval 84.3 to "
                "86.2 %), where 50 % is chance",
                "clearly mean fewer errors: of the 1,000 most confident answers 11 are wrong, of the next 1,000 14 are "
                "wrong.",
                "4.253 % of the answers given are wrong (this is the AURC); with all errors last it would be 1.297 %, "
                "in a random order 15.660 %.",
                "the AURC goes from 4.253 % to 3.720 %, by -0.533 percentage points (95 % interval -0.739 to ",
                "With at most 1 % of the answers wrong: 13.5 % of the samples (95 % interval 0.0 to 32.8 %), and after "
                "logit normalisation 41.8 % of the samples (95 % interval 35.8 to 45.2 %).",
                "What next? If the model was trained with label smoothing, suspect that first",
            ],
        ),
    ],
)
def test_what_is_said_of_real_models(run, capsys, name, words):
    folder = released_checkpoint(f"resnet20_cifar10_{name}") / "logits"
    assert run("evaluate", str(folder / "test.parquet"), "--validation", str(folder / "validation.parquet")) == 0
    printed = capsys.readouterr().out
    for sentence in words:
        assert sentence in printed


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("plain.csv", [], ["Of 300 answers 124 are wrong (41.33 %)", "It was not tried (", "at least 1,265, so that"]),
        ("plain.csv", ["--validation-fraction", "0.5"], ["Of 150 answers ", "on the validation samples no p lowers"]),
        (
            "one_probability.csv",
            ["--input", "probabilities"],
            [
                "Does a calibration of each class repair it? It was not tried (",
                "--input probabilities",
            ],
        ),
        ("correct_and_confidence.csv", [], ["the confidence is the one given", "only a confidence is given"]),
        (
            "probabilities_rounded.csv",
            ["--validation-fraction", "0.5"],
            ["It is not defined here: 5 of 150 rows hold a probability of exactly 0", "Note: only MSP was measured"],
        ),
        (
            "tokens.npz",
            ["--class-axis", "-1", "--ignore-index", "-100"],
            ["Note: 60 test samples have the label to be ignored", "such clusters, and nothing is guaranteed of them"],
        ),
    ],
)
def test_what_is_said_of_small_files(run, capsys, root, name, options, words):
    path = root.parent / "shared" / "cases" / "door" / name
    if not path.is_file():
        pytest.skip("needs ../shared/cases/door, which is not part of the project")
    assert run("evaluate", str(path), *options) == 0
    printed = capsys.readouterr().out
    for sentence in words:
        assert sentence in printed


def test_a_large_file_is_read_in_batches_and_says_the_same(run, capsys, tmp_path):
    n, k = 512, 2**16  # 2^25 values, from which on a file stays in its place
    generator = np.random.default_rng(0)
    top, labels = generator.integers(0, k, n), generator.integers(0, k, n)
    labels[::2] = top[::2]
    values = np.zeros((n, k), dtype=np.float32)
    values[np.arange(n), top] = 9 + generator.standard_normal(n)  # the only logit of its row, which alone ranks it
    offsets = pa.array(np.arange(n + 1) * k, pa.int32())
    table = pa.table({"logits": pa.ListArray.from_arrays(offsets, pa.array(values.ravel())), "label": labels})
    pq.write_table(table, tmp_path / "large.parquet", row_group_size=100)
    assert isinstance(read_or_open(tmp_path / "large.parquet"), OpenPredictions)
    assert run("evaluate", str(tmp_path / "large.parquet"), "--json") == 0
    printed = capsys.readouterr()
    assert "large.parquet: 65536 logits: logits; labels: label" in printed.err
    found = json.loads(printed.out)
    assert found["scores"]["msp"]["aurc"] == aurc(values[np.arange(n), top], top != labels)
    assert found["n_samples"] == n and found["n_errors"] == (top != labels).sum()
