import json
import os
import subprocess
import sys

import numpy as np

from abstain import write_logits


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
    arguments += ["--coverage", "0.25", "--output_dir", tmp_path / "out"]
    finished = run_script(root, *arguments)
    assert finished.returncode == 0, finished.stderr
    msp = json.loads((tmp_path / "out" / "results.json").read_text())["models"]["mine"]["MSP"]
    assert (msp["coverage"], msp["risk"]) == (0.25, 0.5)
    assert msp["sources"]["home"] == {"samples": 20, "accepted": 5, "errors": 0}
    assert msp["sources"]["away"] == {"samples": 20, "accepted": 5, "errors": 5}
    assert "| mine" in finished.stdout and "| MSP" in (tmp_path / "out" / "report.md").read_text()

    again = run_script(root, *arguments)
    assert again.returncode == 1 and "already holds results" in again.stderr and again.stderr.count("\n") == 1


def test_pencil_drawings_are_a_data_set_of_the_same_labels(root, tmp_path):
    from abstain.data.splits import load_data

    command = ["training_scripts/make_drawings.py", "--output_dir", tmp_path]
    assert run_script(root, *command).returncode == 0
    drawn, original = load_data(str(tmp_path))["test"], load_data("digits")["test"]
    assert drawn["label"][:] == original["label"][:] and drawn.features["label"] == original.features["label"]
    assert np.asarray(drawn[0]["image"]).shape == (8, 8, 3)
    assert not np.array_equal(np.asarray(drawn[0]["image"])[..., 0], np.asarray(original[0]["image"]))
    assert "exists already" in run_script(root, *command).stderr
