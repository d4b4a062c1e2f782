import json

import pytest

from abstain import InputError
from abstain.cli.drawing import FILES, Drawing, write_files


def test_the_summary_comes_last_and_other_figures_go(tmp_path):
    assert "rank_maps.svg" in FILES and "accepted_by_source.md" in FILES
    (tmp_path / "repair.pdf").write_bytes(b"old")
    (tmp_path / "mine.txt").write_text("kept")
    write_files(tmp_path, {"max_logit.png": b"new"}, {"left_out": []})
    assert {path.name for path in tmp_path.iterdir()} == {"mine.txt", "max_logit.png", "figures.json"}
    with pytest.raises(ValueError, match="JSON compliant"):
        write_files(tmp_path, {"max_logit.png": b"newer"}, {"x": float("nan")})
    assert (tmp_path / "max_logit.png").read_bytes() == b"new"
    assert json.loads((tmp_path / "figures.json").read_text()) == {"left_out": []}


def test_a_reason_of_all_runs_is_said_once():
    drawing = Drawing({}, runs={"a": {}, "b": {}})
    drawing.reasons = {"x": {"a": "no logits", "b": "no logits"}, "y": {"b": "two classes"}}
    assert drawing.left_out == ["x is left out: no logits", "y is without b: two classes"]
    with pytest.raises(InputError, match="nothing can be drawn: x is left out: no logits; y is"):
        drawing.draw({}, ["png"])
