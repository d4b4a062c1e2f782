import numpy as np
import pytest

import abstain
from abstain.scores import LogitNorm, msp


@pytest.fixture(scope="module")
def others(program):
    return program("other_models")


@pytest.fixture(scope="module")
def smoothed():
    folder = abstain.released_checkpoint("mlp_noisy_digits_a0.4_s0") / "logits"
    return [abstain.read_logits(folder, split) for split in ("validation", "test")]


def test_what_is_told_of_a_model_is_what_the_package_measures(others, smoothed):
    validation, (logits, labels) = smoothed
    clusters = np.arange(len(labels)) // 2
    row = others.measure(validation, (logits, labels), clusters, len(labels) + np.arange(len(validation[1])))
    error = (logits.argmax(axis=1) != labels).astype(float)
    norm = LogitNorm.fit(*validation)
    assert row["error"] == error.mean() and row["errors"] == error.sum() and row["clusters"] == 399
    assert row["aurc"] == pytest.approx(abstain.aurc(msp(logits), error)) and row["p"] == row["best p"] == norm.p == 2
    assert row["repaired"] == pytest.approx(abstain.aurc(norm.score(logits), error))
    alone = abstain.risk_coverage_curve(msp(logits), error).aurc_interval()
    assert row["aurc interval"] != alone and row["aurc interval"][0] < row["aurc"] < row["aurc interval"][1]
    assert row["gain of best p"]["estimate"] == pytest.approx(row["aurc"] - row["repaired"])
    assert row["gain of best p"]["low"] > 0 and row["diagnosis"] == "looks smoothed"


def test_a_model_replaces_what_was_said_of_it_before_and_the_table_has_a_row_for_each(others, tmp_path, monkeypatch):
    monkeypatch.setattr(others, "KEPT", tmp_path / "others.json")
    assert others.kept() == []
    row = {
        "samples": 1234,
        "error": 0.02,
        "error interval": None,
        "aurc": 0.003,
        "aurc interval": [0.001, 0.004],
        "p": None,
        "best p": 3.0,
        "repaired": 0.003,
        "gain of best p": {"estimate": -0.001, "low": -0.002, "high": 0.0005},
        "diagnosis": "does not look smoothed",
    }
    others.keep("b", "there", row)
    others.keep("a", "here", row)
    others.keep("b", "there", row | {"p": 4.0, "repaired": 0.002})
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in others.table(others.kept()).splitlines()]
    assert table[0] == list(others.COLUMNS) and len(table) == 4
    verdict = "does not look smoothed"
    gain = "-0.100 [-0.200, +0.050]"
    assert table[2] == ["a", "1,234", "2.000", "0.300 [0.100, 0.400]", "0.300 (MSP)", "3", gain, verdict, "here"]
    assert table[3][4] == "0.200" and table[3][-1] == "there"
