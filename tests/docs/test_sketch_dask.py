import re
import subprocess
import sys

import numpy as np
import pytest

import abstain

pytest.importorskip("dask.bag", reason="needs Dask: pip install 'dask[bag]'")


def run_example(root, folder):
    return subprocess.run(
        [sys.executable, root / "docs" / "sketch_dask.py", folder], capture_output=True, text=True, timeout=300
    )


def test_the_example_folds_a_folder_of_logits_into_one_sketch(root, tmp_path, logits_and_labels):
    logits, labels = logits_and_labels
    for part, rows in enumerate(np.array_split(np.arange(len(labels)), 3)):
        abstain.write_logits(tmp_path, f"part-{part}", logits[rows], labels[rows])
    done = run_example(root, tmp_path)
    assert done.returncode == 0, done.stderr

    curve = abstain.risk_coverage_curve(abstain.scores.msp(logits), abstain.scores.classification_error(logits, labels))
    aurc, low, high = map(float, re.search(r"AURC (\S+), within \[(\S+), (\S+)\]", done.stdout).groups())
    assert "300 samples in 3 files" in done.stdout
    assert low - 1e-6 <= curve.aurc() <= high + 1e-6  # printed to six digits
    assert aurc == pytest.approx(curve.aurc(), abs=1e-3)
    assert f"coverage at 5 % risk: {curve.coverage_at_risk(0.05):.4f}" in done.stdout


def test_a_folder_without_files_is_refused(root, tmp_path):
    done = run_example(root, tmp_path)
    assert done.returncode == 1
    assert "there is no Parquet file" in done.stderr


def test_the_page_shows_the_program_as_it_is(root):
    program = (root / "docs" / "sketch_dask.py").read_text(encoding="utf-8")
    shown = program.split('"""\n\n', 1)[1]
    assert f"```python\n{shown}```" in (root / "docs" / "sketch.md").read_text(encoding="utf-8")
