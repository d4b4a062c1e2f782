import json
import os

import numpy as np
import pytest
from full_disk import full_disk

from abstain import InputError, RiskCoverageSketch, write_logits
from abstain._checks import ArgumentError
from abstain._files import check_folder, check_results_folder, no_empty_folders, whole_file, write_json, write_text


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
