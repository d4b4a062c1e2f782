import json
from pathlib import Path

import pytest
from full_disk import full_disk
from matplotlib.figure import Figure
from PIL import Image

from abstain import InputError, evaluate_logits
from abstain.report.folder import write_report, write_results

NAMES = {"results.json", "report.md", "risk_coverage.png"}


@pytest.fixture
def panels(logits_and_labels):
    return {"data": {"model": evaluate_logits(*logits_and_labels)}}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_folder_holds_text_numbers_and_a_figure(tmp_path, panels):
    folder = tmp_path / "new"
    write_report(folder, title="Mine", text="| a |", panels=panels, results={"a": 1})
    assert set(contents(folder)) == NAMES
    assert json.loads((folder / "results.json").read_text()) == {"a": 1}
    report = (folder / "report.md").read_text()
    assert report == "# Mine\n\n| a |\n\n![Risk and coverage](risk_coverage.png)\n"
    with Image.open(folder / "risk_coverage.png") as figure:
        assert figure.format == "PNG" and figure.width > 500


def test_without_curves_there_is_no_figure_nor_an_old_one(tmp_path, panels):
    write_report(tmp_path, title="Old", text="old", panels=panels, results={"a": 1})
    write_report(tmp_path, title="New", text="new", results={"a": 2})
    assert set(contents(tmp_path)) == {"results.json", "report.md"}
    assert (tmp_path / "report.md").read_text() == "# New\n\nnew\n"


# The figure takes some 30,000 bytes, the numbers and the text as many as each case gives them.
LONG = "long " * 3000
FULL = {
    "results.json": (2000, {"a": LONG}, "text"),
    "risk_coverage.png": (2000, {"a": 2}, "text"),
    "report.md": (100_000, {"a": 2}, 10 * LONG),
}


@pytest.mark.parametrize("name", FULL)
def test_a_disk_that_is_full_leaves_the_old_report_whole(tmp_path, panels, name):
    write_report(tmp_path, title="Old", text="old", panels=panels, results={"a": 1})
    old = contents(tmp_path)
    longest, results, text = FULL[name]
    with pytest.raises(InputError, match=rf"{name}' cannot be written: ") as caught, full_disk(longest):
        write_report(tmp_path, title="New", text=text, panels=panels, results=results)
    assert "\n" not in str(caught.value)
    assert contents(tmp_path) == old


def test_results_never_stand_beside_the_files_of_another_run(tmp_path, panels, monkeypatch):
    write_report(tmp_path, title="Old", text="old", panels=panels, results={"run": "old"})
    old, seen = contents(tmp_path), []
    replace = Path.replace

    def watched(path, target):
        moved = replace(path, target)
        seen.append(contents(tmp_path))
        return moved

    monkeypatch.setattr(Path, "replace", watched)  # the real one, after which a reader has a look
    write_report(tmp_path, title="New", text="new", panels={"other": panels["data"]}, results={"run": "new"})
    *before, last = seen
    assert len(before) == 2 and not any("results.json" in files for files in before)
    assert set(last) == NAMES and not any(last[name] == old[name] for name in NAMES)


def test_what_is_not_json_is_refused_before_anything_is_written(tmp_path, panels):
    with pytest.raises(ValueError, match="JSON"):
        write_report(tmp_path, title="", text="", panels=panels, results={"a": float("nan")})
    assert not contents(tmp_path)


def test_a_folder_in_the_way_of_the_report_is_said_and_the_results_stay(tmp_path):
    write_results(tmp_path, {"a": 1})
    (tmp_path / "report.md").mkdir()
    with pytest.raises(InputError, match=r"report\.md' cannot be written: it is a folder"):
        write_report(tmp_path, title="", text="", results={"a": 2})
    assert json.loads((tmp_path / "results.json").read_text()) == {"a": 1}


def test_a_figure_that_cannot_be_drawn_leaves_the_old_report(tmp_path, panels, monkeypatch):
    write_report(tmp_path, title="Old", text="old", panels=panels, results={"a": 1})
    old = contents(tmp_path)

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(Figure, "savefig", interrupted)  # Ctrl-C in the middle
    with pytest.raises(KeyboardInterrupt):
        write_report(tmp_path, title="New", text="new", panels=panels, results={"a": 2})
    assert contents(tmp_path) == old
