import json

import numpy as np
import pytest


@pytest.fixture(scope="module")
def docs(program):
    return program("shift")


@pytest.fixture(scope="module")
def kept(root):
    return json.loads((root / "docs" / "shift.json").read_text(encoding="utf-8"))


def test_every_cell_was_measured(docs, kept):
    for name in (docs.CE, docs.LS):
        assert len({docs.key(cell) for cell in kept[name]}) == 1 + 5 * 5
        assert all(cell["wrong"] <= cell["accepted"] <= docs.IMAGES for cell in kept[name])
    found = {(row["score"], row["coverage"], row["severity"]) for row in kept["differences"]}
    assert len(found) == len(kept["differences"]) == len(docs.SCORES) * len(docs.COVERAGES) * 6


def test_of_all_images_the_risk_is_the_mean_error_of_a_severity(docs, kept):
    for severity in range(6):
        errors = {n: np.mean([c["error"] for c in kept[n] if c["severity"] == severity]) for n in (docs.CE, docs.LS)}
        (row,) = (
            row
            for row in kept["differences"]
            if (row["score"], row["coverage"], row["severity"]) == ("MSP", 1.0, severity)
        )
        assert row["difference"] == pytest.approx(errors[docs.LS] - errors[docs.CE])


def test_a_cell_is_told_by_its_areas_and_threshold(docs):
    error = np.array([0.0, 1, 0, 0])
    cell = docs.of_cell({"MSP": np.array([4.0, 3, 2, 1]), "repaired": np.array([4.0, 1, 3, 2])}, error, 2.0)
    assert (cell["accepted"], cell["wrong"], cell["p"]) == (3, 0, 1)
    assert cell["aurc MSP"] == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert cell["gain"] == pytest.approx((1 / 2 + 1 / 3) / 4)


def test_cells_fail_beyond_chance_after_correction(docs):
    cells = [{"severity": place and 1, "p": p} for place, p in enumerate([1e-9, 0.03, 0.02, 0.5])]
    assert list(docs.failing(cells)) == []
    cells[2]["p"] = 0.01
    assert list(docs.failing(cells)) == [cells[2]]


def test_signs_are_told_by_intervals(docs):
    rows = [{"severity": place, "interval": ends} for place, ends in enumerate([(0.1, 0.2), (-0.1, 0.1), (-0.2, -0.1)])]
    assert docs.signs(rows, "interval", "It is") == "It is above zero at severity 0 and below zero at severity 2"
    assert docs.signs(rows[1:2], "interval", "It is") == "It is not told from zero at any severity"
