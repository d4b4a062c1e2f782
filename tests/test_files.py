import json
import os

import numpy as np
import pytest
from full_disk import full_disk

from abstain import InputError, RiskCoverageSketch, write_logits
from abstain._checks import ArgumentError
from abstain._files import (
    as_path,
    check_folder,
    check_new_folder,
    check_output_file,
    check_output_folder,
    check_results_folder,
    ending_of,
    is_missing_file,
    no_empty_folders,
    whole_file,
    write_json,
    write_text,
)


def test_a_file_takes_its_place_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "folder" / "words.txt"
    with whole_file(path) as partial:
        partial.write_text("half")
        assert not path.exists() and partial.parent == path.parent
        assert str(os.getpid()) in partial.name, "no other process writes to it"
    assert path.read_text() == "half" and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [RuntimeError("mine"), KeyboardInterrupt()])
def test_an_error_in_the_block_goes_through_and_leaves_nothing(tmp_path, error):
    (tmp_path / "words.txt").write_text("old")
    with pytest.raises(type(error)), whole_file(tmp_path / "words.txt") as partial:
        partial.write_text("half")
        raise error
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("words.txt", "old")]


def write_sketch(path, seed):
    random = np.random.default_rng(seed)
    RiskCoverageSketch().update(random.normal(size=3000), np.zeros(3000)).save(path)


def write_split(path, seed):
    logits = np.random.default_rng(seed).normal(size=(1000, 3))
    write_logits(path.parent, path.stem, logits, np.zeros(1000, int))


WRITERS = {
    "values.json": lambda path, seed: write_json(path, {"values": [seed] * 4000}),
    "text.md": lambda path, seed: write_text(path, f"{seed}" * 4000),
    "sketch.npz": write_sketch,
    "logits.parquet": write_split,
}


@pytest.mark.parametrize("name", WRITERS)
def test_on_a_full_disk_the_old_file_stays_and_one_sentence_names_it(tmp_path, name):
    path, write = tmp_path / name, WRITERS[name]
    write(path, 1)
    old = path.read_bytes()
    with pytest.raises(InputError, match=rf"{name}' cannot be written: .*File too large") as caught, full_disk(2000):
        write(path, 2)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == old and list(tmp_path.iterdir()) == [path]
    write(path, 2)
    assert path.read_bytes() != old, "it would have been another"


def test_what_stands_in_the_way_is_said(tmp_path):
    path = write_json(tmp_path / "values.json", {"a": [1, 0.1]})
    with pytest.raises(InputError, match="cannot be written: File exists"):
        write_json(path / "deeper.json", {})
    with pytest.raises(InputError, match="cannot be written: it is a folder"):
        write_json(tmp_path, {})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"c": float("nan")})
    assert json.loads(path.read_text()) == {"a": [1, 0.1]}


def test_of_blocks_in_each_other_the_innermost_file_comes_first(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    with whole_file(first) as outer:
        outer.write_text("1")
        with whole_file(second) as inner:
            inner.write_text("2")
        assert second.exists() and not first.exists()
    with pytest.raises(InputError, match="second' cannot be written"), whole_file(first) as outer:
        outer.write_text("3")
        with full_disk(0), whole_file(second) as inner:
            inner.write_text("4")
    assert (first.read_text(), second.read_text()) == ("1", "2") and len(list(tmp_path.iterdir())) == 2


def test_a_folder_to_read_must_exist(tmp_path):
    assert check_folder(tmp_path, "the data folder") == tmp_path
    with pytest.raises(InputError, match=r"the data folder '.*missing' does not exist"):
        check_folder(tmp_path / "missing", "the data folder")


@pytest.mark.parametrize(
    ("name", "ending"), [("a/b.c.csv", ".csv"), ("b.CSV.GZ", ".CSV.GZ"), ("b.gz", ".gz"), ("b", "")]
)
def test_the_end_of_a_name(name, ending):
    assert ending_of(as_path(name)) == ending


def test_what_is_named_as_a_file_and_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here" / "folder.csv").mkdir(parents=True)
    (tmp_path / "here.csv").touch()
    missing = ["rows.csv", "ROWS.csv.gz", "model.onnx", "here/rows.csv", "/rows.csv", "no/such/rows.csv"]
    others = ["digits", "resnet.a1_in1k", "user/rows.csv", "here.csv", "here/folder.csv", "rows.gz"]
    assert [name for name in (*missing, *others) if is_missing_file(as_path(name))] == missing


def test_a_folder_with_results_is_written_to_only_when_asked(tmp_path):
    assert check_results_folder(tmp_path / "new" / "one", overwrite=False) == tmp_path / "new" / "one"
    assert not (tmp_path / "new").exists(), "what is refused later leaves no trace"
    (tmp_path / "report.md").touch()
    assert check_results_folder(tmp_path, overwrite=False) == tmp_path
    with pytest.raises(InputError, match=r"already holds results \(report\.md\)"):
        check_results_folder(tmp_path, overwrite=False, written=["report.md"])
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(InputError, match=r"already holds results \(results\.json\).*overwrite_output_dir=True"):
        check_results_folder(tmp_path, overwrite=False)
    assert check_results_folder(tmp_path, overwrite=True) == tmp_path
    with pytest.raises(InputError, match="is a file"):
        check_results_folder(tmp_path / "results.json", overwrite=True)
    with pytest.raises(ArgumentError, match=r"cannot be made: .*results.json' is a file: give another path"):
        check_results_folder(tmp_path / "results.json" / "below", overwrite=True)


@pytest.mark.parametrize("path", ["/proc/new", "/proc/new/deeper", "/proc"])
def test_a_folder_that_cannot_be_written_to_is_refused_though_its_mode_allows_it(path):
    verb = "written to" if path == "/proc" else "made"
    with pytest.raises(
        ArgumentError, match=rf"^the output folder '{path}' cannot be {verb} \(.+\): give another path$"
    ):
        check_output_folder(path)
    with pytest.raises(ArgumentError, match=rf"^the folder '{path}' of output= cannot be {verb} \(.+\): give another"):
        check_output_file(f"{path}/answers.csv", "output")


@pytest.mark.parametrize("name", ["new", "new/../other", "new/../../other", "."])
def test_a_folder_that_can_be_written_to_is_as_it_was_after_the_trial(tmp_path, name):
    (tmp_path / "a").mkdir()
    assert check_output_folder(tmp_path / "a" / name) == tmp_path / "a" / name
    assert check_new_folder(tmp_path / "a" / name) == tmp_path / "a" / name
    assert check_output_file(tmp_path / "a" / name / "b.csv", "output") == tmp_path / "a" / name / "b.csv"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a"]


def test_a_link_to_nothing_is_no_folder(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "missing")
    with pytest.raises(ArgumentError, match=r"the output folder '.*link' is a link to nothing: give another path"):
        check_output_folder(tmp_path / "link")
    with pytest.raises(ArgumentError, match=r"'.*below' cannot be made: '.*link' is a link to nothing: give another"):
        check_output_folder(tmp_path / "link" / "below")


def test_a_new_folder_holds_nothing(tmp_path):
    (tmp_path / "a.txt").touch()
    with pytest.raises(ArgumentError, match="is not empty, and nothing there is replaced: give another folder"):
        check_new_folder(tmp_path)
    with pytest.raises(ArgumentError, match=r"a\.txt' is a file: give another path"):
        check_new_folder(tmp_path / "a.txt")


def test_a_file_to_write_is_no_folder_and_below_none(tmp_path):
    with pytest.raises(ArgumentError, match=r"output is '.*', which is a folder: give the path of a file"):
        check_output_file(tmp_path, "output")
    (tmp_path / "a.txt").touch()
    with pytest.raises(ArgumentError, match=r"the folder '.*a\.txt' of output= is a file: give another path"):
        check_output_file(tmp_path / "a.txt" / "b.csv", "output")


def test_a_folder_for_a_file_that_is_not_written_is_gone_again(tmp_path):
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "new" / "one" / "a.txt"):
        raise ZeroDivisionError
    with pytest.raises(InputError, match="cannot be written"), full_disk(3):
        write_text(tmp_path / "new" / "a.txt", "longer")
    assert not list(tmp_path.iterdir())
    with no_empty_folders(tmp_path / "kept" / "empty"):
        (tmp_path / "kept" / "empty").mkdir(parents=True)
        (tmp_path / "kept" / "a.txt").touch()
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["a.txt"]
