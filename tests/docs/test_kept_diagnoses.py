import json
import shutil

import pytest
from kept_recipes import keep

import abstain


@pytest.fixture
def program_on(program, tmp_path, monkeypatch):
    """Runs it on the folders of `tmp_path / "runs"`, with `tmp_path / "kept"` for the kept ones."""
    kept_diagnoses = program("kept_diagnoses")
    monkeypatch.setattr(kept_diagnoses, "KEPT", tmp_path / "kept")

    def run():
        monkeypatch.setattr("sys.argv", ["kept_diagnoses.py", *map(str, (tmp_path / "runs").iterdir())])
        kept_diagnoses.main()

    return run


def test_a_kept_run_gets_the_diagnosis_of_its_logits_and_another_run_is_refused(program_on, tmp_path):
    keep(tmp_path / "kept", "digits", 0)
    shutil.copytree(tmp_path / "kept", tmp_path / "runs")
    keep(tmp_path / "runs", "digits", 1)  # which was not kept
    logits, labels = abstain.read_logits(abstain.released_checkpoint("mlp_noisy_digits_a0.4_s0") / "logits", "test")
    abstain.write_logits(tmp_path / "runs" / "digits_ce_s0" / "logits", "test", logits, labels)
    program_on()
    path = tmp_path / "kept" / "digits_ce_s0" / "results.json"
    kept = json.loads(path.read_text())
    assert kept.pop("diagnosis") == abstain.diagnose(logits, labels).to_dict()
    assert kept == json.loads((tmp_path / "runs" / "digits_ce_s0" / "results.json").read_text())
    path.write_text(json.dumps({**kept, "evaluation": {}}))
    with pytest.raises(SystemExit, match="another run than the one kept as digits_ce_s0"):
        program_on()
