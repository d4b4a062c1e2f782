import json
import re

import pytest

import abstain


@pytest.fixture
def page(program, tmp_path, monkeypatch):
    """Runs the program with arguments; returns the text of the page and the runs that were kept."""
    diagnosis = program("diagnosis")
    for name, file in {"RAW": "diagnosis.json", "PAGE": "diagnosis.md", "FIGURE": "diagnosis.png"}.items():
        monkeypatch.setattr(diagnosis, name, tmp_path / file)
    monkeypatch.setattr("pages.ROOT", tmp_path)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["diagnosis.py", *map(str, arguments)])
        diagnosis.main()
        return (tmp_path / "diagnosis.md").read_text(), json.loads((tmp_path / "diagnosis.json").read_text())["runs"]

    return run


def cells(text, first):
    (line,) = [line for line in text.splitlines() if re.match(rf"\| {re.escape(first)} ", line)]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_runs_are_measured_once_and_told_with_the_shares_that_are_wrong(page, tmp_path):
    names = ["mlp_noisy_digits_a0_s0", "mlp_noisy_digits_a0.4_s0", "mlp_bank_marketing_a0.4_s0"]
    text, runs = page("measure", *(abstain.released_checkpoint(name) for name in names))
    assert {run["name"] for run in runs} == set(names) and (tmp_path / "diagnosis.png").stat().st_size > 5000
    rows = [line for line in text.splitlines() if line.startswith("| used to choose the rule")]
    assert [[cell.strip() for cell in row.strip("|").split("|")][1:] for row in rows] == [
        ["plain", "1", "0", "1", "0", "0", "0.0 [0.0, 97.5]"],
        ["smoothed", "1", "1", "0", "0", "0", "0.0 [0.0, 97.5]"],
    ]
    assert cells(text, "Bank Marketing")[1:3] == ["LS 0.4", "1"] and "Fewer than" not in text
    again, kept = page()
    assert again == text and kept == runs


def test_wrong_verdicts_are_counted(page, program, tmp_path):
    _, runs = page("measure", abstain.released_checkpoint("mlp_noisy_digits_a0_s0"))
    wrong = {**runs[0], "seed": 7, "seen": False, "verdict": "looks smoothed"}
    few = {**wrong, "classes": 5, "verdict": "cannot be told with few classes", "by the rule": "looks smoothed"}
    text = program("diagnosis").render([wrong, few])
    assert cells(text, "not used to choose the rule")[1:4] == ["plain", "1", "1"]
    assert cells(text, "not used to choose the rule")[-1] == "100.0 [2.5, 100.0]"
    assert "by the same rule 1 of 1 models that were not smoothed" in text
