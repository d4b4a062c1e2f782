import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from abstain import InputError, write_logits


def run_script(root, *arguments):
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


def test_the_most_confident_share_is_counted_by_source(root, tmp_path):
    # confidence falls by row: `home` holds ranks 0, 2, 4, …, `away` 1, 3, 5, …; away is always wrong, home never
    margins = np.linspace(9, 1, 40, dtype=np.float32)
    logits = np.stack([margins, 0 * margins, -margins], axis=1)
    folder = tmp_path / "mine" / "logits"
    write_logits(folder, "home", logits[::2], np.zeros(20, int))
    write_logits(folder, "away", logits[1::2], np.ones(20, int))
    write_logits(folder, "validation", logits, np.arange(40) % 2)
    arguments = ["training_scripts/evaluate_shift.py", "--logits_dirs", folder, "--sources", "home", "away"]
    arguments += ["--coverage", "0.25", "--output_dir", tmp_path / "out", "--out_of_distribution", "away"]
    arguments += ["--betas", "0.5"]
    finished = run_script(root, *arguments)
    assert finished.returncode == 0, finished.stderr
    msp = json.loads((tmp_path / "out" / "results.json").read_text())["models"]["mine"]["MSP"]
    assert (msp["coverage"], msp["risk"]) == (0.25, 0.5)
    assert msp["sources"]["home"] == {"samples": 20, "accepted": 5, "errors": 0}
    assert msp["sources"]["away"] == {"samples": 20, "accepted": 5, "errors": 5}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"results.json", "report.md"}
    heading, _, header, _, row, *_ = (tmp_path / "out" / "report.md").read_text().splitlines()
    assert heading == "# Accepted under shift" and f"{header}\n" in finished.stdout
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in (header, row)]
    assert dict(zip(*cells, strict=True)) == {
        "model": "mine",
        "confidence": "MSP",
        "coverage %": "25.0",
        "error %": "50.00",
        "home: accepted": "5",
        "home: errors": "0",
        "away: accepted": "5",
        "away: errors": "5",
    }

    of_mine = json.loads((tmp_path / "out" / "results.json").read_text())["scod"]["mine"]
    assert (of_mine["n_in"], of_mine["n_out"]) == (20, 20)
    # home is always right and comes first, third, …, and to accept away is an error: only the first alone is right
    assert of_mine["results"][0]["beta"] == 0.5 and of_mine["results"][0]["cov@5"] == pytest.approx(1 / 40)
    assert of_mine["results"][0]["risk"] == pytest.approx(0.5)
    text = (tmp_path / "out" / "report.md").read_text()
    assert "mine, with a share β from away, of which each accepted sample is an error:" in text
    assert "cov_out@5 %" in text

    again = run_script(root, *arguments)
    assert again.returncode == 2 and "already holds results" in again.stderr and again.stderr.count("\n") == 1
    assert run_script(root, *arguments, "--overwrite_output_dir", "true").returncode == 0


@pytest.fixture
def script(root):
    spec = importlib.util.spec_from_file_location("evaluate_shift", root / "training_scripts" / "evaluate_shift.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "evaluate_shift", module)  # where dataclasses look for the types of their fields
        spec.loader.exec_module(module)
        yield module


@pytest.mark.parametrize("named", [["abroad"], ["home", "away"]])
def test_what_is_out_of_distribution_is_some_of_the_sources(script, named):
    told = {"logits_dirs": ["mine"], "output_dir": "out", "sources": ["home", "away"]}
    assert script.ShiftArguments(**told, out_of_distribution=["away"]).betas == [0.1, 0.5]
    with pytest.raises(InputError, match="must be some and not all of the sources"):
        script.ShiftArguments(**told, out_of_distribution=named)


def test_pencil_drawings_are_a_data_set_of_the_same_labels(root, tmp_path):
    from abstain.data.splits import load_data

    command = ["training_scripts/make_drawings.py", "--output_dir", tmp_path]
    assert run_script(root, *command).returncode == 0
    drawn, original = load_data(str(tmp_path))["test"], load_data("digits")["test"]
    assert drawn["label"][:] == original["label"][:] and drawn.features["label"] == original.features["label"]
    assert np.asarray(drawn[0]["image"]).shape == (8, 8, 3)
    assert not np.array_equal(np.asarray(drawn[0]["image"])[..., 0], np.asarray(original[0]["image"]))
    assert "exists already" in run_script(root, *command).stderr
