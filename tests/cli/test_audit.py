import json
import re
import shlex

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.naive_bayes import GaussianNB

from abstain import released_checkpoint, write_logits
from abstain.audit import AUDIT_FILES, audit_predictions
from abstain.data import load_data
from abstain.logits import read_predictions

CE, LS = (str(released_checkpoint(f"mlp_noisy_digits_{alpha}_s0")) for alpha in ("a0", "a0.4"))


def test_the_folder_of_a_model_is_audited_by_its_logits(run, capsys, tmp_path):
    folder = tmp_path / "out"
    assert run("audit", LS, "--output-dir", str(folder)) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("## In short\n\n**Is the confidence in order?** ")
    assert {path.name for path in folder.iterdir()} == {*AUDIT_FILES, "results.json"}
    results = json.loads((folder / "results.json").read_text())
    assert results["made"]["validation"] == {LS: f"split validation of {LS}/logits"} and results["made"]["seed"] == 0
    held = results["models"][LS]
    test, validation = (read_predictions(f"{LS}/logits", split=split) for split in ("test", "validation"))
    assert held == json.loads(json.dumps(audit_predictions(test, validation).to_dict()))
    assert f"abstain predict {LS} FILES" in printed

    assert run("audit", LS, "--output-dir", str(folder)) == 2
    assert "already holds results" in capsys.readouterr().err


def test_several_are_put_side_by_side(run, capsys):
    assert run("audit", CE, LS, "--json") == 0
    held = json.loads(capsys.readouterr().out)
    names = [path.rpartition("/")[2] for path in (CE, LS)]
    assert list(held["models"]) == names and held["minus_the_first"][0]["name"] == names[1]
    assert held["minus_the_first"][0]["msp"]["estimate"] == pytest.approx(
        held["models"][names[1]]["scores"]["msp"]["aurc"] - held["models"][names[0]]["scores"]["msp"]["aurc"]
    )


def test_half_of_a_single_file_is_held_out_and_that_is_said(run, capsys, tmp_path):
    rng = np.random.default_rng(0)
    path = write_logits(tmp_path, "all", rng.normal(size=(300, 4)), rng.integers(0, 4, 300))
    assert run("audit", str(path)) == 0
    printed = capsys.readouterr()
    assert "of 300 samples 150, drawn at random with seed 0, were held out" in printed.out
    assert "%|" not in printed.err, "no bar where nobody watches"


def test_a_model_is_run_on_data_and_its_logits_are_kept(run, capsys, tmp_path):
    folder = tmp_path / "out"
    arguments = ["audit", LS, "--data", "noisy_digits_rows", "--output-dir", str(folder), "--max-samples", "60"]
    assert run(*arguments) == 0
    kept = list((folder / "logits").rglob("*.parquet"))
    assert sorted(path.name for path in kept) == ["test.parquet", "validation.parquet"]
    assert f"abstain threshold {kept[0].parent} --split validation" in capsys.readouterr().out
    before = kept[0].stat().st_mtime_ns
    assert run(*arguments, "--overwrite-output-dir") == 0 and kept[0].stat().st_mtime_ns == before


def test_sources_are_those_of_the_test_samples_and_no_model_sees_them(run, capsys, tmp_path):
    rows = load_data("noisy_digits_rows")
    for split in ("test", "validation"):
        some = rows[split].select(range(80)).to_pandas().assign(site=["home", "away"] * 40)
        some.to_parquet(tmp_path / f"{split}.parquet")
    assert run("audit", LS, "--data", str(tmp_path), "--source", "site", "--coverage", "0.3", "--json") == 0
    shift = json.loads(capsys.readouterr().out)["models"][LS]["shift"]
    assert [(one["name"], one["n_samples"]) for one in shift["sources"]] == [("away", 40), ("home", 40)]
    assert shift["accepted"]["MSP"]["coverage"] == pytest.approx(0.3) and shift["n_validation"] is None


def test_a_column_of_stored_predictions_tells_the_sources(run, capsys, tmp_path):
    rng = np.random.default_rng(0)
    for name, more in (("test", {"site": np.arange(200) % 2}), ("validation", {})):
        logits = {f"logit_{k}": rng.normal(size=200) for k in range(3)}
        pd.DataFrame({**logits, "label": rng.integers(0, 3, 200), **more}).to_csv(tmp_path / f"{name}.csv", index=False)
    test, validation = (str(tmp_path / f"{name}.csv") for name in ("test", "validation"))
    assert run("audit", test, "--validation", validation, "--source", "site") == 0
    assert "## Which sources?\n\nThe test samples come from 2 sources: 0 (100), 1 (100)." in capsys.readouterr().out
    assert run("audit", test, "--source", "sight") == 2
    assert "has no column 'sight' (--source)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a", "--coverage", "0.2"], "--coverage is of sources, but nothing tells them apart"),
        (["a", "b", "--name", "x"], "2 models are given and 1 names"),
        (["a", "b", "--name", "x", "--name", "x"], "two models have the same name"),
        (["a", "b", "--name", "x", "--name", " "], "a name is empty"),
        (["a", "a"], "a model is given twice"),
        (["a", "b", "--validation", "v"], "several models are given, and labels or validation samples of one"),
        (["a", "--data", "digits", "--input", "logits"], "--input is of stored predictions, but --data"),
        (["a", "--batch-size", "8"], "--batch-size is of models that are run, but there is no data"),
        (["nowhere.parquet"], "nowhere.parquet"),
        (["a", "--delta", "2", "--data", "digits"], "delta"),
        (["a", "--target-risk", "7"], "7"),
        (["a", "--validation-fraction", "0.5", "--validation-split", "b"], "both --validation-fraction and other"),
        (["a", "--data", "digits", "--validation-split", "test"], "the validation samples are the test samples"),
        ([LS, "--validation-split", "nosuch"], "has no split 'nosuch'"),
        ([LS, "--split", "test", "--validation-fraction", "0"], "--validation-fraction is 0"),
        (["a", "--validation-labels", "y.npy"], "--validation-labels are given without --validation"),
    ],
)
def test_wrong_options_are_one_sentence(run, capsys, arguments, message):
    assert run("audit", *arguments) == 2
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert told.startswith("error: ") and message in told


def test_logits_beside_a_model_of_other_classes_are_refused(run, capsys, tmp_path):
    rng = np.random.default_rng(0)
    write_logits(tmp_path / "logits", "all", rng.normal(size=(60, 4)), rng.integers(0, 4, 60))
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"0": "a", "1": "b"}}))
    assert run("audit", str(tmp_path)) == 1
    assert "a model of 2 classes, but the logits in it are of 4: give the folder" in capsys.readouterr().err


def test_of_a_given_confidence_a_threshold_is_chosen_on_the_validation_split(run, capsys, tmp_path):
    rng = np.random.default_rng(0)
    for split in ("test", "validation"):
        confidence = rng.random(400)
        rows = {"confidence": confidence, "correct": rng.random(400) < 0.8 + 0.2 * confidence}
        pd.DataFrame(rows).to_csv(tmp_path / f"{split}.csv", index=False)
    assert run("audit", str(tmp_path), "--json") == 0
    held = json.loads(capsys.readouterr().out)["models"][str(tmp_path)]
    assert held["n_validation"] == 400 and held["thresholds"]["decisions"][0]["coverage"] > 0
    (tmp_path / "validation.csv").write_bytes((tmp_path / "test.csv").read_bytes())
    assert run("audit", str(tmp_path)) == 1 and "are the test samples" in capsys.readouterr().err


def test_a_command_can_be_copied_of_a_model_of_skops_too(run, capsys, tmp_path):
    data = load_data("noisy_digits_rows")["train"].to_pandas()
    skops.io.dump(GaussianNB().fit(data.drop(columns="label"), data["label"]), tmp_path / "m.skops")
    arguments = ["--data", "noisy_digits_rows", "--max-samples", "60", "--output-dir", str(tmp_path / "out")]
    assert run("audit", str(tmp_path / "m.skops"), *arguments) == 0
    command = re.search("`abstain (threshold .*?)`", capsys.readouterr().out)[1]
    assert str(tmp_path / "out" / "logits") in command
    assert run(*shlex.split(command.replace("0.05", "0.5"))) == 0, "with a risk that so few samples can show"


def test_help_says_what_an_onnx_file_is_fed(run, capsys):
    assert run("audit", "--help") == 0
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert (
        "An ONNX file in a folder of export_onnx is run as the folder says; any other gets the numbers in the data"
        in told
    )


def test_files_that_are_no_models_and_models_without_data_name_the_option(run, capsys, tmp_path):
    for name in ("k.csv", "m.skops"):
        (tmp_path / name).touch()
    assert run("audit", str(tmp_path / "k.csv"), "--data", "digits") == 2
    assert "leave out --data to audit predictions, or give a model" in capsys.readouterr().err
    assert run("audit", str(tmp_path / "m.skops")) == 2
    assert "give --data too" in capsys.readouterr().err
    assert run("audit", str(tmp_path / "m.skops"), "--data", str(tmp_path / "k.csv")) == 2
    assert "is a file, but must be a folder with one file a split" in capsys.readouterr().err


def test_models_look_as_they_were_trained_whatever_they_are_called(run, tmp_path, monkeypatch):
    told = {}
    monkeypatch.setattr("abstain.audit.figures.figures_of", lambda audits, looks: told.update(looks) or {})
    models = [str(released_checkpoint(f"mlp_noisy_digits_{name}_s0")) for name in ("a0.4", "a0")]
    names = ["--name", "first", "--name", "second"]
    assert run("audit", *models, *names, "--output-dir", str(tmp_path / "out")) == 0
    assert told["second"].color == "black" != told["first"].color
