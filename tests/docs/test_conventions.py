import json
import sys

import numpy as np
import pytest

import abstain

UNTIED = ["1 of 5 wrong, the first", "N = 50", "N = 10,000", "N = 10,000, first wrong", "1 of 100 wrong, the first"]
TIED = ["all tied, order 1", "all tied, order 2", "all tied, order 3"]
ROUNDED = ["float32 softmax", "float32 softmax, reversed"]
PEER = "torch-uncertainty"


@pytest.fixture(scope="module")
def docs(program):
    return program("conventions")


@pytest.fixture(scope="module")
def values(root):
    return json.loads((root / "docs" / "conventions.json").read_text(encoding="utf-8"))["values"]


def column(values, quantity, name, cases):
    return [values[quantity][case][name] for case in cases]


@pytest.mark.parametrize("file", ["conventions.json", "conventions.md"])
def test_a_stale_file_is_noticed(root, docs, tmp_path, monkeypatch, file):
    for name in ("conventions.json", "conventions.md"):
        text = (root / "docs" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("0.4366", "0.4367") if name == file else text, encoding="utf-8")
    monkeypatch.setattr(docs, "FOLDER", tmp_path)
    monkeypatch.setattr(sys, "argv", ["conventions.py", "--check"])
    with pytest.raises(SystemExit, match="out of date"):
        docs.main()


def test_the_hand_case_has_the_values_worked_out_by_hand(values):
    # R = 1, 1/2, 1/3, 1/4, 1/5 sum to 2.28333; the trapezoid from 1/5 to 1 is (2.28333 - (1 + 1/5) / 2) / 5 = 0.336667.
    # Over its width 4/5 that is 0.420833, with a flat first fifth 0.336667 + 1/5, from (0, 0) 0.336667 + 1/10.
    row = values["AURC"]["1 of 5 wrong, the first"]
    assert row["abstain"] == row["mean of R(i)"] == pytest.approx(0.456667, abs=5e-7)
    assert row["abstain, trapezoid"] == row["from (0, 0)"] == pytest.approx(0.436667, abs=5e-7)
    assert row[PEER] == pytest.approx(0.421, abs=5e-4)
    assert row["FD-Shifts ÷ 1000"] == pytest.approx(0.537, abs=5e-4)


@pytest.mark.parametrize(
    ("quantity", "peer", "ours", "cases"),
    [
        ("AURC", "mean of R(i)", "abstain", [*UNTIED, "its log-odds"]),
        ("AURC", "from (0, 0)", "abstain, trapezoid", [*UNTIED, "its log-odds"]),
        ("AUGRC", "FD-Shifts ÷ 1000", "abstain", [*UNTIED, *TIED, *ROUNDED]),
        ("Coverage at risk 5 %", PEER, "abstain", [*UNTIED[1:], "its log-odds"]),
        ("Risk at coverage 55 %", PEER, "abstain", [*UNTIED[:4], "its log-odds"]),
    ],
)
def test_ours_equals_a_peer_where_the_document_says_so(values, quantity, peer, ours, cases):
    expected = column(values, quantity, ours, cases)
    assert column(values, quantity, peer, cases) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("case", UNTIED)
def test_the_other_conventions_follow_from_ours_where_no_scores_tie(docs, values, case):
    curve = abstain.risk_coverage_curve(*docs.inputs()[case])
    n, first, risk = curve.n_samples, curve.risk[0], curve.risk[-1]
    aurc, augrc = values["AURC"][case], values["AUGRC"][case]
    assert aurc["FD-Shifts ÷ 1000"] == pytest.approx(curve.aurc() + (first - risk) / (2 * n), rel=1e-12)
    # torch-uncertainty holds coverage in float32.
    assert aurc[PEER] == pytest.approx((curve.aurc() - (first + risk) / (2 * n)) * n / (n - 1), rel=1e-6)
    assert augrc[PEER] == pytest.approx((curve.augrc() - first / (2 * n**2)) * n / (n - 1), rel=1e-6)
    assert augrc["mean of i·R(i)/N"] == pytest.approx(curve.augrc() + risk / (2 * n), rel=1e-12)


@pytest.mark.parametrize("cases", [TIED, ROUNDED])
@pytest.mark.parametrize(
    ("quantity", "by_row_order"),
    [
        ("AURC", ["mean of R(i)", "from (0, 0)", "Geifman's code", PEER]),
        ("AUGRC", ["mean of i·R(i)/N", PEER]),
        ("Coverage at risk 5 %", ["first crossing", PEER]),
        ("Risk at coverage 55 %", ["int(N·coverage)"]),
    ],
)
def test_a_permutation_of_ties_changes_peers_but_not_ours(values, quantity, by_row_order, cases):
    assert len(set(column(values, quantity, "abstain", cases))) == 1
    for name in by_row_order:
        assert len(set(column(values, quantity, name, cases))) == len(cases), name


def test_coverage_at_risk_is_1_where_one_of_100_is_wrong_and_first(values):
    row = values["Coverage at risk 5 %"]["1 of 100 wrong, the first"]
    assert row == {"abstain": 1.0, PEER: 1.0, "unflipped": None, "first crossing": 0.0}


def test_rounding_to_float32_hides_a_coverage_that_log_odds_reach(values):
    row = values["Coverage at risk 5 %"]
    assert row["float32 softmax"]["abstain"] == 0.0
    assert row["its log-odds"]["abstain"] > 0.4


def test_torch_uncertainty_computes_the_formula_that_restates_it(docs, values):
    for case in [*UNTIED, "its log-odds"]:
        confidence, error = docs.inputs()[case]
        aurc = docs.peers.renormalized_aurc(confidence, error)
        augrc = docs.peers.renormalized_augrc(confidence, error)
        assert (values["AURC"][case][PEER], values["AUGRC"][case][PEER]) == pytest.approx((aurc, augrc), rel=1e-6)


def test_torch_uncertainty_still_says_what_is_stored(docs, values):
    if docs.peers.torch_uncertainty is None:
        pytest.skip("needs torch-uncertainty; its columns of docs/conventions.md are those of docs/conventions.json")
    measured = docs.measure({})
    for quantity, rows in values.items():
        for case in UNTIED:
            expected = np.nan if rows[case][PEER] is None else rows[case][PEER]
            found = measured[quantity][case][PEER]
            assert (np.nan if found is None else found) == pytest.approx(expected, rel=1e-9, nan_ok=True)
