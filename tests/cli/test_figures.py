import json

import numpy as np
import pytest

from abstain import read_logits, released_checkpoint, scores, write_logits
from abstain.data.splits import load_data, write_split

DIGITS = ["mlp_noisy_digits_a0_s0", "mlp_noisy_digits_a0.4_s0"]


@pytest.fixture(scope="module")
def runs():
    return [str(released_checkpoint(name)) for name in DIGITS]


def test_the_figures_of_released_checkpoints(run, capsys, tmp_path, runs):
    folder = tmp_path / "out"
    options = ["--output-dir", str(folder), "--formats", "png", "--images", "noisy_digits", "--n-errors", "3"]
    assert run("figures", *runs, *options, "--sources", "test,validation", "--coverage", "0.2") == 0
    told = capsys.readouterr()
    names = ["risk_coverage", "repair", "max_logit", "normalized_max_logit", "logit_profile", "confident_errors"]
    files = [f"{name}.png" for name in names] + ["accepted_by_source.md"]
    assert told.out.splitlines() == [str(folder / name) for name in files]
    assert {path.name for path in folder.iterdir()} == {*files, "figures.json"}
    notes = [line for line in told.err.splitlines() if line.startswith("Note: ")]
    assert notes[0].startswith("Note: rank_maps is left out: it needs images with a class for every pixel")
    assert "give --images" in notes[0] and notes[1].startswith("Note: suppression is left out")

    summary = json.loads((folder / "figures.json").read_text())
    assert [f"Note: {sentence}." for sentence in summary["left_out"]] == notes, "as it is typed, suppression too"
    assert list(summary["runs"]) == ["CE", "LS 0.4"] and set(summary["figures"]) == {*names, "accepted_by_source"}
    logits, labels = read_logits(f"{runs[1]}/logits", "test")
    shown = summary["figures"]["confident_errors"]["LS 0.4"]["MSP"]["index"]
    wrong = np.flatnonzero(scores.classification_error(logits, labels))
    assert shown == sorted(wrong, key=lambda row: -scores.msp(logits)[row])[:3]
    accepted = summary["figures"]["accepted_by_source"]["CE"]["MSP"]
    assert list(accepted["sources"]) == ["test", "validation"] and accepted["coverage"] >= 0.2
    assert sum(source["accepted"] for source in accepted["sources"].values()) == pytest.approx(
        accepted["coverage"] * sum(source["samples"] for source in accepted["sources"].values())
    )

    before = (folder / "max_logit.png").read_bytes()
    assert run("figures", *runs, "--output-dir", str(folder)) == 2
    assert "already holds results (figures.json)" in capsys.readouterr().err
    again = ["--output-dir", str(folder), "--only", "max_logit", "--formats", "png,svg", "--overwrite-output-dir"]
    assert run("figures", *runs, *again) == 0
    assert {path.name for path in folder.iterdir()} == {"max_logit.png", "max_logit.svg", "figures.json"}
    assert (folder / "max_logit.png").read_bytes() == before, "the same figure is the same file"
    assert "Note" not in capsys.readouterr().err


def test_what_cannot_be_drawn_is_a_line_and_the_rest_is_drawn(run, capsys, tmp_path):
    path = tmp_path / "p.csv"
    random = np.random.default_rng(0)
    p = random.uniform(0.01, 0.99, 60)
    lines = [f"{int(random.random() < value)},{value:.4f}" for value in p]
    path.write_text("\n".join(["label,probability", *lines]))
    assert run("figures", str(path), "--output-dir", str(tmp_path / "out"), "--formats", "png") == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == [str(tmp_path / "out" / "risk_coverage.png")]
    notes = [line for line in told.err.splitlines() if line.startswith("Note: ")]
    lacks = "it needs logits, and only probabilities are given (one probability)"
    assert f"Note: logit_profile is left out: {lacks}." in notes
    assert any(note.startswith("Note: repair is left out: it needs a repair") for note in notes)
    assert run("figures", str(path), "--output-dir", str(tmp_path / "no"), "--only", "max_logit") == 2
    assert "nothing can be drawn: max_logit is left out" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "max_logits"], "unknown figure 'max_logits': did you mean 'max_logit'?"),
        (["--only", ","], "no figure is named in ','"),
        (["--formats", "jpg"], "unknown format 'jpg'"),
        (["--coverage", "10"], "--coverage is 10, but must be a fraction in (0, 1]"),
        (["--images", "nowhere/at/all"], "does not exist or is not a folder"),
        (["--only", "accepted_by_source", "--sources", "test,sketch"], "sketch"),
        (["--split", "tset"], "tset"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(run, capsys, tmp_path, runs, options, message):
    assert run("figures", runs[0], "--output-dir", str(tmp_path / "out"), *options) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_runs_of_other_samples_are_refused(run, capsys, tmp_path, runs):
    other = str(released_checkpoint("mlp_online_shoppers_a0_s0"))
    options = ["--output-dir", str(tmp_path / "out"), "--only", "logit_profile"]
    assert run("figures", runs[0], other, *options) == 2
    assert "they are 9,864 and not 797; draw runs of one data set together" in capsys.readouterr().err
    logits, labels = read_logits(f"{runs[0]}/logits", "test")
    write_logits(tmp_path / "mixed", "test", logits, labels[::-1].copy())
    assert run("figures", runs[0], str(tmp_path / "mixed"), *options) == 2
    assert "their labels differ; draw runs of one data set together" in capsys.readouterr().err


def test_confidences_of_the_same_samples_need_not_have_the_same_errors(run, capsys, tmp_path):
    paths = [str(tmp_path / f"{name}.csv") for name in "abc"]
    for path, rows in zip(paths, ("1,0.9\n0,0.5\n", "0,0.8\n1,0.7\n", "1,0.9\n"), strict=True):
        (tmp_path / path).write_text(f"correct,confidence\n{rows}")
    options = ["--output-dir", str(tmp_path / "out"), "--only", "risk_coverage", "--formats", "png"]
    assert run("figures", *paths[:2], *options) == 0
    assert run("figures", paths[0], paths[2], *options, "--overwrite-output-dir") == 2
    assert "others than those of 'a': they are 1 and not 2" in capsys.readouterr().err


def test_a_file_has_no_splits_to_mix_and_is_not_validated_on_itself(run, capsys, tmp_path):
    path = str(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("correct,confidence\n1,0.9\n0,0.5\n")
    assert run("figures", path, "--output-dir", str(tmp_path / "out"), "--sources", "x,y") == 2
    assert "is one file, which has no splits to mix: give a folder, or leave out --sources" in capsys.readouterr().err
    assert run("figures", path, "--output-dir", str(tmp_path / "out"), "--validation", path) == 2
    assert "the validation samples of 'a' are its test samples" in capsys.readouterr().err


def test_images_of_other_samples_are_refused(run, capsys, tmp_path, runs):
    write_split(load_data("digits")["test"].select(range(5)), tmp_path / "few", "test")
    options = ["--output-dir", str(tmp_path / "out"), "--images", str(tmp_path / "few")]
    assert run("figures", runs[0], *options, "--only", "confident_errors,risk_coverage") == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "the 5 labels of the images are not those of the 797 predictions: give with --images" in said


def test_the_images_are_those_that_were_predicted():
    labels = np.array(load_data("noisy_digits")["test"]["label"][:])
    assert np.array_equal(labels, read_logits(released_checkpoint(DIGITS[0]) / "logits", "test")[1])
